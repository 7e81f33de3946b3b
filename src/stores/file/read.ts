/** Reads files and notices when they change meanwhile. */
import fs, { type BigIntStats } from 'node:fs';
import { FerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import { interrupted, throwIfAborted } from '../../store/abort.ts';
import { tooLarge } from '../../store/read-body.ts';
import { wantedRange } from '../../store/range.ts';
import type { ReadBody, ReadOptions } from '../../store/store.ts';
import { fileError } from './errors.ts';
import type { Pace, Path } from './io.ts';
import { changedBetween, irregularType, versionOf } from './version.ts';

/** A read of up to this many bytes is done at once, so that no descriptor stays open and the file is checked first. */
export const SMALL_READ = 64 * 1024;
const BUFFER = 256 * 1024;

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

export interface OpenedFile {
  readonly stats: BigIntStats;
  readonly body: ReadBody;
}

/**
 * Opens a file for reading `options` of it. `follow` allows it to be a link; the caller has made sure where that leads.
 * `verify` gets the descriptor before anything is read.
 */
export async function openFile(
  path: Path,
  key: Key,
  options: ReadOptions,
  context: { readonly pace: Pace; readonly follow: boolean; readonly verify?: ((fd: number) => void) | undefined },
  signal: AbortSignal | undefined,
): Promise<OpenedFile> {
  const { io } = context.pace;
  // Without O_NONBLOCK opening a named pipe waits for a writer, maybe for ever.
  const fd = await io.open(path, O_RDONLY | O_NONBLOCK | (context.follow ? 0 : O_NOFOLLOW));
  let handedOver = false;
  try {
    const stats = await io.fstat(fd);
    if (!stats.isFile()) throw notAFile(stats, key);
    context.verify?.(fd);
    if (options.ifMatch !== undefined && options.ifMatch !== versionOf(stats)) throw changed(key);
    const { offset, length } = wantedRange(Number(stats.size), key, options);
    if (length > SMALL_READ) {
      handedOver = true;
      return { stats, body: new FileBody(fd, stats, key, offset, length, context.pace, signal) };
    }
    const bytes = Buffer.allocUnsafe(length);
    for (let at = 0; at < length;) {
      const count = await io.read(fd, bytes, at, length - at, offset + at);
      if (count === 0) throw changed(key);
      at += count;
    }
    if (changedBetween(stats, await io.fstat(fd))) throw changed(key);
    return { stats, body: new WholeBody(bytes, signal) };
  } finally {
    if (!handedOver) await io.close(fd);
    if (context.pace.due) await context.pace.breathe();
  }
}

/** A file read already. Given away at most once, so that `bytes` need not copy. */
export class WholeBody implements ReadBody {
  readonly size: number;
  readonly #bytes: Uint8Array;
  readonly #signal: AbortSignal | undefined;

  constructor(bytes: Uint8Array, signal: AbortSignal | undefined) {
    this.#bytes = bytes;
    this.size = bytes.byteLength;
    this.#signal = signal;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    throwIfAborted(this.#signal);
    if (this.size > 0) yield this.#bytes;
  }

  async bytes(limit: number): Promise<Uint8Array> {
    throwIfAborted(this.#signal);
    if (this.size > limit) throw tooLarge(limit);
    return this.#bytes;
  }

  cancel(): void {
    // Nothing is open.
  }
}

type State = 'open' | 'reading' | 'cancelled' | 'closed';

/** Bytes of an open file, through one buffer. */
class FileBody implements ReadBody {
  readonly size: number;
  readonly #fd: number;
  readonly #stats: BigIntStats;
  readonly #key: Key;
  readonly #offset: number;
  readonly #pace: Pace;
  readonly #signal: AbortSignal | undefined;
  #state: State = 'open';

  constructor(
    fd: number,
    stats: BigIntStats,
    key: Key,
    offset: number,
    size: number,
    pace: Pace,
    signal: AbortSignal | undefined,
  ) {
    this.#fd = fd;
    this.#stats = stats;
    this.#key = key;
    this.#offset = offset;
    this.size = size;
    this.#pace = pace;
    this.#signal = signal;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const buffer = Buffer.allocUnsafeSlow(Math.min(BUFFER, this.size));
    try {
      for (let done = 0; done < this.size;) {
        const count = await this.#read(buffer, 0, Math.min(buffer.byteLength, this.size - done), done);
        done += count;
        // The last chunk is given away only when it is known to be of the version the first was.
        if (done === this.size) await this.#check();
        yield count === buffer.byteLength ? buffer : buffer.subarray(0, count);
      }
    } finally {
      this.#close();
    }
  }

  async bytes(limit: number): Promise<Uint8Array> {
    try {
      if (this.size > limit) throw tooLarge(limit);
      const bytes = Buffer.allocUnsafeSlow(this.size);
      for (let done = 0; done < this.size;)
        done += await this.#read(bytes, done, Math.min(4 * BUFFER, this.size - done), done);
      await this.#check();
      return bytes;
    } finally {
      this.#close();
    }
  }

  cancel(): void {
    // A read under way in the pool uses the descriptor; closing it now could hand its number to another file.
    if (this.#state === 'reading') this.#state = 'cancelled';
    else this.#close();
  }

  async #read(buffer: Uint8Array, at: number, length: number, position: number): Promise<number> {
    if (this.#signal?.aborted) throw interrupted(this.#signal);
    if (this.#state !== 'open') throw new FerryError('interrupted', { message: 'the body was cancelled' });
    this.#state = 'reading';
    try {
      const count = await this.#pace.io.read(this.#fd, buffer, at, length, this.#offset + position);
      if (count === 0) throw changed(this.#key);
      return count;
    } catch (thrown) {
      throw fileError(thrown, 'read', this.#key, 'read');
    } finally {
      const cancelled = this.#wasCancelled();
      this.#state = 'open';
      if (cancelled) this.#close();
      if (this.#pace.due) await this.#pace.breathe();
    }
  }

  async #check(): Promise<void> {
    if (this.#state !== 'open') throw new FerryError('interrupted', { message: 'the body was cancelled' });
    if (changedBetween(this.#stats, fs.fstatSync(this.#fd, { bigint: true }))) throw changed(this.#key);
  }

  /** Asked anew: `cancel` may be called while a read is awaited. */
  #wasCancelled(): boolean {
    return this.#state === 'cancelled';
  }

  #close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    fs.closeSync(this.#fd);
  }
}

function changed(key: Key): FerryError {
  return new FerryError('changed', { key, operation: 'read' });
}

function notAFile(stats: BigIntStats, key: Key): FerryError {
  if (stats.isDirectory())
    return new FerryError('not-found', { key, message: `${JSON.stringify(key)} is a directory, not an object` });
  return new FerryError('irregular', { key, message: `${JSON.stringify(key)} is ${irregularType(stats)}` });
}
