/** Lists of URLs that are given by reference. */
import { open, realpath } from 'node:fs/promises';
import { isAbsolute, join, sep } from 'node:path';
import { FerryError, isFerryError } from '../../model/errors.ts';
import { KiB } from '../../model/units.ts';
import type { JobsSpec } from '../../model/control.ts';
import type { HttpClient } from '../../wire/http/client.ts';
import { Problem } from '../api/problem.ts';
import { linesOf, type ListFile } from './list-file.ts';

export interface ListSources {
  readonly spec: Pick<JobsSpec, 'lists' | 'maxUrl' | 'maxBody'>;
  /** Goes to public addresses only, unless private ones are allowed. */
  readonly client: HttpClient;
  readonly signal: AbortSignal;
}

const POINTER = '#/origin-files/href';
/** No progress for so long, milliseconds. */
const PATIENCE = 30_000;
/** Bytes that have to come meanwhile. */
const LEAST = 120 * KiB;

/** Adds the URLs of the list at `href` to the list of a job. Throws `invalid-request`, or `BadUrl` with the line's number. */
export async function fetchList({ spec, client, signal }: ListSources, href: string, list: ListFile): Promise<void> {
  const limits = { longest: spec.maxUrl, most: spec.maxBody };
  try {
    const chunks = /^https?:\/\//i.test(href) ? await fetched(client, href, signal) : await read(spec.lists, href);
    for await (const line of linesOf(chunks, limits)) await list.add(line);
  } catch (thrown) {
    if (!isFerryError(thrown)) throw thrown;
    throw refused(thrown.message, thrown);
  }
}

async function fetched(client: HttpClient, href: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  if (!URL.canParse(href)) throw refused('is no URL');
  const url = new URL(href);
  if (url.username !== '' || url.password !== '') throw refused('has credentials in it');
  const secure = url.protocol === 'https:';
  const origin = {
    secure,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    timeouts: { connect: PATIENCE, read: PATIENCE },
  };
  const request = { method: 'GET', target: url.pathname + url.search, headers: ['Accept', 'text/plain, */*'] };
  const { status, body } = await client.request(origin, request, signal);
  if (status === 200) return paced(body);
  body.cancel();
  throw refused(`answers ${status}, not 200`);
}

/** Throws `timeout` where less comes in `PATIENCE` than a list is worth waiting for. */
async function* paced(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let since = performance.now();
  let bytes = 0;
  for await (const chunk of chunks) {
    yield chunk;
    bytes += chunk.byteLength;
    if (performance.now() - since < PATIENCE) continue;
    if (bytes < LEAST)
      throw new FerryError('timeout', { message: `sends fewer than ${LEAST} bytes in ${PATIENCE / 1000} s` });
    since = performance.now();
    bytes = 0;
  }
}

/** A file below the directory of lists, wherever links lead. */
async function read(lists: string | undefined, path: string): Promise<AsyncIterable<Uint8Array>> {
  if (lists === undefined) throw refused('is no http or https URL, and files of the server are not allowed here');
  const place = await resolved(isAbsolute(path) ? path : join(lists, path));
  const root = await resolved(lists);
  if (place === undefined || root === undefined || !place.startsWith(root + sep))
    throw refused('is no file in the directory of lists');
  const handle = await open(place, 'r');
  if (!(await handle.stat()).isFile()) {
    await handle.close();
    throw refused('is no file in the directory of lists');
  }
  return handle.createReadStream();
}

async function resolved(path: string): Promise<string | undefined> {
  return await realpath(path).catch(() => undefined);
}

function refused(detail: string, cause?: FerryError): Problem {
  return new Problem('invalid-request', { faults: [{ pointer: POINTER, detail }], cause });
}
