/**
 * JSON (RFC 8259) read value by value as its bytes come, for bodies too long to be held. It is asked what is expected
 * next and says where something else is; nothing but what is asked for is kept.
 *
 * Memory: one chunk, and the longest text allowed.
 */
import { isUtf8 } from 'node:buffer';

/** The document is not what is expected; the message says what is wrong, and at which byte. */
export class JsonFault extends Error {
  override readonly name = 'JsonFault';
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const NOTHING = Buffer.alloc(0);

export class JsonReader {
  readonly #chunks: AsyncIterator<Uint8Array, unknown>;
  #chunk: Buffer = NOTHING;
  #at = 0;
  #before = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Whether the next value begins with this character; takes nothing. */
  async isNext(character: '{' | '[' | '"'): Promise<boolean> {
    return (await this.#next()) === character.charCodeAt(0);
  }

  /** Names of the members of the object that comes, in turn; each value has to be read before the next is asked for. */
  async *members(longest: number): AsyncGenerator<string> {
    await this.#take('{');
    if (await this.#taken('}')) return;
    do {
      const name = await this.text(longest);
      await this.#take(':');
      yield name;
    } while (await this.#another('}'));
  }

  /** Counts the elements of the array that comes; each has to be read before the next is asked for. */
  async *elements(): AsyncGenerator<number> {
    await this.#take('[');
    if (await this.#taken(']')) return;
    let index = 0;
    do yield index++;
    while (await this.#another(']'));
  }

  /** A text of at most `longest` bytes as it is written. */
  async text(longest: number): Promise<string> {
    await this.#take('"');
    let earlier: Buffer = NOTHING;
    for (;;) {
      const end = endOfText(this.#chunk, this.#at, earlier);
      const upTo = end < 0 ? this.#chunk.length : end;
      if (earlier.length + upTo - this.#at > longest) throw this.#fault(`has a text longer than ${longest} bytes`);
      const part = this.#chunk.subarray(this.#at, upTo);
      if (end >= 0) {
        this.#at = end + 1;
        return this.#decoded(earlier.length === 0 ? part : Buffer.concat([earlier, part]));
      }
      // What was read is valid only until the next chunk is asked for.
      earlier = Buffer.concat([earlier, part]);
      this.#at = this.#chunk.length;
      if (!(await this.#fill())) throw this.#fault('ends within a text');
    }
  }

  /** Nothing but white space follows. */
  async end(): Promise<void> {
    if ((await this.#next()) !== undefined) throw this.#fault('has something after its end');
  }

  #decoded(bytes: Buffer): string {
    if (!isUtf8(bytes)) throw this.#fault('has a text that is not UTF-8');
    try {
      const text: unknown = JSON.parse(`"${bytes.toString('utf8')}"`);
      return String(text);
    } catch {
      throw this.#fault('has a text that is wrongly written');
    }
  }

  async #another(end: string): Promise<boolean> {
    if (await this.#taken(end)) return false;
    if ((await this.#next()) !== COMMA) throw this.#fault(`lacks a comma or ${end}`);
    this.#at++;
    return true;
  }

  async #take(character: string): Promise<void> {
    if (!(await this.#taken(character))) throw this.#fault(`lacks ${character}`);
  }

  async #taken(character: string): Promise<boolean> {
    if ((await this.#next()) !== character.charCodeAt(0)) return false;
    this.#at++;
    return true;
  }

  /** The next byte that is no white space, which is not taken; undefined at the end. */
  async #next(): Promise<number | undefined> {
    for (;;) {
      while (this.#at < this.#chunk.length) {
        const byte = this.#chunk[this.#at]!;
        if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
        this.#at++;
      }
      if (!(await this.#fill())) return undefined;
    }
  }

  async #fill(): Promise<boolean> {
    for (;;) {
      const next = await this.#chunks.next();
      if (next.done === true) return false;
      if (next.value.byteLength === 0) continue;
      this.#before += this.#chunk.length;
      this.#chunk = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
      this.#at = 0;
      return true;
    }
  }

  #fault(what: string): JsonFault {
    return new JsonFault(`${what}, at byte ${this.#before + this.#at}`);
  }
}

/** Where the text ends that began before `from`, or in `earlier`: at the first quote with an even number of backslashes before it. */
function endOfText(chunk: Buffer, from: number, earlier: Buffer): number {
  for (let at = chunk.indexOf(QUOTE, from); at >= 0; at = chunk.indexOf(QUOTE, at + 1)) {
    let backslashes = 0;
    while (at - 1 - backslashes >= from && chunk[at - 1 - backslashes] === BACKSLASH) backslashes++;
    if (at - backslashes === from)
      for (let i = earlier.length - 1; i >= 0 && earlier[i] === BACKSLASH; i--) backslashes++;
    if (backslashes % 2 === 0) return at;
  }
  return -1;
}
