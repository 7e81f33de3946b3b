import { isIP } from 'node:net';
import { FerryError } from '../../../model/errors.ts';
import type { CredentialSource, Surroundings } from './credentials.ts';
import { ask, parseCredentials } from './json.ts';

/** Address of the ECS agent, for relative URIs. */
const ECS = 'http://169.254.170.2';
/** Hosts that may be asked without TLS: ECS, EKS, and this machine. */
const LOCAL: ReadonlySet<string> = new Set(['169.254.170.2', '169.254.170.23', '[fd00:ec2::23]', '[::1]', 'localhost']);

/**
 * Credentials of an ECS task, EKS pod or Greengrass component: `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` or
 * `…_FULL_URI`, with `AWS_CONTAINER_AUTHORIZATION_TOKEN` or `…_TOKEN_FILE`.
 * Source: "Container credential provider", AWS SDKs reference guide.
 */
export function containerSource(around: Surroundings): CredentialSource {
  const { env, http } = around;
  const name = 'container (AWS_CONTAINER_CREDENTIALS_…)';
  return {
    name,
    async load(signal) {
      const relative = env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'];
      const full = env['AWS_CONTAINER_CREDENTIALS_FULL_URI'];
      if (!relative && !full) return undefined;
      const url = relative ? new URL(relative, ECS) : trusted(full!);
      const token = await authorization(around);
      const headers = ['accept', 'application/json', ...(token === undefined ? [] : ['authorization', token])];
      const answer = await ask(http, 'GET', url, headers, signal);
      if (answer === undefined || answer.status !== 200) {
        const status = answer === undefined ? 'did not answer' : `answered with status ${answer.status}`;
        throw new FerryError('no-credentials', { message: `the credential service of the container ${status}` });
      }
      return parseCredentials(answer.text, name);
    },
  };
}

async function authorization({ env, readFile }: Surroundings): Promise<string | undefined> {
  const file = env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'];
  if (!file) return env['AWS_CONTAINER_AUTHORIZATION_TOKEN'] || undefined;
  const token = await readFile(file);
  if (token !== undefined) return token.trim();
  throw new FerryError('no-credentials', { message: `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: there is no ${file}` });
}

/** A token is sent there, so without TLS only hosts that cannot be anywhere else are asked. */
function trusted(text: string): URL {
  let url: URL | undefined;
  try {
    url = new URL(text);
  } catch {
    url = undefined;
  }
  const loopback = url !== undefined && isIP(url.hostname) === 4 && url.hostname.startsWith('127.');
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && (loopback || LOCAL.has(url.hostname)))) return url;
  throw new FerryError('configuration', {
    message: 'AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor a host of this machine',
  });
}
