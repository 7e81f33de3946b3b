import type { HttpHeaders } from './client.ts';

/**
 * The header of an answer as it came: names are looked for when they are asked for, because most never are. On objects
 * of 4 KiB a map of all fields would cost more than everything else in the client's parser.
 *
 * Values have one character per byte (latin1); whoever expects UTF-8 decodes it.
 */
export class HeaderBlock implements HttpHeaders {
  /** `CRLF name: value` for each field, then CRLF. Checked by `HeadScanner`: no CR or LF but between fields. */
  readonly #block: string;
  #lower: string | undefined;

  constructor(block: string) {
    this.#block = block;
  }

  get(name: string): string | undefined {
    const at = this.#find(name, 0);
    return at < 0 ? undefined : this.#value(at + name.length + 3);
  }

  /** Every value by lower-case name. */
  all(name: string): string[] {
    const values: string[] = [];
    for (let at = this.#find(name, 0); at >= 0; at = this.#find(name, at + 1))
      values.push(this.#value(at + name.length + 3));
    return values;
  }

  *entries(): Generator<readonly [string, string]> {
    const block = this.#block;
    const lower = (this.#lower ??= block.toLowerCase());
    for (let at = 2; at < block.length; at = block.indexOf('\r\n', at) + 2) {
      const colon = block.indexOf(':', at);
      yield [lower.slice(at, colon), this.#value(colon + 1)];
    }
  }

  #find(name: string, from: number): number {
    return (this.#lower ??= this.#block.toLowerCase()).indexOf(`\r\n${name}:`, from);
  }

  /** Without blanks and tabs around. Not `trim`, which takes 0xA0 too, the last byte of many a UTF-8 character. */
  #value(start: number): string {
    const block = this.#block;
    let end = block.indexOf('\r\n', start);
    while (start < end && isBlank(block.charCodeAt(start))) start++;
    while (end > start && isBlank(block.charCodeAt(end - 1))) end--;
    return block.slice(start, end);
  }
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
