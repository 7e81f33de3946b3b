/**
 * The file system calls the hot paths make, in two kinds: blocking ones and those of the thread pool.
 *
 * Measured on Linux 6.18, ext4, files of 4 KiB in the page cache: opening, checking, reading and closing one costs 8 µs
 * of CPU by blocking calls and 37 to 65 µs by the pool (callbacks, promises), most of it for passing between threads.
 * A blocking call that has to wait for a disk or a server stops everything else, though. So `Pace` blocks as long as
 * calls come back at once and turns to the pool where they do not.
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

/** A blocking call longer than this is slow, milliseconds: far above any cache hit, near what a fast disk takes. */
const SLOW = 0.3;
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

export class Pace {
  readonly pooled: FileIo = pooledIo;
  readonly #blocking: FileIo = new BlockingIo(this);
  /** Slow calls, older ones counting less: 10 where all are slow. */
  #slowness = 0;
  #poolLeft = 0;
  #pause = MIN_POOLED;
  #busy = 0;

  /** The kind of calls to make for the next operation. */
  get io(): FileIo {
    if (this.#poolLeft === 0) return this.#blocking;
    this.#poolLeft--;
    return this.pooled;
  }

  /** Tells how long something blocked, milliseconds. `calls` it was made of are judged together. */
  took(milliseconds: number, calls = 1): void {
    this.#busy += milliseconds;
    if (milliseconds <= SLOW * calls) {
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

  /** True where others have waited long enough: `await pace.breathe()`. */
  get due(): boolean {
    return this.#busy > SLICE;
  }

  async breathe(): Promise<void> {
    this.#busy = 0;
    await turn();
  }
}

class BlockingIo implements FileIo {
  readonly #pace: Pace;

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  open(path: Path, flags: number, mode?: number): number {
    const started = performance.now();
    const fd = fs.openSync(path, flags, mode);
    this.#pace.took(performance.now() - started);
    return fd;
  }

  read(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): number {
    const started = performance.now();
    const count = fs.readSync(fd, buffer, offset, length, position);
    this.#pace.took(performance.now() - started);
    return count;
  }

  write(fd: number, bytes: Uint8Array, position: number): void {
    const started = performance.now();
    for (let at = 0; at < bytes.byteLength;) at += fs.writeSync(fd, bytes, at, bytes.byteLength - at, position + at);
    this.#pace.took(performance.now() - started);
  }

  rename(from: Path, to: Path): void {
    const started = performance.now();
    fs.renameSync(from, to);
    this.#pace.took(performance.now() - started);
  }

  lstat(path: Path): BigIntStats {
    const started = performance.now();
    const stats = fs.lstatSync(path, { bigint: true });
    this.#pace.took(performance.now() - started);
    return stats;
  }

  close(fd: number): void {
    fs.closeSync(fd);
  }

  fstat(fd: number): BigIntStats {
    return fs.fstatSync(fd, { bigint: true });
  }

  link(from: Path, to: Path): void {
    fs.linkSync(from, to);
  }

  unlink(path: Path): void {
    fs.unlinkSync(path);
  }
}

const read = promisify(fs.read);
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
  async read(fd, buffer, offset, length, position) {
    return (await read(fd, buffer, offset, length, position)).bytesRead;
  },
  async write(fd, bytes, position) {
    for (let at = 0; at < bytes.byteLength;)
      at += (await write(fd, bytes, at, bytes.byteLength - at, position + at)).bytesWritten;
  },
};

/** Makes everything written to an open file or directory survive a power cut. Always in the pool: it waits for a disk. */
export const fsync = promisify(fs.fsync);
