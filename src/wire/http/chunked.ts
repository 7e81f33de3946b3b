import type { FerryError } from '../../model/errors.ts';
import { HeadScanner, bad, type FirstLine, type Subject } from './head-scanner.ts';

/** Where decoded pieces go. */
export interface ChunkSink {
  deliver(bytes: Buffer, from: number, to: number): void;
}

/** Framing bytes between the data of two chunks; a size line with extensions fits in well. */
const MAX_LINE = 4096;
/** Extensions of a whole body. Nobody sends any; a body of nothing else must end some day. */
const MAX_EXTENSIONS = 64 * 1024;

/**
 * The chunked coding (RFC 9112 section 7.1), incremental. Extensions and trailers are checked, limited and forgotten.
 * Refused with `bad-response`: sizes without digits or past 2^53, bare LF, data not followed by CRLF.
 */
export class ChunkedDecoder {
  #state: State = SIZE;
  #digits = 0;
  #left = 0;
  #line = 0;
  #extensions = 0;
  readonly #trailers: HeadScanner<NoLine>;

  /** `limit`: bytes of all trailers. */
  constructor(subject: Subject, limit: number) {
    this.#trailers = new HeadScanner(new NoLine(subject), limit);
    this.#trailers.reset(true);
  }

  get complete(): boolean {
    return this.#trailers.complete;
  }

  /** Decodes `bytes[from, to)`; returns the index after the last byte used, `to` unless the body is complete. */
  decode(bytes: Buffer, from: number, to: number, sink: ChunkSink): number {
    let at = from;
    while (at < to) {
      if (this.#state === DATA) {
        const end = Math.min(to, at + this.#left);
        sink.deliver(bytes, at, end);
        this.#left -= end - at;
        if (this.#left === 0) this.#state = DATA_CR;
        at = end;
      } else if (this.#state === TRAILERS) {
        return this.#trailers.scan(bytes, at, to);
      } else {
        this.#framing(bytes[at]!);
        at++;
      }
    }
    return at;
  }

  #framing(byte: number): void {
    switch (this.#state) {
      case SIZE: {
        const digit = hexDigit(byte);
        if (digit >= 0) {
          this.#left = this.#left * 16 + digit;
          if (++this.#digits > 16 || !Number.isSafeInteger(this.#left))
            throw this.#bad('a chunk of more than 2^53 bytes');
        } else if (this.#digits === 0) throw this.#bad('a chunk without a size');
        else if (byte === CR) this.#state = SIZE_LF;
        else if (byte === 0x3b || byte === 0x20 || byte === 0x09) this.#state = EXTENSION;
        else throw this.#bad('a chunk size that is no number');
        return;
      }
      case EXTENSION:
        if (byte === CR) this.#state = SIZE_LF;
        else if (byte < 0x20 && byte !== 0x09) throw this.#bad('a control character in a chunk extension');
        else if (++this.#line > MAX_LINE || ++this.#extensions > MAX_EXTENSIONS)
          throw this.#bad('chunk extensions without end');
        return;
      case SIZE_LF:
        if (byte !== LF) throw this.#bad('a chunk size that does not end in CRLF');
        this.#state = this.#left === 0 ? TRAILERS : DATA;
        return;
      case DATA_CR:
        if (byte !== CR) throw this.#bad('a chunk longer than its size');
        this.#state = DATA_LF;
        return;
      case DATA_LF:
        if (byte !== LF) throw this.#bad('a chunk longer than its size');
        this.#state = SIZE;
        this.#digits = 0;
        this.#line = 0;
        return;
      case DATA:
      case TRAILERS:
        throw this.#bad('chunks out of order');
    }
  }

  #bad(what: string): FerryError {
    return bad(this.#trailers.line.subject, what);
  }
}

/** Trailers have no first line. */
class NoLine implements FirstLine {
  readonly subject: Subject;

  constructor(subject: Subject) {
    this.subject = subject;
  }

  take(): void {}
  end(): void {}
  reset(): void {}
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

type State = 0 | 1 | 2 | 3 | 4 | 5 | 6;
const SIZE = 0;
const EXTENSION = 1;
const SIZE_LF = 2;
const DATA = 3;
const DATA_CR = 4;
const DATA_LF = 5;
const TRAILERS = 6;

const CR = 0x0d;
const LF = 0x0a;
