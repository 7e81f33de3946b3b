/** Where keys lie between the first and the last, so that ranges of them can be drawn as lengths. */
import type { KeyRange } from '../api/types.ts';

export interface DrawnRange {
  readonly range: KeyRange;
  /** Of the whole strip, 0 to 1. */
  readonly from: number;
  readonly to: number;
  /** Up to where an active one is dealt with. */
  readonly eaten: number;
}

/** Characters after the common beginning that decide. */
const DEEP = 8;
/** A range is at least so much of the strip: what is small is to be seen as well. */
const LEAST = 0.004;

/**
 * Keys are read as fractions in a number system of the characters that occur: of keys that are hexadecimal, `8…` is in
 * the middle. Where ranges are known only by their bounds this is as near as one gets to how much is in them.
 */
export function drawn(ranges: readonly KeyRange[]): readonly DrawnRange[] {
  const place = placesOf(ranges);
  const lengths = ranges.map((range) => {
    const [from, to] = [place(range.after, 0), place(range.through, 1)];
    const at = range.position === null ? from : place(range.position, from);
    return {
      length: Math.max(0, to - from),
      share: to > from ? Math.min(1, Math.max(0, (at - from) / (to - from))) : 0,
    };
  });
  const least = Math.min(LEAST, 1 / Math.max(1, ranges.length));
  const total = lengths.reduce((sum, { length }) => sum + Math.max(least, length), 0);
  let end = 0;
  return ranges.map((range, i) => {
    const from = end;
    const { length, share } = lengths[i]!;
    end += Math.max(least, length) / total;
    const whole = range.state === 'done' ? 1 : range.state === 'waiting' ? 0 : share;
    return { range, from, to: end, eaten: from + (end - from) * whole };
  });
}

function placesOf(ranges: readonly KeyRange[]): (key: string | null, otherwise: number) => number {
  const keys = ranges
    .flatMap(({ after, through, position }) => [after, through, position])
    .filter((key) => key !== null);
  const start = commonStart(keys);
  const alphabet = [...new Set(keys.flatMap((key) => Array.from(key.slice(start, start + DEEP))))].sort();
  const rank = new Map(alphabet.map((char, i) => [char, i + 1]));
  const base = alphabet.length + 1;
  return (key, otherwise) => {
    if (key === null) return otherwise;
    let fraction = 0;
    let unit = 1;
    for (const char of key.slice(start, start + DEEP)) {
      unit /= base;
      fraction += (rank.get(char) ?? 0) * unit;
    }
    return fraction;
  };
}

function commonStart(keys: readonly string[]): number {
  const [first = '', ...others] = keys;
  let length = first.length;
  for (const key of others) {
    let i = 0;
    while (i < length && key[i] === first[i]) i++;
    length = i;
  }
  return length;
}
