/**
 * Sorting more records than fit in memory: sorted runs in temporary files, merged as they are read.
 *
 * Memory: about `memoryBytes` while records are added, and `MAX_MERGE` read buffers (4 MiB) while they are read. Disk:
 * the records once, twice while more than `MAX_MERGE` runs are merged into fewer.
 */
import fs from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { compareKeys, type Key } from '../model/key.ts';
import { temporaryFailure } from './temporary-failure.ts';

export interface SortRecord {
  readonly key: Key;
  /** Anything that belongs to the key. */
  readonly payload: string;
}

export interface SortOptions {
  /** Where the runs go, asked for when there is one; a folder of its own is made there and removed by disposing. */
  readonly tmpdir: () => string;
  /** Memory for records before they are spilled, bytes; 16 MiB where absent. */
  readonly memoryBytes?: number | undefined;
}

/** Records given out at once. */
const BATCH = 512;
/** Runs merged at once. */
const MAX_MERGE = 64;
const BUFFER = 64 * 1024;
/** What a record costs in memory besides its characters, bytes (measured: two strings and an object in V8). */
const OVERHEAD = 96;

/** Add everything, then read `sorted()` once, then dispose. Where all fits in memory no file is made. */
export class ExternalSorter implements AsyncDisposable {
  readonly #memoryBytes: number;
  readonly #tmpdir: () => string;
  #folder: string | undefined;
  #records: SortRecord[] = [];
  #bytes = 0;
  #runs: string[] = [];
  #nextRun = 0;

  constructor(options: SortOptions) {
    this.#tmpdir = options.tmpdir;
    this.#memoryBytes = options.memoryBytes ?? 16 * 1024 * 1024;
  }

  /** Takes a record; blocks for the time of writing a run when memory is full. Throws `disk-full`. */
  add(key: Key, payload: string): void {
    this.#records.push({ key, payload });
    this.#bytes += OVERHEAD + 2 * (key.length + payload.length);
    if (this.#bytes >= this.#memoryBytes) this.#spill();
  }

  /** Everything in UTF-8 order of the keys; equal keys in the order they were added. */
  async *sorted(): AsyncGenerator<readonly SortRecord[]> {
    if (this.#runs.length === 0) {
      this.#records.sort(byKey);
      for (let i = 0; i < this.#records.length; i += BATCH) yield this.#records.slice(i, i + BATCH);
      return;
    }
    this.#spill();
    while (this.#runs.length > MAX_MERGE) await this.#mergeSome();
    yield* merge(this.#runs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#records = [];
    if (this.#folder !== undefined) await fs.promises.rm(this.#folder, { recursive: true, force: true });
  }

  #spill(): void {
    if (this.#records.length === 0) return;
    this.#records.sort(byKey);
    try {
      using writer = new RunWriter(this.#newRun());
      for (const record of this.#records) writer.add(record);
      writer.flush();
    } catch (thrown) {
      throw temporaryFailure(thrown, this.#tmpdir());
    }
    this.#records = [];
    this.#bytes = 0;
  }

  /** Replaces the first runs by one. They stay neighbours, so equal keys stay in order. */
  async #mergeSome(): Promise<void> {
    const some = this.#runs.splice(0, MAX_MERGE);
    try {
      using writer = new RunWriter(this.#newRun());
      for await (const batch of merge(some)) for (const record of batch) writer.add(record);
      writer.flush();
    } catch (thrown) {
      throw temporaryFailure(thrown, this.#tmpdir());
    }
    this.#runs.unshift(this.#runs.pop()!);
    await Promise.all(some.map((run) => fs.promises.unlink(run)));
  }

  #newRun(): string {
    this.#folder ??= fs.mkdtempSync(path.join(this.#tmpdir(), 'sort-'));
    const run = path.join(this.#folder, `${this.#nextRun++}.run`);
    this.#runs.push(run);
    return run;
  }
}

function byKey(a: SortRecord, b: SortRecord): number {
  return compareKeys(a.key, b.key);
}

/** Writes records as two lengths of four bytes, key and payload. */
class RunWriter implements Disposable {
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER);
  #used = 0;

  constructor(file: string) {
    this.#fd = fs.openSync(file, 'wx', 0o600);
  }

  add(record: SortRecord): void {
    const keyLength = Buffer.byteLength(record.key);
    const payloadLength = Buffer.byteLength(record.payload);
    const size = 8 + keyLength + payloadLength;
    if (this.#used + size > BUFFER) this.flush();
    const large = size > BUFFER;
    const target = large ? Buffer.allocUnsafe(size) : this.#buffer;
    const at = large ? 0 : this.#used;
    target.writeUInt32LE(keyLength, at);
    target.writeUInt32LE(payloadLength, at + 4);
    target.write(record.key, at + 8);
    target.write(record.payload, at + 8 + keyLength);
    if (large) fs.writeFileSync(this.#fd, target);
    else this.#used += size;
  }

  flush(): void {
    fs.writeFileSync(this.#fd, this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }

  [Symbol.dispose](): void {
    fs.closeSync(this.#fd);
  }
}

/** Merges runs by a binary heap; of equal keys the one of the earlier run comes first. */
async function* merge(files: readonly string[]): AsyncGenerator<readonly SortRecord[]> {
  const runs = files.map((file, order) => new RunReader(file, order));
  try {
    const heap: RunReader[] = [];
    for (const run of runs) {
      await run.advance();
      if (run.record) heap.push(run);
    }
    heap.sort(earlier);
    let batch: SortRecord[] = [];
    while (heap.length > 0) {
      const first = heap[0]!;
      batch.push(first.record!);
      if (!first.advanceBuffered()) await first.advance();
      if (!first.record) {
        const last = heap.pop()!;
        if (heap.length > 0) heap[0] = last;
      }
      siftDown(heap);
      if (batch.length === BATCH) {
        yield batch;
        batch = [];
      }
    }
    if (batch.length > 0) yield batch;
  } finally {
    await Promise.all(runs.map((run) => run.close()));
  }
}

function earlier(a: RunReader, b: RunReader): number {
  return compareKeys(a.record!.key, b.record!.key) || a.order - b.order;
}

function siftDown(heap: RunReader[]): void {
  for (let i = 0; ;) {
    let least = i;
    for (const child of [2 * i + 1, 2 * i + 2])
      if (child < heap.length && earlier(heap[child]!, heap[least]!) < 0) least = child;
    if (least === i) return;
    [heap[i], heap[least]] = [heap[least]!, heap[i]!];
    i = least;
  }
}

class RunReader {
  readonly order: number;
  /** The record it stands at; undefined at the end. */
  record: SortRecord | undefined;
  readonly #file: string;
  #handle: FileHandle | undefined;
  #buffer = Buffer.allocUnsafeSlow(BUFFER);
  #from = 0;
  #to = 0;

  constructor(file: string, order: number) {
    this.#file = file;
    this.order = order;
  }

  /** Goes on to the next record where it is in the buffer. */
  advanceBuffered(): boolean {
    const size = this.#sizeHere();
    if (size === undefined || this.#to - this.#from < size) return false;
    const keyEnd = this.#from + 8 + this.#buffer.readUInt32LE(this.#from);
    const end = this.#from + size;
    this.record = {
      key: this.#buffer.toString('utf8', this.#from + 8, keyEnd),
      payload: this.#buffer.toString('utf8', keyEnd, end),
    };
    this.#from = end;
    return true;
  }

  async advance(): Promise<void> {
    this.#handle ??= await open(this.#file, 'r');
    while (!this.advanceBuffered()) {
      if (!(await this.#fill())) {
        this.record = undefined;
        return;
      }
    }
  }

  async close(): Promise<void> {
    await this.#handle?.close();
  }

  #sizeHere(): number | undefined {
    if (this.#to - this.#from < 8) return undefined;
    return 8 + this.#buffer.readUInt32LE(this.#from) + this.#buffer.readUInt32LE(this.#from + 4);
  }

  /** Reads more behind what is left; false at the end. */
  async #fill(): Promise<boolean> {
    const needed = this.#sizeHere() ?? 8;
    const target = needed > this.#buffer.byteLength ? Buffer.allocUnsafeSlow(needed) : this.#buffer;
    this.#buffer.copy(target, 0, this.#from, this.#to);
    this.#buffer = target;
    this.#to -= this.#from;
    this.#from = 0;
    const { bytesRead } = await this.#handle!.read(target, this.#to, target.byteLength - this.#to);
    this.#to += bytesRead;
    return bytesRead > 0;
  }
}
