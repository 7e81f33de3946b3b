/**
 * Where to cut a stretch of keys whose names nobody knows.
 *
 * Keys are read as numbers in a mixed radix: at each position the digits are the characters seen there so far, widened
 * to their class (one digit seen makes all ten likely), and "the key ends here" is the lowest digit. The middle of two
 * such numbers is a key that halves what is left, whatever the common prefix, the alphabet and the language. A wrong
 * guess costs nothing but balance: any cut is a correct cut.
 *
 * Memory: at most `POSITIONS` sets of at most `ALPHABET` characters.
 */
import { compareKeys, type Key } from '../../model/key.ts';

const POSITIONS = 128;
const ALPHABET = 512;
/** Digits looked at behind the common prefix: enough to tell 10^7 keys apart in any alphabet of two or more. */
const DIGITS = 24;

const CLASSES: readonly (readonly [from: number, to: number])[] = [
  [0x30, 0x39],
  [0x61, 0x7a],
  [0x41, 0x5a],
];
const HEX = [0x61, 0x66] as const;

export class KeySpace {
  readonly #seen: Set<number>[] = [];
  #alphabets: (readonly number[] | undefined)[] = [];

  /** Learns the characters of a key. A few keys of each page are enough. */
  learn(key: Key): void {
    let position = 0;
    for (const character of key) {
      if (position === POSITIONS) return;
      const set = (this.#seen[position] ??= new Set());
      const point = character.codePointAt(0)!;
      if (!set.has(point) && set.size < ALPHABET) {
        set.add(point);
        this.#alphabets[position] = undefined;
      }
      position++;
    }
  }

  /**
   * A key strictly between `after` and `through` (undefined: unbounded) that cuts the space in the ratio given, or
   * undefined where none can be found.
   */
  cut(prefix: string, after: Key | undefined, through: Key | undefined, ratio = 0.5): Key | undefined {
    const low = points(after ?? prefix);
    const high = through === undefined ? undefined : points(through);
    let common = points(prefix).length;
    if (high) while (common < low.length && common < high.length && low[common] === high[common]) common++;
    const alphabets = Array.from({ length: DIGITS }, (_, i) =>
      this.#alphabet(common + i, low[common + i], high?.[common + i]),
    );
    const a = digits(low, common, alphabets, 0);
    const b = high ? digits(high, common, alphabets, 0) : alphabets.map((alphabet) => alphabet.length);
    const middle = between(a, b, alphabets, ratio);
    // The shortest beginning of the middle that is still strictly inside cuts just as well and reads better.
    let key = String.fromCodePoint(...(high ?? low).slice(0, common));
    for (let i = 0; i < DIGITS; i++) {
      const digit = middle[i]!;
      if (digit === 0) return undefined;
      key += String.fromCodePoint(alphabets[i]![digit - 1]!);
      const above = after === undefined || compareKeys(key, after) > 0;
      if (above && (through === undefined || compareKeys(key, through) < 0)) return key;
    }
    return undefined;
  }

  /** How much of the space between `after` and `through` lies there, as a share of the space behind `prefix`. */
  measure(prefix: string, after: Key | undefined, through: Key | undefined): number {
    const from = points(prefix).length;
    const position = (key: Key): number => {
      let value = 0;
      let scale = 1;
      const p = points(key);
      for (let i = from; i < from + DIGITS; i++) {
        const alphabet = this.#alphabet(i, p[i], undefined);
        scale /= alphabet.length + 1;
        if (p[i] === undefined) break;
        value += (alphabet.indexOf(p[i]!) + 1) * scale;
      }
      return value;
    };
    return Math.max(
      Number.MIN_VALUE,
      (through === undefined ? 1 : position(through)) - (after === undefined ? 0 : position(after)),
    );
  }

  /** Characters at a position in order, with the two given ones in it. */
  #alphabet(position: number, one: number | undefined, other: number | undefined): readonly number[] {
    let alphabet = this.#alphabets[position];
    if (!alphabet) {
      alphabet = widen(this.#seen[position] ?? new Set());
      this.#alphabets[position] = alphabet;
    }
    const missing = [one, other].filter((point) => point !== undefined).filter((point) => !alphabet.includes(point));
    return missing.length === 0 ? alphabet : [...new Set([...alphabet, ...missing])].sort((x, y) => x - y);
  }
}

function points(key: string): number[] {
  return Array.from(key, (character) => character.codePointAt(0)!);
}

/** Digits and letters seen make the rest of their class likely; letters up to `f` beside digits look like hexadecimal. */
function widen(seen: ReadonlySet<number>): readonly number[] {
  const all = new Set(seen);
  for (const [from, to] of CLASSES) {
    const members = [...seen].filter((point) => point >= from && point <= to);
    if (members.length === 0) continue;
    const hexadecimal = from === HEX[0] && members.every((point) => point <= HEX[1]);
    for (let point = from; point <= (hexadecimal ? HEX[1] : to); point++) all.add(point);
  }
  return [...all].sort((x, y) => x - y);
}

function digits(
  key: readonly number[],
  from: number,
  alphabets: readonly (readonly number[])[],
  end: number,
): number[] {
  return alphabets.map((alphabet, i) => {
    const point = key[from + i];
    return point === undefined ? end : alphabet.indexOf(point) + 1;
  });
}

/** `a + (b - a) * ratio` on digit sequences, exact to the last digit but for the ratio's own rounding. */
function between(
  a: readonly number[],
  b: readonly number[],
  alphabets: readonly (readonly number[])[],
  ratio: number,
): number[] {
  const result: number[] = [];
  let rest = 0;
  for (let i = 0; i < a.length; i++) {
    const base = alphabets[i]!.length + 1;
    const exact = a[i]! + (b[i]! - a[i]!) * ratio + rest * base;
    const digit = Math.floor(exact);
    result.push(digit);
    rest = exact - digit;
  }
  for (let i = result.length - 1; i >= 0; i--) {
    const base = alphabets[i]!.length + 1;
    while (result[i]! >= base && i > 0) {
      result[i]! -= base;
      result[i - 1]!++;
    }
    while (result[i]! < 0 && i > 0) {
      result[i]! += base;
      result[i - 1]!--;
    }
  }
  return result;
}
