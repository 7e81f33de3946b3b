/** Heads of answers (RFC 9112): status line, framing of the body, keep-alive. A missing blank after the status code is accepted. */
import type { FerryError } from '../../model/errors.ts';
import { declaredLength, keepsAlive, UNTIL_CLOSE } from './framing.ts';
import { bad, HeadScanner, hex, KIND, TEXT, type FirstLine } from './head-scanner.ts';
import type { HeaderBlock } from './headers.ts';

export interface ResponseHead {
  readonly status: number;
  /** The server goes on listening on this connection. */
  readonly keepAlive: boolean;
  readonly headers: HeaderBlock;
}

/** `HTTP/1.x NNN reason`. */
class StatusLine implements FirstLine {
  readonly subject = 'answer';
  status = 0;
  minor = 0;
  #column = 0;

  take(byte: number): void {
    const column = this.#column++;
    if (column < 7 || column === 8) {
      if (byte !== 'HTTP/1.x '.charCodeAt(column)) throw unreadable('no HTTP/1.1 status line');
    } else if (column === 7) {
      this.minor = byte - 0x30;
      if (this.minor !== 0 && this.minor !== 1) throw unreadable('no HTTP/1.0 or 1.1 status line');
    } else if (column < 12) {
      const digit = byte - 0x30;
      if (digit < 0 || digit > 9 || (column === 9 && (digit === 0 || digit > 5))) throw unreadable('no status code');
      this.status = this.status * 10 + digit;
    } else if (column === 12) {
      if (byte !== 0x20) throw unreadable('no status code');
    } else if ((KIND[byte]! & TEXT) === 0) throw unreadable(`control character ${hex(byte)} in its first line`);
  }

  end(): void {
    if (this.#column < 9) throw unreadable('no HTTP/1.1 status line');
    if (this.#column < 12) throw unreadable('no status code');
  }

  reset(): void {
    this.#column = 0;
    this.status = 0;
  }
}

export class ResponseScanner {
  readonly #scanner: HeadScanner<StatusLine>;

  /** `limit`: bytes of a whole head. */
  constructor(limit: number) {
    this.#scanner = new HeadScanner(new StatusLine(), limit);
  }

  get complete(): boolean {
    return this.#scanner.complete;
  }

  /** Reads on in `bytes[from, to)`; returns the index after the last byte used, `to` unless the head is complete. */
  scan(bytes: Buffer, from: number, to: number): number {
    return this.#scanner.scan(bytes, from, to);
  }

  /** The head that is complete; the scanner begins anew. */
  take(): ResponseHead {
    const headers = this.#scanner.fields();
    const { status, minor } = this.#scanner.line;
    this.#scanner.reset();
    return { status, keepAlive: keepsAlive(minor, headers), headers };
  }
}

/** Bytes of the body that follow, `CHUNKED` or `UNTIL_CLOSE` (RFC 9112 section 6.3). */
export function bodyLength(method: string, head: ResponseHead): number {
  const { status, headers } = head;
  const length = declaredLength('answer', headers);
  if (method === 'HEAD' || status === 204 || status === 304) return 0;
  return length ?? UNTIL_CLOSE;
}

function unreadable(what: string): FerryError {
  return bad('answer', what);
}
