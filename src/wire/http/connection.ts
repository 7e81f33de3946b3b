import type { Socket } from 'node:net';
import { FerryError, toFerryError } from '../../model/errors.ts';
import { BodySender, ONE_WRITE, joined } from './body-sender.ts';
import { type Buffers, SMALL_BODY } from './buffers.ts';
import { type Dialling, type SocketUser, dial } from './dial.ts';
import type { Exchange, ExchangePlace } from './exchange.ts';
import type { Outbox, Sender } from './outbox.ts';
import type { BodySource, IncomingBody } from './response-body.ts';
import { bodyLength, ResponseScanner, type ResponseHead } from './response-parser.ts';
import { bad } from './head-scanner.ts';
import type { Route } from './route.ts';
import { StreamedBody } from './streamed-body.ts';
import type { Ticker } from './ticker.ts';
import type { SessionSlot, TlsSettings } from './tls.ts';
import { WholeBody } from './whole-body.ts';

/** What the connections of a pool have in common. */
export interface ConnectionSettings {
  readonly route: Route;
  readonly tls: TlsSettings;
  readonly session: SessionSlot;
  readonly ticker: Ticker;
  readonly outbox: Outbox;
  readonly buffers: Buffers;
  /** Of a whole head, and of trailers. */
  readonly maxHeaderBytes: number;
  /** Milliseconds an idle connection is kept. */
  readonly idleTimeout: number;
}

export interface ConnectionOwner {
  /** The connection waits for its next exchange. */
  idle(connection: Connection): void;
  /** The connection is no more; `replay` was sent on it and has to be sent on a new one. */
  gone(connection: Connection, replay: Exchange | undefined): void;
}

/** Interim answers (1xx) before the final one. */
const MAX_INTERIM = 16;
/** Silence after `Expect: 100-continue` that counts as yes, milliseconds. */
const CONTINUE_AFTER = 1000;

/**
 * One connection and the exchange on it. Reads go into the client's scratch buffer and are used up before anything else
 * is done, so that all connections share it; large bodies move on to places of their own (`target`).
 */
export class Connection implements SocketUser, BodySource, ExchangePlace, Sender {
  readonly #settings: ConnectionSettings;
  readonly #owner: ConnectionOwner;
  readonly #scanner: ResponseScanner;
  readonly #dialling: Dialling;
  #socket: Socket | undefined;
  #inPlace = false;
  #gone = false;
  #paused = false;
  /** When something last moved, by the ticker. */
  #since: number;
  #idleTimeout: number;

  #exchange: Exchange | undefined;
  #served = 0;
  /** A byte of the present answer came. */
  #heard = false;
  #interim = 0;
  #body: IncomingBody | undefined;
  /** Bytes its `Content-Length` still announces. */
  #due = 0;
  /** May serve another exchange after this one. */
  #reusable = true;
  #sender: BodySender | undefined;
  /** A short request, or the head of one, on its way to the kernel. */
  #short: string | Uint8Array = '';
  #sent = false;
  #expecting: 'nothing' | 'continue' | 'told' = 'nothing';

  /** Dials, and begins with `exchange`. Throws `configuration` where the certificates are unusable. */
  constructor(settings: ConnectionSettings, owner: ConnectionOwner, exchange: Exchange) {
    this.#settings = settings;
    this.#owner = owner;
    this.#scanner = new ResponseScanner(settings.maxHeaderBytes);
    this.#since = settings.ticker.now;
    this.#idleTimeout = settings.idleTimeout;
    this.#exchange = exchange;
    exchange.at(this);
    this.#dialling = dial(settings.route, settings.tls, settings.session, this);
  }

  /** Begins the next exchange on an idle connection. */
  start(exchange: Exchange): void {
    this.#exchange = exchange;
    this.#heard = false;
    this.#interim = 0;
    exchange.at(this);
    this.#send(exchange);
  }

  /** Gives up on what does not move. `now` is of the ticker. */
  check(now: number): void {
    const { connectTimeout, readTimeout, writeTimeout, place } = this.#settings.route;
    const quiet = now - this.#since;
    const exchange = this.#exchange;
    if (exchange === undefined) {
      if (quiet >= this.#idleTimeout) this.destroy();
    } else if (this.#socket === undefined) {
      if (quiet >= connectTimeout) this.callOff(exchange, timedOut(`connect to ${place}`, connectTimeout));
    } else if (this.#sender?.writing === true) {
      if (now - Math.max(this.#sender.since, this.#since) >= writeTimeout)
        this.callOff(exchange, timedOut(`send to ${place}`, writeTimeout));
    } else if (this.#expecting === 'continue') {
      if (quiet >= CONTINUE_AFTER) this.#proceed(exchange);
    } else if (quiet >= readTimeout && (this.#body === undefined ? this.#sent : this.#body.hungry)) {
      this.callOff(exchange, timedOut(`read the answer of ${place}`, readTimeout));
    }
  }

  callOff(exchange: Exchange, error: FerryError): void {
    if (exchange === this.#exchange) this.#fail(error);
  }

  destroy(): void {
    this.#leave(undefined);
  }

  /** Ends whatever goes on with `error`. */
  close(error: FerryError): void {
    if (this.#exchange === undefined) this.destroy();
    else this.#fail(error);
  }

  // What the body asks for.

  resume(): void {
    this.#since = this.#settings.ticker.now;
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket!.resume();
  }

  cut(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.finished();
    this.destroy();
  }

  // What the socket tells.

  opened(socket: Socket, inPlace: boolean): void {
    this.#socket = socket;
    this.#inPlace = inPlace;
    this.#since = this.#settings.ticker.now;
    if (this.#exchange === undefined) this.#owner.idle(this);
    else this.#send(this.#exchange);
  }

  target(): Buffer {
    return this.#body?.target() ?? this.#settings.buffers.scratch;
  }

  received(length: number, bytes: Buffer): boolean {
    const exchange = this.#exchange;
    if (exchange === undefined || this.#socket === undefined) {
      // Bytes nobody asked for (Swift after HEAD): whatever they are, the next answer cannot be told from them.
      this.destroy();
      return false;
    }
    this.#since = this.#settings.ticker.now;
    this.#heard = true;
    try {
      return this.#read(exchange, bytes, length);
    } catch (thrown) {
      this.#fail(toFerryError(thrown));
      return false;
    }
  }

  ended(error?: FerryError): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return this.destroy();
    if (this.#body !== undefined) {
      this.#body.ended(error);
      return this.cut();
    }
    this.#exchange = undefined;
    if (this.#served > 0 && !this.#heard && !exchange.replayed && !exchange.request.once) return this.#leave(exchange);
    this.destroy();
    exchange.failed(error ?? hangUp(this.#settings.route.place, this.#socket !== undefined));
  }

  // Reading.

  #read(exchange: Exchange, bytes: Buffer, length: number): boolean {
    let at = 0;
    let response: ResponseHead | undefined;
    if (this.#body === undefined) {
      while (at < length && response === undefined) {
        at = this.#scanner.scan(bytes, at, length);
        if (!this.#scanner.complete) break;
        const head = this.#scanner.take();
        if (head.status >= 200) response = head;
        else this.#interimAnswer(head.status);
      }
      if (response === undefined) {
        if (this.#expecting === 'told') this.#proceed(exchange);
        return true;
      }
      this.#body = this.#begin(exchange, response);
    }
    const body = this.#body;
    // Bytes after the announced ones are no answer to anything: the length was a lie, and what it cut is no object.
    if (this.#due > 0 && hasMore(bytes, at + this.#due, length)) throw bad('answer', 'more than its Content-Length');
    this.#due -= length - at;
    at = body.take(bytes, at, length);
    if (at < length) this.#reusable = false;
    if (response !== undefined) {
      if (!this.#sent && response.status >= 300) this.#stopSending();
      exchange.answered({ status: response.status, headers: response.headers, body });
    }
    if (!body.arrived && !body.wantsMore) {
      this.#paused = true;
      return false;
    }
    // TLS delivers what it has decrypted although reading is stopped, and after that only `resume` starts it again.
    if (this.#paused) this.resume();
    if (body.arrived) this.#finish(exchange);
    return true;
  }

  #interimAnswer(status: number): void {
    if (status === 101) throw bad('answer', 'a change of protocol nobody asked for');
    if (++this.#interim > MAX_INTERIM) throw bad('answer', `more than ${MAX_INTERIM} interim answers`);
    if (status === 100 && this.#expecting === 'continue') this.#expecting = 'told';
  }

  #begin(exchange: Exchange, head: ResponseHead): IncomingBody {
    const { buffers, maxHeaderBytes } = this.#settings;
    const { method } = exchange.request;
    const length = bodyLength(method, head);
    this.#due = length;
    this.#reusable = head.keepAlive;
    // Swift sends the end of a chunked body after answers to HEAD that promise one.
    if (method === 'HEAD' && head.headers.get('transfer-encoding') !== undefined) this.#reusable = false;
    if (this.#served === 0) this.#heedKeepAlive(head);
    return length >= 0 && length <= SMALL_BODY
      ? new WholeBody(this, length)
      : new StreamedBody(this, buffers, {
          framing: length,
          inPlace: this.#inPlace,
          subject: 'answer',
          trailerLimit: maxHeaderBytes,
        });
  }

  /** `Keep-Alive: timeout=5` (node:http): leave a second before the server does, rather than race with it. */
  #heedKeepAlive(head: ResponseHead): void {
    const seconds = /timeout=(\d{1,6})/.exec(head.headers.get('keep-alive') ?? '')?.[1];
    if (seconds !== undefined)
      this.#idleTimeout = Math.min(this.#idleTimeout, Math.max(0, Number(seconds) * 1000 - 1000));
  }

  #finish(exchange: Exchange): void {
    this.#exchange = undefined;
    this.#body = undefined;
    this.#sender = undefined;
    this.#served++;
    exchange.finished();
    if (this.#reusable && this.#sent && !this.#gone) this.#owner.idle(this);
    else this.destroy();
  }

  // Writing.

  #send(exchange: Exchange): void {
    this.#since = this.#settings.ticker.now;
    const { body, expectContinue } = exchange.request;
    this.#sent = body === undefined;
    if (body !== undefined && expectContinue !== true) {
      this.#sendBody(exchange, exchange.head);
      return;
    }
    if (body !== undefined) this.#expecting = 'continue';
    this.#post(exchange.head);
  }

  #proceed(exchange: Exchange): void {
    this.#expecting = 'nothing';
    // The head may be in the outbox yet, where a process stood still meanwhile.
    this.dispatch();
    this.#sendBody(exchange, '');
  }

  #sendBody(exchange: Exchange, head: string): void {
    const body = exchange.request.body!;
    if (body instanceof Uint8Array && body.length <= ONE_WRITE) {
      this.#sent = true;
      this.#post(joined(head, body));
      return;
    }
    const sender = new BodySender(this.#socket!, this.#settings.ticker, head);
    this.#sender = sender;
    void this.#await(exchange, body instanceof Uint8Array ? sender.buffer(body) : sender.stream(body));
  }

  #post(bytes: string | Uint8Array): void {
    this.#short = bytes;
    this.#settings.outbox.post(this);
  }

  dispatch(): void {
    const bytes = this.#short;
    this.#short = '';
    if (this.#gone || bytes === '') return;
    if (typeof bytes === 'string') this.#socket!.write(bytes, 'latin1');
    else this.#socket!.write(bytes);
  }

  async #await(exchange: Exchange, sending: Promise<boolean>): Promise<void> {
    try {
      if (!(await sending) || exchange !== this.#exchange) return;
      this.#sent = true;
      this.#since = this.#settings.ticker.now;
    } catch (thrown) {
      this.callOff(exchange, toFerryError(thrown));
    }
  }

  /** The server has refused before it had the body: it does not want the rest, and could not tell it from a next request. */
  #stopSending(): void {
    this.#expecting = 'nothing';
    this.#sender?.stop();
    this.#reusable = false;
  }

  // Ending.

  #fail(error: FerryError): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#body?.fail(error);
    this.destroy();
    exchange?.failed(error);
  }

  #leave(replay: Exchange | undefined): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#sender?.stop();
    this.#dialling.destroy();
    this.#owner.gone(this, replay);
  }
}

/** A line end after a body is an old habit (RFC 9112 section 2.2), and passed over. */
function hasMore(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== 0x0d && bytes[at] !== 0x0a) return true;
  return false;
}

function timedOut(doing: string, ms: number): FerryError {
  return new FerryError('timeout', { message: `Cannot ${doing}: nothing moved for ${ms / 1000} s` });
}

function hangUp(place: string, open: boolean): FerryError {
  const message = open ? `${place} closed the connection without an answer` : `${place} closed the connection at once`;
  return new FerryError('network', { message });
}
