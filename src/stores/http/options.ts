import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { FerryError } from '../../model/errors.ts';
import { Secret } from '../../model/secret.ts';
import type { Origin } from '../../wire/http/client.ts';

const seconds = (what: string): z.ZodDefault<z.ZodNumber> =>
  z.number().positive().max(86_400).default(30).describe(`Seconds ${what} may make no progress.`);

/** Options of an `http` endpoint. */
export const httpOptions = z.strictObject({
  urls: z.array(z.string().min(1)).min(1).optional().describe('The URLs. Give these or `list_path`.'),
  list_path: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Text file with one URL a line; the key it is to have may follow after a tab or blanks. UTF-8; LF or CRLF; blank lines do not count.',
    ),
  base_url: z
    .string()
    .optional()
    .describe(
      'What URLs without scheme and host are relative to. End it with `/` unless its last part is to be replaced. Without a list of URLs, the origin of a mirror: keys are put behind it.',
    ),
  keys: z
    .enum(['auto', 'path', 'host'])
    .default('auto')
    .describe(
      'Keys of URLs that give none. `path`: the path, decoded, without the leading `/` and the query. `host`: the same after the host and a `/`. `auto`: `host` where there are several hosts, else `path`.',
    ),
  headers: z
    .record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/), z.string())
    .default({})
    .describe('Header fields sent with each request, but not to other hosts a redirect leads to.'),
  bearer_token: z.string().min(1).optional().describe('Token for `Authorization: Bearer`.'),
  username: z.string().optional().describe('User name for basic authentication.'),
  password: z.string().optional().describe('Password for basic authentication.'),
  ca_file: z.string().optional().describe("PEM file of authorities to trust besides the system's."),
  insecure_skip_verify: z.boolean().default(false).describe('Accept any certificate. For tests only.'),
  proxy: z.string().optional().describe('http://user:password@host:port of a proxy for this endpoint.'),
  follow_redirects: z
    .int()
    .min(0)
    .max(20)
    .default(5)
    .describe('Redirects followed for one request. Never from https to http.'),
  allow_private: z
    .boolean()
    .default(false)
    .describe('Follow redirects from one host to a private, loopback or link-local address of another.'),
  public_only: z
    .boolean()
    .default(false)
    .describe(
      'Ask no private, loopback or link-local address, whoever names it: for lists that others write. Addresses are looked at when connecting.',
    ),
  timeout_config: z
    .strictObject({
      connect_timeout: seconds('connecting'),
      read_timeout: seconds('reading'),
      write_timeout: seconds('writing'),
    })
    .prefault({})
    .describe('How long no progress is accepted.'),
});

export const SECRETS: readonly string[] = ['bearer_token', 'password', 'proxy'];

/** Options as the store uses them. */
export interface HttpSettings {
  readonly urls: readonly string[] | undefined;
  readonly listPath: string | undefined;
  readonly baseUrl: URL | undefined;
  readonly keys: 'auto' | 'path' | 'host';
  /** Names and values in turn; sent to the origins listed, not to others. */
  readonly headers: readonly string[];
  readonly connection: Pick<Origin, 'tls' | 'proxy' | 'timeouts'>;
  readonly redirects: number;
  readonly allowPrivate: boolean;
  readonly publicOnly: boolean;
}

export async function settle(values: Readonly<Record<string, unknown>>): Promise<HttpSettings> {
  const parsed = httpOptions.safeParse(revealed(values));
  if (!parsed.success) throw wrong(z.prettifyError(parsed.error));
  const options = parsed.data;
  if (options.urls !== undefined && options.list_path !== undefined)
    throw wrong('an `http` endpoint has either `urls` or `list_path`');
  if (options.urls === undefined && options.list_path === undefined && options.base_url === undefined)
    throw wrong('an `http` endpoint needs `urls`, `list_path`, or as the origin of a mirror `base_url`');
  if (options.bearer_token !== undefined && options.username !== undefined)
    throw wrong('give either `bearer_token` or `username` and `password`');
  const { connect_timeout: connect, read_timeout: read, write_timeout: write } = options.timeout_config;
  return {
    urls: options.urls,
    listPath: options.list_path,
    baseUrl: options.base_url === undefined ? undefined : baseUrl(options.base_url),
    keys: options.keys,
    headers: headersOf(options),
    connection: {
      tls: {
        insecure: options.insecure_skip_verify,
        ca: options.ca_file === undefined ? undefined : await readAuthority(options.ca_file),
      },
      proxy: options.proxy,
      timeouts: { connect: connect * 1000, read: read * 1000, write: write * 1000 },
    },
    redirects: options.follow_redirects,
    allowPrivate: options.allow_private,
    publicOnly: options.public_only,
  };
}

function headersOf(options: z.output<typeof httpOptions>): string[] {
  const headers = Object.entries(options.headers).flat();
  if (options.bearer_token !== undefined) headers.push('Authorization', `Bearer ${options.bearer_token}`);
  if (options.username !== undefined) {
    const credentials = Buffer.from(`${options.username}:${options.password ?? ''}`).toString('base64');
    headers.push('Authorization', `Basic ${credentials}`);
  }
  return headers;
}

function baseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && (url.protocol === 'http:' || url.protocol === 'https:') && url.username === '' && url.password === '')
    return url;
  throw wrong('`base_url` must be an http or https URL without user name and password');
}

async function readAuthority(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    throw new FerryError('configuration', { message: `\`ca_file\`: ${path} cannot be read`, cause: thrown });
  }
}

function revealed(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(values);
  return Object.fromEntries(entries.map(([name, value]) => [name, value instanceof Secret ? value.reveal() : value]));
}

function wrong(message: string): FerryError {
  return new FerryError('configuration', { message });
}
