/** What reports and command line call things. */
import type { Evidence } from '../engine/evidence.ts';
import type { Difference } from '../engine/progress.ts';

/** How objects were compared, in words. */
export const METHODS: Readonly<Record<Evidence['method'], string>> = {
  etag: 'MD5 told by both stores (ETag)',
  checksum: 'checksum told by both stores',
  'md5-read': 'MD5 of the bytes read from a store',
  'full-read': 'all bytes of both sides read again, and metadata',
  size: 'size only',
  presence: 'presence only',
};

/** Objects by the words for how they were compared, most first. */
export function methodCounts(methods: Readonly<Record<string, number>>): readonly (readonly [string, number])[] {
  return Object.entries(METHODS)
    .flatMap(([method, words]) => (methods[method] ? [[words, methods[method]] as const] : []))
    .sort((a, b) => b[1] - a[1]);
}

/** Objects whose bytes nobody vouched for. */
export function weaklyCompared(methods: Readonly<Record<string, number>>): number {
  return (methods['size'] ?? 0) + (methods['presence'] ?? 0);
}

/** How a key differs, in words. */
export const DIFFERENCE_KINDS: Readonly<Record<Difference['kind'], string>> = {
  missing: 'missing at the destination',
  extra: 'only at the destination',
  size: 'sizes differ',
  checksum: 'contents differ',
  metadata: 'metadata differ',
  unverified: 'could not be verified',
  unreadable: 'could not be read',
};
