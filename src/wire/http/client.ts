/**
 * The HTTP/1.1 client as everything above sees it. `wire/http/socket-client.ts` implements it on bare sockets.
 *
 * It does what it is told and nothing else: no redirects followed, no retries, no cookies, no decompression. Only an
 * idle connection that the server had closed before one byte of an answer came is replaced silently, and only where the
 * request body can be opened again.
 */
import type { Body } from '../../model/body.ts';

export interface HttpClient extends AsyncDisposable {
  /**
   * Sends one request and resolves when the header of the final answer is here (1xx are passed over).
   * Rejects with `dns`, `network`, `tls`, `proxy`, `timeout`, `bad-response` or `interrupted`.
   */
  request(origin: Origin, request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse>;
}

/** Where to connect. Origins that are equal in everything share connections, but one object used again is fastest. */
export interface Origin {
  readonly secure: boolean;
  /** Name or address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** Dialled in place of `host`, which is still who is asked for: an address that was looked at before. Not by a proxy. */
  readonly address?: string | undefined;
  readonly tls?: TlsOptions | undefined;
  /** `http://user:password@host:port` of a proxy; requests go through CONNECT where `secure`, absolute-form where not. */
  readonly proxy?: string | undefined;
  /** No progress for so long fails with `timeout`, milliseconds. */
  readonly timeouts?:
    | { readonly connect?: number | undefined; readonly read?: number | undefined; readonly write?: number | undefined }
    | undefined;
}

export interface TlsOptions {
  /** PEM of authorities trusted in addition to the system's. */
  readonly ca?: string | undefined;
  /** Accept any certificate. Said loudly wherever it is set. */
  readonly insecure?: boolean | undefined;
  /** PEM client certificate and key. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface HttpRequest {
  readonly method: string;
  /** Path and query exactly as they go on the wire, already percent-encoded. */
  readonly target: string;
  /**
   * Names and values in turn: `[name, value, name, value]`. `Host` is sent from the origin where absent;
   * `Content-Length` always comes from the body. One character per byte (latin1); values with control characters or
   * other characters are refused with `unsupported`.
   */
  readonly headers: readonly string[];
  readonly body?: Body | undefined;
  /** Send `Expect: 100-continue` and the body only when told to go on (or after a second of silence). */
  readonly expectContinue?: boolean | undefined;
  /** Not sent again on another connection by the client itself: what it does twice cannot be told from outside. */
  readonly once?: boolean | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly body: HttpBody;
}

/** Values have one character per byte (latin1), as in `HttpRequest.headers`. */
export interface HttpHeaders {
  /** First value by name, which is given in lower case. */
  get(name: string): string | undefined;
  /** Every pair, names in lower case, in the order they came. */
  entries(): Iterable<readonly [string, string]>;
}

/**
 * The body of an answer. Chunks are valid until the next is asked for. Throws `short-read` where the connection ends
 * early. Read to the end, `bytes`, `discard` or `cancel` frees the connection; one of them must be done.
 */
export interface HttpBody extends AsyncIterable<Uint8Array> {
  /** Bytes that come: `Content-Length`, 0 where an answer has no body (HEAD, 204, 304); undefined for chunked or read-to-close bodies. */
  readonly length: number | undefined;
  /** All of it in a buffer of the caller's; rejects with `too-large` past `limit` bytes. */
  bytes(limit: number): Promise<Buffer>;
  /** Reads and forgets a short rest so that the connection can be used again; cuts it where the rest is long. */
  discard(): Promise<void>;
  /** Cuts the connection. */
  cancel(): void;
}
