/**
 * The strict scanner of message heads (RFC 9112), incremental: bytes may come in any pieces.
 *
 * Refused with `bad-response`: what the first line refuses, a line that ends in a bare LF or holds a bare CR, line
 * folding, blanks before a colon, empty names, control characters, more than the limit of bytes or 256 fields. Ceph
 * beast, nginx, Swift (eventlet), Go's net/http, node:http and Azurite send none of it.
 */
import { FerryError } from '../../model/errors.ts';
import { HeaderBlock } from './headers.ts';

/** Judges a first line byte by byte, so that what is not HTTP is refused at its first wrong byte. */
export interface FirstLine {
  readonly subject: Subject;
  /** Takes the next byte, which is not CR. */
  take(byte: number): void;
  /** The line is over. */
  end(): void;
  reset(): void;
}

/** Who sent what cannot be read. */
export type Subject = 'answer' | 'request';

const MAX_FIELDS = 256;

/** Finds the end of a head and checks every byte on the way. One per connection, used again after `take`. */
export class HeadScanner<Line extends FirstLine> {
  readonly line: Line;
  readonly #limit: number;
  #state: State = LINE;
  #fields = 0;
  #size = 0;
  #text = '';

  /** `limit`: bytes of a whole head. */
  constructor(line: Line, limit: number) {
    this.line = line;
    this.#limit = limit;
  }

  get complete(): boolean {
    return this.#state === DONE;
  }

  /** A part of a head is here. */
  get begun(): boolean {
    return this.#size > 0;
  }

  /** Reads on in `bytes[from, to)`; returns the index after the last byte used, `to` unless the head is complete. */
  scan(bytes: Buffer, from: number, to: number): number {
    let state = this.#state;
    let at = from;
    while (at < to && state !== DONE) {
      const byte = bytes[at]!;
      at++;
      switch (state) {
        case LINE:
          if (byte !== CR) this.line.take(byte);
          else {
            this.line.end();
            state = LINE_END;
          }
          break;
        case NAME_FIRST:
          if (byte === CR) {
            state = END;
            break;
          }
          if (byte === 0x20 || byte === 0x09) throw this.#bad('a folded header line');
          if (++this.#fields > MAX_FIELDS) throw this.#bad(`more than ${MAX_FIELDS} header fields`);
          if ((KIND[byte]! & TOKEN) === 0) throw this.#bad(`character ${hex(byte)} in a header name`);
          state = NAME;
          break;
        case NAME:
          while ((KIND[bytes[at - 1]!]! & TOKEN) !== 0 && at < to) at++;
          if ((KIND[bytes[at - 1]!]! & TOKEN) !== 0) break;
          if (bytes[at - 1] !== COLON) throw this.#bad(`character ${hex(bytes[at - 1]!)} in a header name`);
          state = VALUE;
          break;
        case VALUE:
          while ((KIND[bytes[at - 1]!]! & TEXT) !== 0 && at < to) at++;
          if ((KIND[bytes[at - 1]!]! & TEXT) !== 0) break;
          if (bytes[at - 1] !== CR) throw this.#bad(`control character ${hex(bytes[at - 1]!)} in a header value`);
          state = LINE_END;
          break;
        case LINE_END:
          if (byte !== LF) throw this.#bad('a CR without LF');
          state = NAME_FIRST;
          break;
        case END:
          if (byte !== LF) throw this.#bad('a CR without LF');
          state = DONE;
          break;
      }
    }
    this.#state = state;
    this.#size += at - from;
    if (this.#size > this.#limit) throw this.#bad(`a header of more than ${this.#limit} bytes`);
    this.#text += bytes.toString('latin1', from, at);
    return at;
  }

  /** The first line of the head that is complete. */
  firstLine(): string {
    return this.#text.slice(0, this.#text.indexOf('\r\n'));
  }

  /** The fields of the head that is complete. Begins anew once `line` was read, by `reset`. */
  fields(): HeaderBlock {
    return new HeaderBlock(this.#text.slice(this.#text.indexOf('\r\n'), -2));
  }

  /** Begins anew with a first line, or with the first field where only fields come (trailers). */
  reset(fieldsOnly = false): void {
    this.#state = fieldsOnly ? NAME_FIRST : LINE;
    this.line.reset();
    this.#fields = 0;
    this.#size = 0;
    this.#text = '';
  }

  #bad(what: string): FerryError {
    return bad(this.line.subject, what);
  }
}

export function bad(subject: Subject, what: string): FerryError {
  return new FerryError('bad-response', { message: `The ${subject} holds ${what}` });
}

export function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}

type State = 0 | 1 | 2 | 3 | 4 | 5 | 6;
const LINE = 0;
const LINE_END = 1;
const NAME_FIRST = 2;
const NAME = 3;
const VALUE = 4;
const END = 5;
const DONE = 6;

const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;

export const TOKEN = 1;
export const TEXT = 2;

/** For each byte whether it may stand in a name (RFC 9110 `token`) and in a value (tab, visible, blank, 0x80 and up). */
export const KIND: Readonly<Uint8Array> = Uint8Array.from({ length: 256 }, (_, byte) => {
  const text = byte === 0x09 || (byte >= 0x20 && byte !== 0x7f);
  return (text ? TEXT : 0) | (/[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(String.fromCharCode(byte)) ? TOKEN : 0);
});
