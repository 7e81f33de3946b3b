/**
 * The bytes of one fetch on their way: appended once as they come from the origin, read by any number of readers, each
 * at its own pace, from any byte that is still there.
 *
 * Up to 1 MiB they are kept in memory, where there is some; beyond that in temporary files of 8 MiB each, which have no
 * name any more once they are open, so that nothing is left of a process that was killed. At least `floor` bytes can be
 * on disk; beyond them it takes what it gets. A segment goes as soon as space is wanted and its bytes are safe
 * elsewhere (`safeTo`): a reader who wanted them gets `Overrun` and has to look there. So neither a slow reader nor an
 * endless object takes more than its share.
 */
import { randomUUID } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { FerryError, toFerryError } from '../../model/errors.ts';
import { KiB, MiB } from '../../model/units.ts';
import { temporaryFailure } from '../../store/temporary-failure.ts';
import { Bell } from './bell.ts';
import { SEGMENT, type Sheddable, type SpoolSpace } from './spool-space.ts';

/** Objects up to this are kept in memory. */
const IN_MEMORY = MiB;
/** Bytes a client gets at once: so much memory each of them takes. */
const CHUNK = 128 * KiB;

/** What a reader wanted is not here any more. */
export class Overrun extends FerryError {
  constructor() {
    super('interrupted', { message: 'The reader fell behind what is kept for it', retryable: 'never' });
  }
}

export class Spool implements Sheddable {
  readonly #space: SpoolSpace;
  /** Room that was asked for beforehand and is not used yet, bytes. */
  #reserved: number;
  readonly #floor: number;
  #memory: Buffer | undefined;
  readonly #segments: (Segment | undefined)[] = [];
  /** Index of the first segment that is here. */
  #first = 0;
  #length = 0;
  #safeTo = 0;
  #done = false;
  #error: FerryError | undefined;
  #owners = 1;
  #paced = false;
  readonly #readers = new Set<SpoolReader>();
  readonly #bell = new Bell();

  private constructor(space: SpoolSpace, memory: Buffer | undefined, reserved: number, floor: number) {
    this.#space = space;
    this.#memory = memory;
    this.#reserved = reserved;
    this.#floor = floor;
    space.join(this);
  }

  /**
   * Waits for the room it needs at least. `size`: of the object, where known. Has one owner; each further one `keep`s
   * it, and each `release`s it.
   */
  static async open(space: SpoolSpace, size: number | undefined, floor: number, signal?: AbortSignal): Promise<Spool> {
    const most = size ?? IN_MEMORY;
    if (most <= IN_MEMORY && space.tryTakeMemory(most)) return new Spool(space, Buffer.allocUnsafeSlow(most), 0, floor);
    const reserved = wholeSegments(Math.min(size ?? floor, floor));
    await space.take(reserved, signal);
    return new Spool(space, undefined, reserved, floor);
  }

  /** Bytes that have come. */
  get length(): number {
    return this.#length;
  }

  /** All have come. */
  get done(): boolean {
    return this.#done;
  }

  /** Whether the byte at `at` is here, or comes next. */
  has(at: number): boolean {
    return at <= this.#length && at >= this.#first * SEGMENT;
  }

  keep(): void {
    this.#owners++;
  }

  /** The last owner takes the bytes with it. */
  release(): void {
    if (--this.#owners > 0) return;
    this.#space.leave(this);
    if (this.#memory !== undefined) this.#space.giveMemory(this.#memory.byteLength);
    this.#memory = undefined;
    let free = this.#reserved;
    this.#reserved = 0;
    for (const segment of this.#segments) if (segment !== undefined) free += SEGMENT;
    for (const segment of this.#segments) segment?.drop();
    this.#segments.length = 0;
    if (free > 0) this.#space.give(free);
  }

  /** Resolves when the chunk is kept and may be used again: later, where readers of what is kept have to go on first. */
  async append(chunk: Uint8Array, signal?: AbortSignal): Promise<void> {
    try {
      if (this.#memory !== undefined && this.#length + chunk.byteLength <= this.#memory.byteLength) {
        this.#memory.set(chunk, this.#length);
        this.#length += chunk.byteLength;
      } else {
        if (this.#memory !== undefined) await this.#moveToDisk(this.#memory, signal);
        await this.#write(chunk, signal);
      }
    } catch (thrown) {
      throw temporaryFailure(thrown, this.#space.folder());
    }
    this.#bell.ring();
  }

  end(): void {
    this.#done = true;
    this.#bell.ring();
  }

  fail(error: unknown): void {
    if (this.#done) return;
    this.#error ??= toFerryError(error);
    this.#bell.ring();
  }

  /** Bytes before `at` are safe elsewhere. */
  safe(at: number): void {
    this.#safeTo = Math.max(this.#safeTo, at);
    this.#bell.ring();
    this.#space.serve();
  }

  /** Nobody stores them: from now on bytes are safe to go once the fastest reader has them. */
  paceByReaders(): void {
    this.#paced = true;
    this.passed();
  }

  /** A reader went on. */
  passed(): void {
    if (!this.#paced) return;
    let fastest = this.#readers.size === 0 ? this.#length : 0;
    for (const reader of this.#readers) fastest = Math.max(fastest, reader.at);
    this.safe(fastest);
  }

  shed(): boolean {
    // While it grows it needs its floor: others would wait for what waits for them.
    if (!this.#done && this.#error === undefined && this.#held <= this.#floor) return false;
    if (!this.#dropFirst()) return false;
    this.#space.give(SEGMENT);
    return true;
  }

  /** Resolves once `until` bytes are here or all have come. Rejects with what the fetch failed with. */
  async arrival(until: number, signal?: AbortSignal): Promise<void> {
    while (this.#length < until && !this.#done) {
      if (this.#error !== undefined) throw this.#error;
      await this.#bell.next(signal);
    }
  }

  /**
   * Bytes from `from` on, as they come; up to `to`, or where absent to the end, which is only told once the fetch has
   * ended well. Chunks are valid until the next is asked for. Has to be read to its end or returned.
   */
  reader(from: number, to?: number, signal?: AbortSignal, chunk = CHUNK): AsyncIterableIterator<Uint8Array> {
    this.keep();
    const reader = new SpoolReader(this, from, to, signal, chunk);
    this.#readers.add(reader);
    return reader;
  }

  /** A reader is done. */
  left(reader: AsyncIterableIterator<Uint8Array>): void {
    if (reader instanceof SpoolReader) this.#readers.delete(reader);
    this.passed();
    this.release();
  }

  get readers(): number {
    return this.#readers.size;
  }

  /** Some bytes from `at` on; none where all have come. Waits. `buffer` is used where they are on disk. */
  async read(at: number, most: number, buffer: () => Buffer, signal?: AbortSignal): Promise<Uint8Array> {
    await this.arrival(at + 1, signal);
    const end = Math.min(this.#length, at + most);
    if (at >= end) return EMPTY;
    if (this.#memory !== undefined) return this.#memory.subarray(at, Math.min(end, at + CHUNK));
    const segment = this.#segments[Math.floor(at / SEGMENT)];
    if (segment === undefined) throw new Overrun();
    const offset = at % SEGMENT;
    return await segment.read(buffer(), offset, Math.min(end - at, SEGMENT - offset));
  }

  /** More came than was expected to fit. */
  async #moveToDisk(memory: Buffer, signal: AbortSignal | undefined): Promise<void> {
    const filled = this.#length;
    this.#reserved = wholeSegments(this.#floor);
    try {
      await this.#space.take(this.#reserved, signal);
    } catch (thrown) {
      this.#reserved = 0;
      throw thrown;
    }
    const segment = await this.#newSegment(signal);
    await segment.write(memory.subarray(0, filled), 0);
    this.#segments[0] = segment;
    this.#memory = undefined;
    this.#space.giveMemory(memory.byteLength);
  }

  async #write(chunk: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    for (let at = 0; at < chunk.byteLength;) {
      const index = Math.floor(this.#length / SEGMENT);
      const segment = (this.#segments[index] ??= await this.#newSegment(signal));
      const offset = this.#length % SEGMENT;
      const length = Math.min(chunk.byteLength - at, SEGMENT - offset);
      await segment.write(chunk.subarray(at, at + length), offset);
      this.#length += length;
      at += length;
    }
  }

  /** A file to write to, once there is room for it. */
  async #newSegment(signal: AbortSignal | undefined): Promise<Segment> {
    while (this.#reserved < SEGMENT) {
      this.passed();
      if (this.#space.tryTake(SEGMENT)) this.#reserved += SEGMENT;
      // Its own bytes that are stored go; or storing goes on, and makes some so.
      else if (this.#dropFirst()) this.#reserved += SEGMENT;
      else await this.#bell.next(signal);
    }
    this.#reserved -= SEGMENT;
    try {
      return await Segment.make(this.#space.folder());
    } catch (thrown) {
      this.#space.give(SEGMENT);
      throw thrown;
    }
  }

  #dropFirst(): boolean {
    const segment = this.#segments[this.#first];
    if (segment === undefined || (this.#first + 1) * SEGMENT > this.#safeTo) return false;
    this.#segments[this.#first++] = undefined;
    segment.drop();
    return true;
  }

  /** Bytes of disk space it has. */
  get #held(): number {
    return this.#reserved + (this.#segments.length - this.#first) * SEGMENT;
  }
}

const EMPTY: Uint8Array = new Uint8Array(0);

function wholeSegments(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / SEGMENT)) * SEGMENT;
}

/** One temporary file. It may be dropped while it is read; then it goes when that is over. */
class Segment {
  readonly #file: FileHandle;
  #pins = 0;
  #dropped = false;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async make(folder: string): Promise<Segment> {
    const path = join(folder, `mirror-${randomUUID()}`);
    const file = await open(path, 'wx+', 0o600);
    // Where an open file cannot lose its name it goes with the folder.
    await rm(path).catch(() => undefined);
    return new Segment(file);
  }

  async write(bytes: Uint8Array, at: number): Promise<void> {
    for (let done = 0; done < bytes.byteLength;) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.byteLength - done, at + done);
      done += bytesWritten;
    }
  }

  async read(buffer: Buffer, at: number, most: number): Promise<Uint8Array> {
    this.#pins++;
    try {
      const { bytesRead } = await this.#file.read(buffer, 0, Math.min(most, buffer.byteLength), at);
      return buffer.subarray(0, bytesRead);
    } finally {
      this.#pins--;
      this.#closeIfDone();
    }
  }

  drop(): void {
    this.#dropped = true;
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (this.#dropped && this.#pins === 0) void this.#file.close().catch(() => undefined);
  }
}

class SpoolReader implements AsyncIterableIterator<Uint8Array> {
  readonly #spool: Spool;
  readonly #to: number;
  readonly #signal: AbortSignal | undefined;
  readonly #chunk: number;
  /** The next byte it wants. */
  at: number;
  #buffer: Buffer | undefined;
  #over = false;

  constructor(spool: Spool, from: number, to: number | undefined, signal: AbortSignal | undefined, chunk: number) {
    this.#spool = spool;
    this.#chunk = chunk;
    this.at = from;
    this.#to = to ?? Infinity;
    this.#signal = signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#over) return DONE;
    try {
      const left = this.#to - this.at;
      const chunk = left > 0 ? await this.#spool.read(this.at, left, this.#place, this.#signal) : EMPTY;
      this.at += chunk.byteLength;
      this.#spool.passed();
      if (chunk.byteLength > 0) return { done: false, value: chunk };
      if (left > 0 && left < Infinity)
        throw new FerryError('short-read', { message: `${left} bytes less than were announced came` });
    } catch (thrown) {
      this.#end();
      throw thrown;
    }
    this.#end();
    return DONE;
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#end();
    return DONE;
  }

  readonly #place = (): Buffer => (this.#buffer ??= Buffer.allocUnsafeSlow(this.#chunk));

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#buffer = undefined;
    this.#spool.left(this);
  }
}

const DONE: IteratorResult<Uint8Array> = { done: true, value: undefined };
