/** Requests signed by hand, so that each can be wrong in one thing. */
import { hash } from 'node:crypto';
import type { HttpHeaders } from '../../../src/wire/http/client.ts';
import { SocketHttpClient } from '../../../src/wire/http/socket-client.ts';
import { EMPTY_SHA256 } from '../../../src/wire/sigv4/canonical.ts';
import { canonicalQuery } from '../../../src/wire/sigv4/encode.ts';
import { SigV4Signer } from '../../../src/wire/sigv4/signer.ts';
import { ALICE, REGION, type Serving } from './serving.ts';

export interface SignedOptions {
  readonly method?: string;
  /** Encoded. */
  readonly path?: string;
  readonly query?: readonly (readonly [string, string])[];
  readonly headers?: readonly string[];
  /** Added after signing. */
  readonly unsigned?: readonly string[];
  readonly body?: Uint8Array;
  /** Sent in place of the body that was signed. */
  readonly instead?: Uint8Array;
  readonly payload?: string;
  readonly host?: string;
  readonly region?: string;
  readonly secret?: string;
  readonly accessKey?: string;
  readonly now?: number;
  /** Gives the body once the request is signed. */
  readonly chunks?: ((signer: SigV4Signer, signed: readonly string[]) => Promise<Uint8Array>) | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly text: string;
  /** Of an error document. */
  readonly code: string | undefined;
}

export function signerOf(options: SignedOptions = {}): SigV4Signer {
  return new SigV4Signer({
    accessKeyId: options.accessKey ?? ALICE.accessKeyId,
    secretAccessKey: options.secret ?? ALICE.secretAccessKey.reveal(),
    region: options.region ?? REGION,
    service: 's3',
  });
}

export async function signed(serving: Serving, options: SignedOptions): Promise<Answer> {
  const { method = 'GET', path = '/', query = [], headers = [], unsigned = [] } = options;
  const host = options.host ?? `127.0.0.1:${serving.server.port}`;
  const payloadHash =
    options.payload ?? (options.body === undefined ? EMPTY_SHA256 : hash('sha256', options.body, 'hex'));
  const signer = signerOf(options);
  const all = ['Host', host, ...headers];
  const text = canonicalQuery(query);
  const added = signer.sign({ method, path, query: text, headers: all, payloadHash, now: options.now ?? Date.now() });
  const body = (await options.chunks?.(signer, added)) ?? options.instead ?? options.body;
  return await raw(serving, {
    method,
    target: text === '' ? path : `${path}?${text}`,
    headers: [...all, ...added, ...unsigned],
    body,
  });
}

export async function raw(
  serving: Serving,
  request: { method: string; target: string; headers?: readonly string[]; body?: Uint8Array | undefined },
): Promise<Answer> {
  await using client = new SocketHttpClient();
  const origin = { secure: false, host: '127.0.0.1', port: serving.server.port };
  const { status, headers, body } = await client.request(origin, { headers: [], ...request });
  const text = (await body.bytes(2 ** 24)).toString('utf8');
  return { status, headers, text, code: /<Code>(.*?)<\/Code>/.exec(text)?.[1] };
}
