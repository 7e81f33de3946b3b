/** Where a body ends and whether the connection goes on (RFC 9112 sections 6 and 9), for answers and requests. */
import { bad, type Subject } from './head-scanner.ts';
import type { HeaderBlock } from './headers.ts';

/** In place of a length that is not known in advance. */
export const CHUNKED = -1;
export const UNTIL_CLOSE = -2;

/**
 * The length of the body by its header, `CHUNKED`, or undefined where it says nothing. Refused with `bad-response`:
 * Content-Length beside Transfer-Encoding, lengths that differ or are no plain number, codings other than `chunked`.
 */
export function declaredLength(subject: Subject, headers: HeaderBlock): number | undefined {
  const length = contentLength(subject, headers);
  if (headers.get('transfer-encoding') === undefined) return length;
  if (length !== undefined) throw bad(subject, 'both Content-Length and Transfer-Encoding');
  if (headers.all('transfer-encoding').join().toLowerCase() !== 'chunked')
    throw bad(subject, 'a transfer coding other than chunked');
  return CHUNKED;
}

/** Whether the sender goes on listening; `minor` is that of the HTTP version. */
export function keepsAlive(minor: number, headers: HeaderBlock): boolean {
  if (minor === 1 && headers.get('connection') === undefined) return true;
  const options = headers
    .all('connection')
    .join()
    .toLowerCase()
    .split(/[ \t]*,[ \t]*/);
  return minor === 1 ? !options.includes('close') : options.includes('keep-alive') && !options.includes('close');
}

function contentLength(subject: Subject, headers: HeaderBlock): number | undefined {
  const first = headers.get('content-length');
  if (first === undefined) return undefined;
  if (!/^\d{1,16}$/.test(first)) throw bad(subject, 'a Content-Length that is no number');
  const length = Number(first);
  if (!Number.isSafeInteger(length)) throw bad(subject, 'a Content-Length beyond 2^53');
  if (headers.all('content-length').some((other) => other !== first)) throw bad(subject, 'different Content-Lengths');
  return length;
}
