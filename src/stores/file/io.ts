/**
 * The file system calls the hot paths make, in two kinds: blocking ones and those of the thread pool.
 *
 * Measured on Linux 6.18, ext4, files of 4 KiB in the page cache: opening, checking, reading and closing one costs 8 µs
 * of CPU by blocking calls and 37 to 65 µs by the pool (callbacks, promises), most of it for passing between threads.
 * A blocking call that has to wait for a disk or a server stops everything else, though. So each kind of call blocks as
 * long as it comes back at once and turns to the pool where it does not: files whose names are known and whose bytes are
 * not (measured: the usual state of a large tree) are opened here and read there.
 */
import fs, { type BigIntStats } from 'node:fs';
import { promisify } from 'node:util';
import { setImmediate as turn } from 'node:timers/promises';

export type Path = string | Buffer;
type Eventually<T> = T | Promise<T>;

export interface FileIo {
  open(path: Path, flags: number, mode?: number): Eventually<number>;
  close(fd: number): Eventually<void>;
  fstat(fd: number): Eventually<BigIntStats>;
  lstat(path: Path): Eventually<BigIntStats>;
  /** Bytes read; 0 at the end. */
  read(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): Eventually<number>;
  /** Writes all of `bytes`. */
  write(fd: number, bytes: Uint8Array, position: number): Eventually<void>;
  rename(from: Path, to: Path): Eventually<void>;
  link(from: Path, to: Path): Eventually<void>;
  unlink(path: Path): Eventually<void>;
}

/**
 * A blocking call longer than this has waited for a disk or server, milliseconds. From the cache a name or 4 KiB come in
 * 2 to 10 µs, from a fast disk in 80 (measured): passing them between threads costs less than waiting.
 */
const SLOW = 0.05;
/** So much longer a call may take for every byte it moves: copied from or to the cache at 1 GB/s. */
const PER_BYTE = 1e-6;
/** Changing a directory takes a journal's time even where nothing is waited for. */
const SLOW_CHANGE = 0.3;
/**
 * How much of the recent past must have been slow. A process that shares its processor is interrupted in one call out of
 * hundreds, and that is no reason to pay for threads; where a disk or server is waited for, most calls are slow.
 */
const MEMORY = 0.9;
const LIMIT = 3;
/** Where it starts from after the pool: two slow calls and it turns back. */
const WARY = 2;
/** Blocking work after which the event loop gets a turn, milliseconds. */
const SLICE = 8;
/** Calls that go to the pool before blocking is tried again; doubled up to the maximum each time that fails. */
const MIN_POOLED = 256;
const MAX_POOLED = 8192;

/** The calls of one store. */
export class Pace {
  readonly pooled: FileIo = pooledIo;
  readonly io: FileIo = new PacedIo(this);
  /** Looking at files, many at once. */
  readonly look = new CallKind(this);
  #busy = 0;

  /** Milliseconds something blocked. */
  blocked(milliseconds: number): void {
    this.#busy += milliseconds;
  }

  /** True where others have waited long enough: `await pace.breathe()`. */
  get due(): boolean {
    return this.#busy > SLICE;
  }

  async breathe(): Promise<void> {
    this.#busy = 0;
    await turn();
  }
}

/** One kind of call: whether it blocks or goes to the pool. */
export class CallKind {
  readonly #pace: Pace;
  readonly #slow: number;
  /** Slow calls, older ones counting less: 10 where all are slow. */
  #slowness = 0;
  #poolLeft = 0;
  #pause = MIN_POOLED;

  constructor(pace: Pace, slow = SLOW) {
    this.#pace = pace;
    this.#slow = slow;
  }

  /** Asked before every call: true where it is for the pool. */
  usesPool(): boolean {
    if (this.#poolLeft === 0) return false;
    this.#poolLeft--;
    return true;
  }

  /** Tells how long something blocked, milliseconds. The `calls` it was made of, and their bytes, are judged together. */
  took(milliseconds: number, calls = 1, bytes = 0): void {
    this.#pace.blocked(milliseconds);
    if (milliseconds <= this.#slow * calls + PER_BYTE * bytes) {
      this.#slowness *= MEMORY;
      if (this.#slowness < 0.5) this.#pause = MIN_POOLED;
      return;
    }
    this.#slowness = this.#slowness * MEMORY + 1;
    if (this.#slowness < LIMIT || this.#poolLeft > 0) return;
    this.#poolLeft = this.#pause;
    this.#pause = Math.min(MAX_POOLED, this.#pause * 2);
    this.#slowness = WARY;
  }

  /** Blocks for `call`, which moves so many bytes, and remembers how long it took. */
  block<T>(call: () => T, bytes = 0): T {
    const started = performance.now();
    try {
      return call();
    } finally {
      this.took(performance.now() - started, 1, bytes);
    }
  }
}

class PacedIo implements FileIo {
  readonly #open: CallKind;
  readonly #close: CallKind;
  readonly #stat: CallKind;
  readonly #read: CallKind;
  readonly #write: CallKind;
  readonly #change: CallKind;

  constructor(pace: Pace) {
    this.#open = new CallKind(pace);
    this.#close = new CallKind(pace);
    this.#stat = new CallKind(pace);
    this.#read = new CallKind(pace);
    this.#write = new CallKind(pace);
    this.#change = new CallKind(pace, SLOW_CHANGE);
  }

  open(path: Path, flags: number, mode?: number): Eventually<number> {
    if (this.#open.usesPool()) return pooledIo.open(path, flags, mode);
    return this.#open.block(() => fs.openSync(path, flags, mode));
  }

  close(fd: number): Eventually<void> {
    if (this.#close.usesPool()) return pooledIo.close(fd);
    return this.#close.block(() => fs.closeSync(fd));
  }

  fstat(fd: number): Eventually<BigIntStats> {
    if (this.#stat.usesPool()) return pooledIo.fstat(fd);
    return this.#stat.block(() => fs.fstatSync(fd, { bigint: true }));
  }

  lstat(path: Path): Eventually<BigIntStats> {
    if (this.#stat.usesPool()) return pooledIo.lstat(path);
    return this.#stat.block(() => fs.lstatSync(path, { bigint: true }));
  }

  read(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): Eventually<number> {
    if (this.#read.usesPool()) return pooledIo.read(fd, buffer, offset, length, position);
    return this.#read.block(() => fs.readSync(fd, buffer, offset, length, position), length);
  }

  write(fd: number, bytes: Uint8Array, position: number): Eventually<void> {
    if (this.#write.usesPool()) return pooledIo.write(fd, bytes, position);
    return this.#write.block(() => {
      for (let at = 0; at < bytes.byteLength;) at += fs.writeSync(fd, bytes, at, bytes.byteLength - at, position + at);
    }, bytes.byteLength);
  }

  rename(from: Path, to: Path): Eventually<void> {
    if (this.#change.usesPool()) return pooledIo.rename(from, to);
    return this.#change.block(() => fs.renameSync(from, to));
  }

  link(from: Path, to: Path): Eventually<void> {
    if (this.#change.usesPool()) return pooledIo.link(from, to);
    return this.#change.block(() => fs.linkSync(from, to));
  }

  unlink(path: Path): Eventually<void> {
    if (this.#change.usesPool()) return pooledIo.unlink(path);
    return this.#change.block(() => fs.unlinkSync(path));
  }
}

const write = promisify(fs.write);
const fstat = promisify(fs.fstat) as (fd: number, options: { bigint: true }) => Promise<BigIntStats>;

const pooledIo: FileIo = {
  open: promisify(fs.open) as FileIo['open'],
  close: promisify(fs.close),
  rename: promisify(fs.rename),
  link: promisify(fs.link),
  unlink: promisify(fs.unlink),
  fstat: (fd) => fstat(fd, { bigint: true }),
  lstat: (path) => fs.promises.lstat(path, { bigint: true }),
  // Promisified it would make an object for every answer.
  read: (fd, buffer, offset, length, position) =>
    new Promise((resolve, reject) => {
      fs.read(fd, buffer, offset, length, position, (error, count) => (error ? reject(error) : resolve(count)));
    }),
  async write(fd, bytes, position) {
    for (let at = 0; at < bytes.byteLength;)
      at += (await write(fd, bytes, at, bytes.byteLength - at, position + at)).bytesWritten;
  },
};

/** Makes everything written to an open file or directory survive a power cut. Always in the pool: it waits for a disk. */
export const fsync = promisify(fs.fsync);
