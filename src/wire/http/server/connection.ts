import type { Socket } from 'node:net';
import type { StreamBody } from '../../../model/body.ts';
import { FerryError, toFerryError } from '../../../model/errors.ts';
import { BodySender, joined, ONE_WRITE } from '../body-sender.ts';
import { SMALL_BODY, type Buffers } from '../buffers.ts';
import type { Outbox, Sender } from '../outbox.ts';
import { LONGEST_DISCARD, type BodySource, type IncomingBody } from '../response-body.ts';
import { StreamedBody } from '../streamed-body.ts';
import type { Ticker } from '../ticker.ts';
import { WholeBody } from '../whole-body.ts';
import { answerHead } from './answer-head.ts';
import { sendChunked } from './chunked-sender.ts';
import { RequestScanner, type RequestHead } from './request-line.ts';
import type { HttpAnswer, HttpHandler, ServerRequest } from './server.ts';

export interface ServerTimeouts {
  /** An idle connection is kept so long, milliseconds. */
  readonly idle: number;
  /** The head of a request must be whole after so long. */
  readonly head: number;
  /** A body that is waited for, or an answer the client does not take, moves within so long. */
  readonly progress: number;
}

/** What a body that is waited for has to bring: so many bytes in so many milliseconds. */
export interface BodyPace {
  readonly bytes: number;
  readonly within: number;
}

/** What the connections of a server have in common. */
export interface ConnectionContext {
  readonly handler: HttpHandler;
  readonly ticker: Ticker;
  readonly outbox: Outbox;
  readonly buffers: Buffers;
  readonly timeouts: ServerTimeouts;
  /** Undefined: any that is no standstill. */
  readonly bodyPace: BodyPace | undefined;
  readonly maxHeaderBytes: number;
  readonly secure: boolean;
  /** The present second as an HTTP date. */
  date(): string;
  /** No further request is wanted on any connection. */
  readonly draining: boolean;
  gone(connection: ServerConnection): void;
}

/** Requests sent ahead are held up to this; then reading stops. */
const MOST_AHEAD = 64 * 1024;
/** After a refusal the client may go on sending so long before the connection is cut, milliseconds. */
const LINGER = 2000;

/** One connection of a client, and the request that is being served on it. */
export class ServerConnection implements BodySource, Sender {
  readonly #socket: Socket;
  readonly #context: ConnectionContext;
  readonly #scanner: RequestScanner;
  readonly #from: string;
  #exchange: Exchange | undefined;
  /** Bytes of requests sent ahead. */
  #ahead: Buffer | undefined;
  #paused = false;
  #gone = false;
  /** When something last came, by the ticker. */
  #since: number;
  /** When the present head began; when lingering began. */
  #headSince = 0;
  #lingering = false;
  /** Since when, by the ticker, a body has to keep its pace, and what came of it since. */
  #paced = { since: 0, bytes: 0 };
  #sender: BodySender | undefined;
  /** A short answer on its way to the kernel. */
  #short: { readonly bytes: string | Uint8Array; readonly over: (whole: boolean) => void } | undefined;
  /** Since when a short answer waits for the kernel, by the ticker. */
  #unsent: number | undefined;
  #controller: AbortController | undefined;

  constructor(socket: Socket, context: ConnectionContext) {
    this.#socket = socket;
    this.#context = context;
    this.#scanner = new RequestScanner(context.maxHeaderBytes);
    this.#from = socket.remoteAddress ?? '';
    this.#since = context.ticker.now;
    // A client that closes its side is gone: half-closed connections are not served.
    socket.on('end', () => this.#left());
    socket.on('error', () => this.#left());
    socket.on('close', () => this.#left());
  }

  /** One for all requests: to make one, and listen to it, costs more than much of what is done for a short request. */
  signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#gone) this.#controller.abort();
    return this.#controller.signal;
  }

  get busy(): boolean {
    return this.#exchange !== undefined;
  }

  /** Gives up on what does not move. */
  check(now: number): void {
    const { idle, head, progress } = this.#context.timeouts;
    const quiet = now - this.#since;
    const exchange = this.#exchange;
    if (this.#lingering) {
      if (now - this.#headSince >= LINGER) this.destroy();
    } else if (exchange === undefined) {
      if (!this.#scanner.begun) {
        if (quiet >= idle) this.destroy();
      } else if (now - this.#headSince >= head) this.#refuse(408);
    } else if (this.#sender?.writing === true) {
      if (now - Math.max(this.#sender.since, this.#since) >= progress) this.destroy();
    } else if (this.#unsent !== undefined) {
      if (now - this.#unsent >= progress) this.destroy();
    } else if (exchange.body.arrived) {
      return;
    } else if (!exchange.body.hungry) {
      // Who does not ask for more is waited for, not the client.
      this.#paced = { since: now, bytes: 0 };
    } else if (quiet >= progress) {
      this.#give(exchange, `The client sent nothing for ${progress / 1000} s`);
    } else {
      this.#checkPace(exchange, now);
    }
  }

  #checkPace(exchange: Exchange, now: number): void {
    const pace = this.#context.bodyPace;
    if (pace === undefined || now - this.#paced.since < pace.within) return;
    const { bytes } = this.#paced;
    this.#paced = { since: now, bytes: 0 };
    if (bytes < pace.bytes)
      this.#give(exchange, `The client sent ${bytes} bytes in ${pace.within / 1000} s, and at least ${pace.bytes} are wanted`); // prettier-ignore
  }

  /** No more of the body is waited for. */
  #give(exchange: Exchange, why: string): void {
    exchange.body.fail(new FerryError('timeout', { message: why, retryable: 'never' }));
    this.#endAfter();
  }

  /** Closes the connection unless a request is being served, which is its last. */
  drain(): void {
    if (this.#exchange === undefined) this.destroy();
  }

  destroy(): void {
    this.#left();
  }

  // What the body asks for.

  resume(): void {
    const exchange = this.#exchange;
    this.#since = this.#context.ticker.now;
    if (exchange !== undefined) this.#goOn(exchange);
    this.#flow();
  }

  #goOn(exchange: Exchange): void {
    if (!exchange.expecting) return;
    exchange.expecting = false;
    this.#socket.write('HTTP/1.1 100 Continue\r\n\r\n', 'latin1');
  }

  cut(): void {
    this.#endAfter();
  }

  // Reading.

  /** What came; the bytes are valid during the call. */
  received(bytes: Buffer): void {
    if (this.#lingering || this.#gone) return;
    this.#since = this.#context.ticker.now;
    try {
      this.#use(bytes);
    } catch (thrown) {
      const { message } = toFerryError(thrown);
      // What was read wrong may hide requests in it: nothing more is read.
      if (this.#exchange === undefined) this.#refuse(/header of more than|header fields/.test(message) ? 431 : 400);
      else {
        this.#exchange.body.fail(toFerryError(thrown));
        this.#endAfter();
      }
    }
  }

  #use(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) {
      const exchange = this.#exchange;
      if (exchange === undefined) {
        if (!this.#scanner.begun) this.#headSince = this.#context.ticker.now;
        at = this.#scanner.scan(bytes, at, bytes.length);
        if (this.#scanner.complete) this.#begin(this.#scanner.take());
      } else if (!exchange.body.arrived && !exchange.last) {
        const from = at;
        at = exchange.body.take(bytes, from, bytes.length);
        this.#paced.bytes += at - from;
      } else {
        this.#hold(bytes.subarray(at));
        return;
      }
    }
    const body = this.#exchange?.body;
    if (body !== undefined && !body.arrived && !body.wantsMore) this.#pause();
  }

  #hold(bytes: Buffer): void {
    this.#ahead = this.#ahead === undefined ? Buffer.from(bytes) : Buffer.concat([this.#ahead, bytes]);
    if (this.#ahead.length > MOST_AHEAD) this.#pause();
  }

  #pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  #flow(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
  }

  #begin(head: RequestHead): void {
    const exchange = new Exchange(head, this.#body(head), this, this.#from, this.#context.secure);
    this.#exchange = exchange;
    this.#paced = { since: this.#context.ticker.now, bytes: 0 };
    // botocore takes an answer without that word for the end of the connection, although it goes on using it.
    if (head.length === 0) this.#goOn(exchange);
    void this.#serve(exchange);
  }

  #body(head: RequestHead): IncomingBody {
    const { length } = head;
    const small = length >= 0 && length <= SMALL_BODY;
    if (length === 0 || (small && !head.expectsContinue)) return new WholeBody(this, length);
    return new StreamedBody(this, this.#context.buffers, {
      framing: length,
      inPlace: false,
      subject: 'request',
      trailerLimit: this.#context.maxHeaderBytes,
    });
  }

  // Answering.

  async #serve(exchange: Exchange): Promise<void> {
    let answer: HttpAnswer;
    try {
      answer = await this.#context.handler(exchange);
    } catch {
      answer = { status: 500, headers: [] };
    }
    if (this.#exchange !== exchange) return abandon(answer);
    try {
      const whole = await this.#send(exchange, answer);
      answer.sent?.(whole);
      if (whole) await this.#finish(exchange);
      else this.destroy();
    } catch {
      // The answer broke off, or could not be said: the client must not take it for whole.
      answer.sent?.(false);
      this.destroy();
    }
  }

  /** True once the kernel has it all; false when the client is gone. */
  async #send(exchange: Exchange, answer: HttpAnswer): Promise<boolean> {
    const { body } = answer;
    const size = sizeOf(answer);
    const bodiless = exchange.method === 'HEAD' || answer.status === 204 || answer.status === 304;
    // A client that still waits for a word may or may not send its body now; nobody could tell.
    if (exchange.expecting || this.#context.draining || muchLeft(exchange.body)) exchange.last = true;
    const chunked = size === undefined && exchange.minor === 1;
    if (size === undefined && !chunked && !bodiless) exchange.last = true;
    const none = answer.status === 204 || (answer.status === 304 && answer.length === undefined);
    const framing = none || (size === undefined && !chunked) ? 'none' : (size ?? 'chunked');
    const head = answerHead(answer, framing, this.#context.date(), exchange.last || !exchange.keepAlive);
    if (bodiless || body === undefined || size === 0) {
      abandonBody(body);
      return await this.#write(head);
    }
    if (body instanceof Uint8Array && body.length <= ONE_WRITE) return await this.#write(joined(head, body));
    const sender = new BodySender(this.#socket, this.#context.ticker, head);
    this.#sender = sender;
    if (body instanceof Uint8Array) return await sender.buffer(body);
    if (isSized(body)) return await sender.stream(body);
    return await sendChunked(sender, body, chunked);
  }

  #write(bytes: string | Uint8Array): Promise<boolean> {
    return new Promise((over) => {
      this.#short = { bytes, over };
      this.#context.outbox.post(this);
    });
  }

  dispatch(): void {
    const { bytes, over } = this.#short!;
    this.#short = undefined;
    if (this.#gone) return over(false);
    const taken = typeof bytes === 'string' ? this.#socket.write(bytes, 'latin1') : this.#socket.write(bytes);
    if (taken) return over(true);
    this.#unsent = this.#context.ticker.now;
    const settle = (whole: boolean): void => {
      this.#unsent = undefined;
      this.#socket.off('drain', drained).off('close', closed);
      over(whole);
    };
    const drained = (): void => settle(true);
    const closed = (): void => settle(false);
    this.#socket.on('drain', drained).on('close', closed);
  }

  async #finish(exchange: Exchange): Promise<void> {
    this.#sender = undefined;
    if (!exchange.body.arrived && !exchange.last) await exchange.body.discard();
    if (this.#exchange !== exchange) return;
    this.#exchange = undefined;
    if (exchange.last || !exchange.keepAlive || !exchange.body.arrived) return this.#linger();
    if (this.#context.draining) return this.destroy();
    this.#since = this.#context.ticker.now;
    const ahead = this.#ahead;
    this.#ahead = undefined;
    this.#flow();
    if (ahead !== undefined) this.received(ahead);
  }

  /** The present exchange is the last on this connection. */
  #endAfter(): void {
    if (this.#exchange !== undefined) this.#exchange.last = true;
  }

  #refuse(status: number): void {
    this.#socket.write(answerHead({ status, headers: [] }, 0, this.#context.date(), true), 'latin1');
    this.#linger();
  }

  /** Closes our side, and reads on for a while: a client that is still sending would lose the answer otherwise. */
  #linger(): void {
    this.#lingering = true;
    this.#headSince = this.#context.ticker.now;
    this.#flow();
    this.#socket.end();
  }

  #left(): void {
    if (this.#gone) return;
    this.#gone = true;
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#sender?.stop();
    this.#socket.destroy();
    exchange?.body.ended();
    this.#controller?.abort();
    this.#context.gone(this);
  }
}

/** One request from its head to the last byte of its answer. */
class Exchange implements ServerRequest {
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly headers: RequestHead['headers'];
  readonly body: IncomingBody;
  readonly from: string;
  readonly secure: boolean;
  readonly keepAlive: boolean;
  readonly minor: number;
  /** The client waits to be told to go on. */
  expecting: boolean;
  /** The connection ends with this exchange. */
  last = false;
  readonly #connection: ServerConnection;

  constructor(head: RequestHead, body: IncomingBody, connection: ServerConnection, from: string, secure: boolean) {
    this.method = head.method;
    this.target = head.target;
    this.host = head.host;
    this.headers = head.headers;
    this.minor = head.minor;
    // HTTP/1.0 clients close after every answer.
    this.keepAlive = head.keepAlive && head.minor === 1;
    this.expecting = head.expectsContinue;
    this.body = body;
    this.#connection = connection;
    this.from = from;
    this.secure = secure;
  }

  signal(): AbortSignal {
    return this.#connection.signal();
  }
}

/** More of the body is to come than is worth reading to keep the connection. */
function muchLeft(body: IncomingBody): boolean {
  return !body.arrived && (body.length === undefined || body.length > LONGEST_DISCARD);
}

function sizeOf({ body, length }: HttpAnswer): number | undefined {
  if (length !== undefined) return length;
  if (body === undefined) return 0;
  if (body instanceof Uint8Array) return body.length;
  return isSized(body) ? body.size : undefined;
}

function isSized(body: StreamBody | AsyncIterable<Uint8Array>): body is StreamBody {
  return 'open' in body;
}

/** Frees what an answer holds that is not sent. */
function abandon(answer: HttpAnswer): void {
  abandonBody(answer.body);
  answer.sent?.(false);
}

function abandonBody(body: HttpAnswer['body']): void {
  if (body === undefined || body instanceof Uint8Array) return;
  const chunks = (isSized(body) ? body.open() : body)[Symbol.asyncIterator]();
  void chunks.return?.().then(undefined, () => undefined);
}
