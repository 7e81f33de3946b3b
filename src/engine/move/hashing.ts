/**
 * MD5 and CRC-32 of long streams, computed on threads of their own while the main thread moves the bytes on.
 *
 * Hashing is the one thing moving large objects computes, and MD5 takes as long as all the rest (measured: 0.65 GB/s of
 * one core, beside 1 GB/s for reading a file and sending it). A chunk is copied into memory shared with a thread, which
 * costs a twentieth of hashing it. Short streams are hashed where they are: two messages would cost more.
 *
 * Memory: 4 MiB and a thread's own 6 MiB for each thread, from the first long stream on.
 */
import { createHash, type Hash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { FerryError } from '../../model/errors.ts';

export interface Digests {
  /** Hexadecimal. */
  readonly md5: string;
  readonly crc32: string;
}

/** The digests of one stream. Either `end` or `forget` is called, once. */
export interface StreamHash {
  /** Takes a chunk, which may be overwritten once this returned or, where it is a promise, that has resolved. */
  update(chunk: Uint8Array): void | Promise<void>;
  end(): Promise<Digests>;
  forget(): void;
}

/** What a thread is told; `at` is where in the shared memory the chunk begins. */
export type ToThread =
  | { readonly do: 'update'; readonly stream: number; readonly at: number; readonly length: number }
  | { readonly do: 'end' | 'forget'; readonly stream: number };

export type FromThread =
  | { readonly freed: number }
  | { readonly stream: number; readonly md5: string; readonly crc32: string };

/** What a thread is given when it starts. */
export interface Shared {
  readonly memory: SharedArrayBuffer;
}

const SLOT = 256 * 1024;
const SLOTS = 16;
/** Shorter streams are hashed on the main thread. */
const LONG = 1024 * 1024;
/** More threads than this outrun whatever feeds them. */
const MOST_THREADS = 2;

export class Hashing implements Disposable {
  readonly #most: number;
  readonly #threads: HashThread[] = [];
  #next = 0;

  /** `threads` at most; as many as there are processors beside the main thread's where absent, none where there are none. */
  constructor(threads = Math.min(MOST_THREADS, availableParallelism() - 1)) {
    this.#most = threads;
  }

  /** Begins the hash of a stream of `size` bytes. */
  begin(size: number): StreamHash {
    if (size < LONG || this.#most === 0) return new InlineHash();
    const at = this.#next++ % this.#most;
    this.#threads[at] ??= new HashThread();
    return this.#threads[at].begin();
  }

  /** Ends the threads; what is under way is rejected. */
  [Symbol.dispose](): void {
    for (const thread of this.#threads) thread.stop();
  }
}

class InlineHash implements StreamHash {
  readonly #md5: Hash = createHash('md5');
  #crc32 = 0;

  update(chunk: Uint8Array): void {
    this.#md5.update(chunk);
    this.#crc32 = crc32(chunk, this.#crc32);
  }

  async end(): Promise<Digests> {
    return { md5: this.#md5.digest('hex'), crc32: this.#crc32.toString(16).padStart(8, '0') };
  }

  forget(): void {
    // Nothing is held.
  }
}

/** One thread and the memory shared with it. */
class HashThread {
  readonly #memory = new Uint8Array(new SharedArrayBuffer(SLOT * SLOTS));
  readonly #worker: Worker;
  readonly #free = Array.from({ length: SLOTS }, (_, slot) => slot * SLOT);
  /** Who waits for a slot, first come first served. */
  readonly #waiting: PromiseWithResolvers<number>[] = [];
  readonly #ending = new Map<number, PromiseWithResolvers<Digests>>();
  #streams = 0;
  #failure: FerryError | undefined;

  constructor() {
    // Beside this file, in the sources and in the published program.
    const file = new URL(import.meta.url.endsWith('.ts') ? './hash-thread.ts' : './hash-thread.js', import.meta.url);
    const shared: Shared = { memory: this.#memory.buffer };
    this.#worker = new Worker(file, { workerData: shared });
    this.#worker.unref();
    this.#worker.on('message', (message: FromThread) => this.#told(message));
    this.#worker.on('error', (cause) => this.#fail(cause));
    this.#worker.on('exit', () => this.#fail(undefined));
  }

  begin(): StreamHash {
    const stream = this.#streams++;
    return {
      update: (chunk) => this.#update(stream, chunk),
      end: () => this.#end(stream),
      forget: () => this.#tell({ do: 'forget', stream }),
    };
  }

  stop(): void {
    void this.#worker.terminate();
  }

  #update(stream: number, chunk: Uint8Array): void | Promise<void> {
    if (chunk.byteLength > SLOT || this.#free.length === 0 || this.#failure) return this.#updateSlowly(stream, chunk);
    this.#put(stream, chunk, this.#free.pop()!);
  }

  async #updateSlowly(stream: number, chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.byteLength; at += SLOT) {
      this.#put(stream, chunk.subarray(at, at + SLOT), this.#free.pop() ?? (await this.#slot()));
    }
  }

  #put(stream: number, bytes: Uint8Array, at: number): void {
    this.#memory.set(bytes, at);
    this.#tell({ do: 'update', stream, at, length: bytes.byteLength });
  }

  #slot(): Promise<number> {
    if (this.#failure) throw this.#failure;
    const waiter = Promise.withResolvers<number>();
    this.#waiting.push(waiter);
    return waiter.promise;
  }

  #end(stream: number): Promise<Digests> {
    if (this.#failure) throw this.#failure;
    const end = Promise.withResolvers<Digests>();
    this.#ending.set(stream, end);
    this.#tell({ do: 'end', stream });
    return end.promise;
  }

  #tell(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  #told(message: FromThread): void {
    if ('freed' in message) {
      const waiter = this.#waiting.shift();
      if (waiter) waiter.resolve(message.freed);
      else this.#free.push(message.freed);
      return;
    }
    const { stream, md5, crc32: crc } = message;
    this.#ending.get(stream)?.resolve({ md5, crc32: crc });
    this.#ending.delete(stream);
  }

  /** The thread is gone: nobody may wait for it. */
  #fail(cause: unknown): void {
    this.#failure ??= new FerryError('internal', { message: 'the thread that hashes has ended', cause });
    for (const { reject } of [...this.#waiting, ...this.#ending.values()]) reject(this.#failure);
    this.#waiting.length = 0;
    this.#ending.clear();
  }
}
