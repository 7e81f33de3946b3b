/** Watching the bytes of a call as they pass: one wrapper per direction, however many layers watch. */
import type { Body, StreamBody } from '../../model/body.ts';
import type { ReadBody, ReadResult } from '../store.ts';

export interface Observer {
  /** More of what is written is asked for, and not here yet. */
  waiting?(): void;
  /** More of what is read is asked for, and to come; the promise returned is waited for in its place. */
  guard?<T>(coming: Promise<T>): Promise<T>;
  /** Bytes are here; they go on when the promise, if any, resolves. */
  passed?(bytes: number): Promise<void> | undefined;
  /** No more come: all were read, or the body failed or was cancelled. Called once per body. */
  ended?(): void;
  /** What is thrown in place of `error`. */
  failed?(error: unknown): unknown;
}

/** The result with `observer` watching its body; the last to begin watching is the first to be told. */
export function observeRead(result: ReadResult, observer: Observer): ReadResult {
  if (result.body instanceof ObservedBody) {
    result.body.observe(observer);
    return result;
  }
  return { meta: result.meta, body: new ObservedBody(result.body, observer) };
}

export class ObservedBody implements ReadBody, AsyncIterator<Uint8Array, undefined> {
  protected inner: ReadBody;
  protected chunks: AsyncIterator<Uint8Array> | undefined;
  readonly #observers: Observer[];
  #ended = false;

  constructor(inner: ReadBody, ...observers: Observer[]) {
    this.inner = inner;
    this.#observers = observers;
  }

  get size(): number | undefined {
    return this.inner.size;
  }

  observe(observer: Observer): void {
    this.#observers.push(observer);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#ended) return { done: true, value: undefined };
    try {
      const chunk = await this.#guarded(this.pull());
      if (chunk === undefined) {
        this.#end();
        return { done: true, value: undefined };
      }
      for (const observer of this.#observers) {
        const wait = observer.passed?.(chunk.byteLength);
        if (wait) await wait;
      }
      return { done: false, value: chunk };
    } catch (error) {
      this.inner.cancel();
      throw this.#fail(error);
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.cancel();
    return { done: true, value: undefined };
  }

  async bytes(limit: number): Promise<Uint8Array> {
    try {
      const bytes = await this.#guarded(this.pullAll(limit));
      for (const observer of this.#observers) {
        const wait = observer.passed?.(bytes.byteLength);
        if (wait) await wait;
      }
      this.#end();
      return bytes;
    } catch (error) {
      this.inner.cancel();
      throw this.#fail(error);
    }
  }

  cancel(): void {
    this.inner.cancel();
    this.#end();
  }

  /** The next chunk; undefined at the end. */
  protected async pull(): Promise<Uint8Array | undefined> {
    this.chunks ??= this.inner[Symbol.asyncIterator]();
    const { done, value } = await this.chunks.next();
    return done ? undefined : value;
  }

  protected pullAll(limit: number): Promise<Uint8Array> {
    return this.inner.bytes(limit);
  }

  #guarded<T>(coming: Promise<T>): Promise<T> {
    let guarded = coming;
    for (const observer of this.#observers) if (observer.guard) guarded = observer.guard(guarded);
    return guarded;
  }

  #fail(error: unknown): unknown {
    const told = this.#observers.reduce((thrown, observer) => observer.failed?.(thrown) ?? thrown, error);
    this.#end();
    return told;
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const observer of this.#observers) observer.ended?.();
  }
}

/** The body with `observer` watching its bytes. Bytes in memory pass all at once and are not watched. */
export function observeBody(body: Body, observer: Observer): Body {
  return body instanceof Uint8Array ? body : new ObservedStream(body, observer);
}

/** Bytes in memory as a stream of slices, so that they can be watched. */
export function sliced(bytes: Uint8Array, slice: number): StreamBody {
  return {
    size: bytes.byteLength,
    async *open() {
      for (let at = 0; at < bytes.byteLength; at += slice) yield bytes.subarray(at, at + slice);
    },
  };
}

class ObservedStream implements StreamBody {
  readonly size: number;
  readonly #inner: StreamBody;
  readonly #observer: Observer;

  constructor(inner: StreamBody, observer: Observer) {
    this.size = inner.size;
    this.#inner = inner;
    this.#observer = observer;
  }

  open(): AsyncIterable<Uint8Array> {
    return new ObservedChunks(this.#inner.open(), this.#observer);
  }
}

class ObservedChunks implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #inner: AsyncIterator<Uint8Array>;
  readonly #observer: Observer;

  constructor(inner: AsyncIterable<Uint8Array>, observer: Observer) {
    this.#inner = inner[Symbol.asyncIterator]();
    this.#observer = observer;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#observer.waiting?.();
    try {
      const { done, value } = await this.#inner.next();
      if (!done) {
        const wait = this.#observer.passed?.(value.byteLength);
        if (wait) await wait;
        return { done: false, value };
      }
    } catch (error) {
      this.#observer.ended?.();
      throw this.#observer.failed?.(error) ?? error;
    }
    this.#observer.ended?.();
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#observer.ended?.();
    await this.#inner.return?.();
    return { done: true, value: undefined };
  }
}
