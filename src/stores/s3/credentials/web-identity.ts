import { FerryError } from '../../../model/errors.ts';
import type { Credentials, CredentialSource, Surroundings } from './credentials.ts';
import { assumeRoleWithToken, type Role } from './sts.ts';

/**
 * `AWS_WEB_IDENTITY_TOKEN_FILE` with `AWS_ROLE_ARN`, and `AWS_ROLE_SESSION_NAME` if one likes: service accounts of EKS.
 * Source: "Assume role credential provider", AWS SDKs reference guide.
 */
export function webIdentitySource(around: Surroundings): CredentialSource {
  const { env } = around;
  return {
    name: 'web identity (AWS_WEB_IDENTITY_TOKEN_FILE)',
    async load(signal) {
      const file = env['AWS_WEB_IDENTITY_TOKEN_FILE'];
      if (!file) return undefined;
      const arn = env['AWS_ROLE_ARN'];
      if (!arn) {
        throw new FerryError('configuration', {
          message: 'AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is not',
          remedy: 'Set both, or neither.',
        });
      }
      const role = { arn, sessionName: env['AWS_ROLE_SESSION_NAME'] || undefined, region: undefined };
      return await webIdentityCredentials(role, file, around, signal);
    },
  };
}

/** The token is read each time: whoever issues it puts a new one there before the old one expires. */
export async function webIdentityCredentials(
  role: Role,
  file: string,
  around: Surroundings,
  signal: AbortSignal | undefined,
): Promise<Credentials> {
  const token = (await around.readFile(file))?.trim();
  if (!token) {
    throw new FerryError('no-credentials', {
      message: `there is no token in ${file}`,
      remedy: 'Check the path of the web identity token, and that its volume is mounted.',
    });
  }
  return await assumeRoleWithToken(role, token, around, signal);
}
