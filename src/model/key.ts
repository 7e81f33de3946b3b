/**
 * Object keys and their one order.
 *
 * A key is any well-formed Unicode string of 1 to 1024 bytes in UTF-8 (the S3 limit). Keys order by their UTF-8 bytes,
 * which is the order S3 documents for listings and is not the order of JavaScript's `<` (that compares UTF-16 units,
 * so it puts U+1F600 before U+FFFD).
 */
export type Key = string;

/**
 * Keys greater than `after` up to and including `through`; absent means unbounded. Half-open this way round because
 * stores list after a key: cutting (a, c] at b gives (a, b] and (b, c], and every key is in exactly one of them.
 */
export interface KeyRange {
  readonly after?: Key | undefined;
  readonly through?: Key | undefined;
}

/** Negative, zero or positive as `a` comes before, at or after `b` in UTF-8 byte order. Allocates nothing. */
export function compareKeys(a: Key, b: Key): number {
  if (a === b) return 0;
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    let x = a.charCodeAt(i);
    let y = b.charCodeAt(i);
    if (x === y) continue;
    // UTF-8 order is code point order. A surrogate (a code point past U+FFFF) comes after every other unit.
    if (x >= 0xd800 && y >= 0xd800) {
      x = x <= 0xdfff ? x + 0x10000 : x;
      y = y <= 0xdfff ? y + 0x10000 : y;
    }
    return x - y;
  }
  return a.length - b.length;
}

/** True where `key` lies in `range`. */
export function inRange(key: Key, range: KeyRange): boolean {
  return (
    (range.after === undefined || compareKeys(key, range.after) > 0) &&
    (range.through === undefined || compareKeys(key, range.through) <= 0)
  );
}

/** The smallest key greater than every key that begins with `prefix`; undefined where there is none. */
export function afterPrefix(prefix: string): Key | undefined {
  const points = Array.from(prefix);
  while (points.length > 0) {
    const last = points.pop()!.codePointAt(0)!;
    if (last >= 0x10ffff) continue;
    const next = last + 1;
    return points.join('') + String.fromCodePoint(next >= 0xd800 && next <= 0xdfff ? 0xe000 : next);
  }
  return undefined;
}

/** Length of a key in bytes, as the limits of stores count it. */
export function keyBytes(key: Key): number {
  return Buffer.byteLength(key, 'utf8');
}
