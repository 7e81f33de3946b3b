/**
 * The HTTP/1.1 server as everything above sees it. `wire/http/server/listen.ts` opens one on bare sockets.
 *
 * It does no routing, no compression, no cookies. One request after the other is served on a connection; requests sent
 * ahead wait. What is no HTTP, or could be read in two ways (RFC 9112), is answered with 400 and the connection closed.
 */
import type { HttpBody, HttpHeaders } from '../client.ts';
import type { StreamBody } from '../../../model/body.ts';

/** Answers a request. Must not reject: what is thrown is a defect, answered with 500. */
export type HttpHandler = (request: ServerRequest) => Promise<HttpAnswer>;

export interface ServerRequest {
  readonly method: string;
  /** As it came: path and query, percent-encoded, `/…` or `*`. The authority of an absolute form is in `host`. */
  readonly target: string;
  /** The `Host` header, or what an absolute target says; '' where HTTP/1.0 gives none. */
  readonly host: string;
  readonly headers: HttpHeaders;
  /** Empty where there is none. `Expect: 100-continue` is answered when somebody begins to read. */
  readonly body: HttpBody;
  /** Address of the client, as text. */
  readonly from: string;
  /** Came over TLS. */
  readonly secure: boolean;
  /** Aborts when the connection ends: the client is gone. All requests of a connection have one, made when asked for. */
  signal(): AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  /** Names and values in turn, one character per byte (latin1). Date, Connection and the framing are the server's. */
  readonly headers: readonly string[];
  /** Chunks are valid until the next is asked for. One that throws cuts the connection: nobody takes it for whole. */
  readonly body?: Uint8Array | StreamBody | AsyncIterable<Uint8Array> | undefined;
  /** Bytes a GET would get, for answers to HEAD. */
  readonly length?: number | undefined;
  /** Called once, when the last byte was handed to the kernel, or with false when the connection broke before. */
  readonly sent?: ((whole: boolean) => void) | undefined;
}

export interface HttpServer {
  readonly port: number;
  /** Requests being served. */
  readonly active: number;
  /**
   * No further connections; idle ones are closed, others after their request. Resolves when all are gone, at the
   * latest after `grace` milliseconds, when what is left is cut.
   */
  drain(grace: number): Promise<void>;
}
