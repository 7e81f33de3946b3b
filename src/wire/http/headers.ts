import type { HttpHeaders } from './client.ts';

/**
 * The header of an answer or a request as it came. Names are looked for when they are asked for, because most never are,
 * and most that are asked for are not there: where each field begins is noted once, and which lengths names have.
 *
 * Values have one character per byte (latin1); whoever expects UTF-8 decodes it.
 */
export class HeaderBlock implements HttpHeaders {
  /** `CRLF name: value` for each field, then CRLF. Checked by `HeadScanner`: no CR or LF but between fields. */
  readonly #block: string;
  /** The same in lower case; '' until something is asked for. */
  #lower = '';
  /** Start of each name and place of its colon, in turn. */
  #places: number[] = NONE;
  /** Bit n is set where a name has n characters, modulo 32. */
  #lengths = 0;

  #entries: readonly (readonly [string, string])[] | undefined;

  constructor(block: string) {
    this.#block = block;
  }

  get(name: string): string | undefined {
    const field = this.#find(name, 0);
    return field < 0 ? undefined : this.#value(field);
  }

  /** Every value by lower-case name. */
  all(name: string): string[] {
    const values: string[] = [];
    for (let field = this.#find(name, 0); field >= 0; field = this.#find(name, field + 2))
      values.push(this.#value(field));
    return values;
  }

  entries(): readonly (readonly [string, string])[] {
    return (this.#entries ??= this.#read());
  }

  #read(): (readonly [string, string])[] {
    if (this.#lower === '') this.#index();
    const entries: (readonly [string, string])[] = [];
    for (let field = 0; field < this.#places.length; field += 2)
      entries.push([this.#lower.slice(this.#places[field], this.#places[field + 1]), this.#value(field)]);
    return entries;
  }

  /** Index in `#places` of the first field of that name from `field` on, or -1. */
  #find(name: string, field: number): number {
    if (this.#lower === '') this.#index();
    const { length } = name;
    if ((this.#lengths & (1 << length)) === 0) return -1;
    const places = this.#places;
    for (let at = field; at < places.length; at += 2) {
      const start = places[at]!;
      if (places[at + 1] === start + length && this.#lower.startsWith(name, start)) return at;
    }
    return -1;
  }

  #index(): void {
    const block = this.#block;
    const places: number[] = [];
    for (let at = 2; at < block.length; at = block.indexOf('\r\n', at) + 2) {
      const colon = block.indexOf(':', at);
      places.push(at, colon);
      this.#lengths |= 1 << (colon - at);
    }
    this.#places = places;
    this.#lower = block.toLowerCase();
  }

  /** Without blanks and tabs around. Not `trim`, which takes 0xA0 too, the last byte of many a UTF-8 character. */
  #value(field: number): string {
    const block = this.#block;
    let start = this.#places[field + 1]! + 1;
    let end = field + 2 < this.#places.length ? this.#places[field + 2]! - 2 : block.length - 2;
    while (start < end && isBlank(block.charCodeAt(start))) start++;
    while (end > start && isBlank(block.charCodeAt(end - 1))) end--;
    return block.slice(start, end);
  }
}

const NONE: number[] = [];

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
