import { FerryError } from '../../../model/errors.ts';
import type { CredentialSource, Surroundings } from './credentials.ts';
import { ask, parseCredentials } from './json.ts';

const DEFAULT_ENDPOINT = 'http://169.254.169.254';
const ROLES = '/latest/meta-data/iam/security-credentials/';
const TOKEN_SECONDS = '21600';

/**
 * Credentials of the role of an EC2 instance by its metadata service, version 2 only: version 1 can be reached through
 * careless proxies. `AWS_EC2_METADATA_DISABLED=true` leaves it out.
 * Source: "Use the Instance Metadata Service", Amazon EC2 user guide.
 */
export function instanceSource({ env, http }: Surroundings): CredentialSource {
  const name = 'instance metadata (IMDSv2)';
  return {
    name,
    async load(signal) {
      if (env['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true') return undefined;
      const base = env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] || DEFAULT_ENDPOINT;
      const asking = ['x-aws-ec2-metadata-token-ttl-seconds', TOKEN_SECONDS];
      const token = await ask(http, 'PUT', new URL('/latest/api/token', base), asking, signal);
      if (token === undefined || token.status !== 200) return undefined;

      const headers = ['x-aws-ec2-metadata-token', token.text];
      const roles = await ask(http, 'GET', new URL(ROLES, base), headers, signal);
      const role = roles?.status === 200 ? roles.text.split('\n', 1)[0]!.trim() : '';
      if (role === '') return undefined;
      const answer = await ask(http, 'GET', new URL(ROLES + encodeURIComponent(role), base), headers, signal);
      if (answer?.status !== 200) {
        throw new FerryError('no-credentials', { message: `the instance metadata service has none for role ${role}` });
      }
      return parseCredentials(answer.text, name);
    },
  };
}
