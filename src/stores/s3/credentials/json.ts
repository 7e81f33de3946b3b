/** Requests to the metadata services of containers and instances. */
import * as z from 'zod';
import { FerryError, isFerryError } from '../../../model/errors.ts';
import type { HttpClient, Origin } from '../../../wire/http/client.ts';
import type { Credentials } from './credentials.ts';

/** These services are on the same machine or next to it: who does not answer at once is not there. */
const TIMEOUTS = { connect: 1000, read: 2000, write: 1000 } as const;
const MAX_ANSWER = 64 * 1024;

export interface MetadataAnswer {
  readonly status: number;
  readonly text: string;
}

/** Undefined where nothing answers at that address. */
export async function ask(
  http: HttpClient,
  method: string,
  url: URL,
  headers: readonly string[],
  signal: AbortSignal | undefined,
): Promise<MetadataAnswer | undefined> {
  const origin: Origin = { ...originOf(url), timeouts: TIMEOUTS };
  const limit = AbortSignal.timeout(5000);
  try {
    const response = await http.request(
      origin,
      { method, target: url.pathname + url.search, headers },
      signal === undefined ? limit : AbortSignal.any([signal, limit]),
    );
    const text = (await response.body.bytes(MAX_ANSWER)).toString('utf8');
    return { status: response.status, text };
  } catch (error) {
    signal?.throwIfAborted();
    if (isFerryError(error) && (error.kind === 'network' || error.kind === 'interrupted')) return undefined;
    throw error;
  }
}

export function originOf(url: URL): Origin {
  const secure = url.protocol === 'https:';
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  return { secure, host, port: url.port === '' ? (secure ? 443 : 80) : Number(url.port) };
}

/** `{"AccessKeyId": …, "SecretAccessKey": …, "Token": …, "Expiration": …}` as both services answer it. */
export function parseCredentials(text: string, source: string): Credentials {
  try {
    const { AccessKeyId, SecretAccessKey, Token, Expiration } = answer.parse(JSON.parse(text));
    const expires = Expiration === undefined ? undefined : Date.parse(Expiration);
    return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token, expires };
  } catch (error) {
    throw new FerryError('no-credentials', {
      message: `${source} answered something that is not credentials`,
      cause: error,
    });
  }
}

const answer = z.object({
  AccessKeyId: z.string().min(1),
  SecretAccessKey: z.string().min(1),
  Token: z.string().min(1).optional(),
  Expiration: z.iso.datetime({ offset: true }).optional(),
});
