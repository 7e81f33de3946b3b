/** Heads of requests (RFC 9112 section 3). */
import type { FerryError } from '../../../model/errors.ts';
import { CHUNKED, declaredLength, keepsAlive } from '../framing.ts';
import { bad, HeadScanner, hex, KIND, TOKEN, type FirstLine } from '../head-scanner.ts';
import type { HeaderBlock } from '../headers.ts';

export interface RequestHead {
  readonly method: string;
  /** Path and query, or `*`. */
  readonly target: string;
  readonly host: string;
  readonly headers: HeaderBlock;
  /** Of the HTTP version: 0 or 1. */
  readonly minor: number;
  /** The client wants to send more on this connection. */
  readonly keepAlive: boolean;
  /** The client waits for a word before it sends the body. */
  readonly expectsContinue: boolean;
  /** Bytes of the body, or `CHUNKED`. */
  readonly length: number;
}

const LONGEST_METHOD = 16;

/** `METHOD target HTTP/1.x`, one blank between. */
class RequestLine implements FirstLine {
  readonly subject = 'request';
  minor = 0;
  #part: 'method' | 'target' | 'version' = 'method';
  #column = 0;

  take(byte: number): void {
    const column = this.#column++;
    if (this.#part === 'target') {
      if (byte === 0x20 && column > 0) this.#next('version');
      else if (byte <= 0x20 || byte >= 0x7f) throw bad('request', `character ${hex(byte)} in its target`);
    } else if (this.#part === 'method') {
      if (byte === 0x20 && column > 0) this.#next('target');
      else if ((KIND[byte]! & TOKEN) === 0 || column >= LONGEST_METHOD) throw bad('request', 'no HTTP method');
    } else if (column === 7) {
      this.minor = byte - 0x30;
      if (this.minor !== 0 && this.minor !== 1) throw bad('request', 'another version than HTTP/1.0 and 1.1');
    } else if (column > 7 || byte !== 'HTTP/1.x'.charCodeAt(column)) throw bad('request', 'no HTTP version');
  }

  end(): void {
    if (this.#part !== 'version' || this.#column !== 8) throw bad('request', 'no whole HTTP request line');
  }

  reset(): void {
    this.#part = 'method';
    this.#column = 0;
  }

  #next(part: 'target' | 'version'): void {
    this.#part = part;
    this.#column = 0;
  }
}

export class RequestScanner {
  readonly #scanner: HeadScanner<RequestLine>;

  /** `limit`: bytes of a whole head. */
  constructor(limit: number) {
    this.#scanner = new HeadScanner(new RequestLine(), limit);
  }

  get complete(): boolean {
    return this.#scanner.complete;
  }

  get begun(): boolean {
    return this.#scanner.begun;
  }

  /** Reads on in `bytes[from, to)`; returns the index after the last byte used, `to` unless the head is complete. */
  scan(bytes: Buffer, from: number, to: number): number {
    return this.#scanner.scan(bytes, from, to);
  }

  /** The head that is complete; the scanner begins anew. */
  take(): RequestHead {
    const line = this.#scanner.firstLine();
    const headers = this.#scanner.fields();
    const { minor } = this.#scanner.line;
    this.#scanner.reset();
    const blank = line.indexOf(' ');
    const wanted = line.slice(blank + 1, -9);
    const { host, target } = placeOf(wanted, headers, minor);
    const length = declaredLength('request', headers) ?? 0;
    if (length === CHUNKED && minor === 0) throw bad('request', 'chunks although it is HTTP/1.0');
    return {
      method: line.slice(0, blank),
      target,
      host,
      headers,
      minor,
      keepAlive: keepsAlive(minor, headers),
      expectsContinue: minor === 1 && headers.get('expect')?.toLowerCase() === '100-continue',
      length,
    };
  }
}

/** Origin form, absolute form (its authority wins over Host, RFC 9112 section 3.2.2) or `*`. */
function placeOf(wanted: string, headers: HeaderBlock, minor: number): { host: string; target: string } {
  const hosts = headers.all('host');
  if (hosts.length > 1) throw bad('request', 'more than one Host');
  if (hosts.length === 0 && minor === 1) throw bad('request', 'no Host');
  const host = hosts[0] ?? '';
  if (host !== '' && !HOST.test(host)) throw bad('request', 'a Host that is none');
  if (wanted.startsWith('/') || wanted === '*') return { host, target: wanted };
  const absolute = /^https?:\/\/([^/?#@]+)([/?][^#]*)?$/i.exec(wanted);
  if (absolute === null || !HOST.test(absolute[1]!)) throw noTarget();
  const rest = absolute[2] ?? '/';
  return { host: absolute[1]!, target: rest.startsWith('?') ? `/${rest}` : rest };
}

const HOST = /^(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/;

function noTarget(): FerryError {
  return bad('request', 'a target that is neither a path nor a URL');
}
