/**
 * The strict parser of response heads (RFC 9112), incremental: bytes may come in any pieces.
 *
 * Refused with `bad-response`: a line that ends in a bare LF or holds a bare CR, line folding, blanks before a colon,
 * empty names, control characters, anything but HTTP/1.0 and 1.1, more than the limit of bytes or 256 fields, an unclear
 * length (see `bodyLength`). Ceph beast, nginx, Swift (eventlet), Go's net/http, node:http and Azurite send none of it.
 * A missing blank after the status code is accepted.
 */
import { FerryError } from '../../model/errors.ts';
import { HeaderBlock } from './headers.ts';

export interface ResponseHead {
  readonly status: number;
  /** The server goes on listening on this connection. */
  readonly keepAlive: boolean;
  readonly headers: HeaderBlock;
}

/** What `bodyLength` returns where the length is not known in advance. */
export const CHUNKED = -1;
export const UNTIL_CLOSE = -2;

const MAX_FIELDS = 256;

/** Finds the end of a head and checks every byte on the way. One per connection, used again after `take`. */
export class HeadScanner {
  readonly #limit: number;
  #state: State = LINE;
  #column = 0;
  #status = 0;
  #minor = 0;
  #fields = 0;
  #size = 0;
  #text = '';

  /** `limit`: bytes of a whole head. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get complete(): boolean {
    return this.#state === DONE;
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
          if (this.#column < 13) this.#statusByte(byte);
          else if (byte !== CR && (KIND[byte]! & TEXT) === 0)
            throw bad(`control character ${hex(byte)} in its first line`);
          if (byte === CR) state = LINE_END;
          break;
        case NAME_FIRST:
          if (byte === CR) {
            state = END;
            break;
          }
          if (byte === 0x20 || byte === 0x09) throw bad('a folded header line');
          if (++this.#fields > MAX_FIELDS) throw bad(`more than ${MAX_FIELDS} header fields`);
          if ((KIND[byte]! & TOKEN) === 0) throw bad(`character ${hex(byte)} in a header name`);
          state = NAME;
          break;
        case NAME:
          while ((KIND[bytes[at - 1]!]! & TOKEN) !== 0 && at < to) at++;
          if ((KIND[bytes[at - 1]!]! & TOKEN) !== 0) break;
          if (bytes[at - 1] !== COLON) throw bad(`character ${hex(bytes[at - 1]!)} in a header name`);
          state = VALUE;
          break;
        case VALUE:
          while ((KIND[bytes[at - 1]!]! & TEXT) !== 0 && at < to) at++;
          if ((KIND[bytes[at - 1]!]! & TEXT) !== 0) break;
          if (bytes[at - 1] !== CR) throw bad(`control character ${hex(bytes[at - 1]!)} in a header value`);
          state = LINE_END;
          break;
        case LINE_END:
          if (byte !== LF) throw bad('a CR without LF');
          state = NAME_FIRST;
          break;
        case END:
          if (byte !== LF) throw bad('a CR without LF');
          state = DONE;
          break;
      }
    }
    this.#state = state;
    this.#size += at - from;
    if (this.#size > this.#limit) throw bad(`a header of more than ${this.#limit} bytes`);
    this.#text += bytes.toString('latin1', from, at);
    return at;
  }

  /** The head that is complete; the scanner begins anew. */
  take(): ResponseHead {
    const line = this.#text.indexOf('\r\n');
    const headers = new HeaderBlock(this.#text.slice(line, -2));
    const head = { status: this.#status, keepAlive: keepsAlive(this.#minor, headers), headers };
    this.reset();
    return head;
  }

  /** Begins anew with a status line, or with the first field where only fields come (trailers). */
  reset(fieldsOnly = false): void {
    this.#state = fieldsOnly ? NAME_FIRST : LINE;
    this.#column = 0;
    this.#status = 0;
    this.#fields = 0;
    this.#size = 0;
    this.#text = '';
  }

  /** `HTTP/1.x NNN`, byte by byte, so that what is not HTTP is refused at its first wrong byte. */
  #statusByte(byte: number): void {
    const column = this.#column++;
    if (column < 7 || column === 8) {
      if (byte !== 'HTTP/1.x '.charCodeAt(column)) throw bad('no HTTP/1.1 status line');
    } else if (column === 7) {
      this.#minor = byte - 0x30;
      if (this.#minor !== 0 && this.#minor !== 1) throw bad('no HTTP/1.0 or 1.1 status line');
    } else if (column < 12) {
      const digit = byte - 0x30;
      if (digit < 0 || digit > 9 || (column === 9 && (digit === 0 || digit > 5))) throw bad('no status code');
      this.#status = this.#status * 10 + digit;
    } else if (byte !== 0x20 && byte !== CR) throw bad('no status code');
  }
}

/**
 * Bytes of the body that follow, `CHUNKED` or `UNTIL_CLOSE` (RFC 9112 section 6.3). Refused: Content-Length beside
 * Transfer-Encoding, lengths that differ or are no plain number, codings other than `chunked`.
 */
export function bodyLength(method: string, head: ResponseHead): number {
  const { status, headers } = head;
  const length = contentLength(headers);
  const coding = headers.get('transfer-encoding');
  if (method === 'HEAD' || status === 204 || status === 304) return 0;
  if (coding === undefined) return length ?? UNTIL_CLOSE;
  if (length !== undefined) throw bad('both Content-Length and Transfer-Encoding');
  if (headers.all('transfer-encoding').join().toLowerCase() !== 'chunked')
    throw bad('a transfer coding other than chunked');
  return CHUNKED;
}

export function bad(what: string): FerryError {
  return new FerryError('bad-response', { message: `The answer holds ${what}` });
}

function contentLength(headers: HeaderBlock): number | undefined {
  const first = headers.get('content-length');
  if (first === undefined) return undefined;
  if (!/^\d{1,16}$/.test(first)) throw bad('a Content-Length that is no number');
  const length = Number(first);
  if (!Number.isSafeInteger(length)) throw bad('a Content-Length beyond 2^53');
  if (headers.all('content-length').some((other) => other !== first)) throw bad('different Content-Lengths');
  return length;
}

function keepsAlive(minor: number, headers: HeaderBlock): boolean {
  if (minor === 1 && headers.get('connection') === undefined) return true;
  const options = headers
    .all('connection')
    .join()
    .toLowerCase()
    .split(/[ \t]*,[ \t]*/);
  return minor === 1 ? !options.includes('close') : options.includes('keep-alive') && !options.includes('close');
}

function hex(byte: number): string {
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

const TOKEN = 1;
const TEXT = 2;

/** For each byte whether it may stand in a name (RFC 9110 `token`) and in a value (tab, visible, blank, 0x80 and up). */
const KIND: Readonly<Uint8Array> = Uint8Array.from({ length: 256 }, (_, byte) => {
  const text = byte === 0x09 || (byte >= 0x20 && byte !== 0x7f);
  return (text ? TEXT : 0) | (/[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(String.fromCharCode(byte)) ? TOKEN : 0);
});
