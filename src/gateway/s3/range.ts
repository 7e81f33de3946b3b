import type { ReadOptions } from '../../store/store.ts';

/** The one range of a `Range` header. */
export type WantedRange =
  | { readonly from: number; readonly through: number | undefined }
  /** The last bytes. */
  | { readonly last: number };

/** Undefined: the whole object; also for what is malformed or several ranges, which S3 passes over. */
export function readRange(header: string | undefined): WantedRange | undefined {
  const match = header === undefined ? null : /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header.trim());
  if (match === null) return undefined;
  const [, from, through] = match;
  if (from !== '') {
    if (through !== '' && Number(through) < Number(from)) return undefined;
    return { from: Number(from), through: through === '' ? undefined : Number(through) };
  }
  return through === '' ? undefined : { last: Number(through) };
}

/** What to read of an object whose size need not be known; the last bytes have been found out before. */
export function readOptionsOf(range: WantedRange | undefined): ReadOptions {
  if (range === undefined || 'last' in range) return {};
  const { from, through } = range;
  if (from === 0 && through === undefined) return {};
  return { offset: from, ...(through === undefined ? {} : { length: through - from + 1, atMost: true }) };
}
