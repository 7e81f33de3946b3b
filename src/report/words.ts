/** What reports and command line call things. */
import type { Evidence } from '../engine/evidence.ts';
import type { Difference } from '../engine/progress.ts';

interface Method {
  readonly words: string;
  /** Nobody vouched for the bytes. */
  readonly weak: boolean;
}

/** How it is known that objects are equal, the strongest first. */
const METHODS: Readonly<Record<Evidence['method'], Method>> = {
  'full-read': { words: 'all bytes of both sides read again, and metadata', weak: false },
  'md5-read': { words: 'MD5 of the bytes read from a store', weak: false },
  checksum: { words: 'checksum told by both stores', weak: false },
  etag: { words: 'MD5 told by both stores (ETag)', weak: false },
  size: { words: 'size (bytes not compared)', weak: true },
  presence: { words: 'presence (empty directories)', weak: true },
};

/** Objects by how it is known that they are equal, the strongest first. */
export function methodCounts(
  counts: Readonly<Record<string, number>>,
): readonly (Method & { readonly count: number })[] {
  return Object.entries(METHODS).flatMap(([name, method]) => {
    const count = counts[name] ?? 0;
    return count > 0 ? [{ ...method, count }] : [];
  });
}

/** Objects that have bytes which nobody vouched for. */
export function weaklyCompared(methods: Readonly<Record<string, number>>): number {
  return methods['size'] ?? 0;
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

/** Differences by kind, in words, in the order above. */
export function differenceCounts(
  byKind: Readonly<Partial<Record<Difference['kind'], number>>>,
): readonly { readonly words: string; readonly count: number }[] {
  const counts = new Map(Object.entries(byKind));
  return Object.entries(DIFFERENCE_KINDS).flatMap(([kind, words]) => {
    const count = counts.get(kind) ?? 0;
    return count > 0 ? [{ words, count }] : [];
  });
}
