import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Body, StreamBody } from '../../../src/model/body.ts';
import type { ErrorCode } from '../../../src/model/errors.ts';
import { FerryError } from '../../../src/model/errors.ts';
import type { Capabilities } from '../../../src/model/capabilities.ts';
import type { ObjectEntry } from '../../../src/model/object.ts';
import type { ListRequest, Multipart, ReadBody, ReadOptions, Store, WriteOptions } from '../../../src/store/store.ts';
import type { StoreFixture } from '../store-suite.ts';

/** What a behaviour works with: the store, a prefix of its own, and short words for what all of them do. */
export class Bench {
  readonly store: Store;
  readonly fixture: StoreFixture;
  readonly prefix: string;
  readonly #written = new Set<string>();

  constructor(fixture: StoreFixture, prefix: string) {
    this.store = fixture.store;
    this.fixture = fixture;
    this.prefix = prefix;
  }

  get capabilities(): Capabilities {
    return this.store.capabilities;
  }

  get multipart(): Multipart {
    assert.ok(this.store.multipart, 'multipart is declared and there');
    return this.store.multipart;
  }

  /** A key under the prefix of this behaviour, removed when it ends. */
  key(name: string): string {
    return this.track(this.prefix + name);
  }

  track(key: string): string {
    this.#written.add(key);
    return key;
  }

  async put(name: string, body: Body, options?: WriteOptions): Promise<string> {
    const key = this.key(name);
    await this.store.write(key, body, options);
    return key;
  }

  async putAll(names: readonly string[]): Promise<void> {
    await inParallel(names, async (name) => {
      await this.put(name, name.endsWith('/') ? Buffer.alloc(0) : Buffer.from(name));
    });
  }

  async read(key: string, options?: ReadOptions): Promise<Buffer> {
    const { body } = await this.store.read(key, options);
    return drain(body);
  }

  /** Everything a listing gives, page after page; never more than `most` pages. */
  async list(request: ListRequest = {}, most = 1000): Promise<readonly ObjectEntry[]> {
    const entries: ObjectEntry[] = [];
    let { after, cursor } = request;
    for (let pages = 0; pages < most; pages++) {
      const page = await this.store.list({ ...request, after, cursor });
      entries.push(...page.entries);
      if (page.next === undefined && page.cursor === undefined) return entries;
      ({ next: after, cursor } = page);
    }
    throw new Error(`the listing does not end after ${most} pages`);
  }

  /** Keys under the prefix, without it; directories that were not written left out. */
  async names(request: ListRequest = {}): Promise<readonly string[]> {
    const entries = await this.list({ prefix: this.prefix, ...request });
    return entries
      .filter((entry) => entry.directory === undefined || this.#written.has(entry.key))
      .map((entry) => entry.key.slice(this.prefix.length));
  }

  /** Neither the object nor a part of it is there. */
  async absent(key: string): Promise<void> {
    assert.equal(await this.store.stat(key), undefined, `${JSON.stringify(key)} is not there`);
  }

  async holds(key: string, bytes: Uint8Array): Promise<void> {
    const meta = await this.store.stat(key);
    assert.ok(meta, `${JSON.stringify(key)} is there`);
    assert.equal(meta.size, bytes.byteLength);
    assert.ok((await this.read(key)).equals(bytes), `${JSON.stringify(key)} holds what was written`);
  }

  async clear(): Promise<void> {
    // The deepest first, for stores where a directory must be empty.
    const keys = [...this.#written].sort((a, b) => b.length - a.length);
    if (this.capabilities.keys.tree) for (const key of keys) await this.#forget(key);
    else await inParallel(keys, (key) => this.#forget(key));
  }

  async #forget(key: string): Promise<void> {
    if (this.capabilities.keys.refuse?.(key) === undefined) await this.store.remove(key);
  }
}

/** All chunks, each copied before the next is asked for. */
export async function drain(body: ReadBody | AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** Rejects with a `FerryError` of one of these codes. */
export async function rejects(promise: Promise<unknown>, ...codes: readonly ErrorCode[]): Promise<FerryError> {
  let thrown: unknown;
  try {
    await promise;
  } catch (error) {
    thrown = error;
  }
  if (thrown === undefined) assert.fail(`should have been rejected with ${codes.join(' or ')}`);
  if (!(thrown instanceof FerryError))
    throw new assert.AssertionError({ message: 'rejected with no FerryError', actual: thrown });
  if (!codes.includes(thrown.code)) {
    throw new assert.AssertionError({
      message: `rejected with ${thrown.code} (${thrown.message}) instead of ${codes.join(' or ')}`,
      actual: thrown.code,
      expected: codes,
    });
  }
  return thrown;
}

/** Fails where `promise` takes longer than two seconds. */
export async function promptly<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('not settled after two seconds')), 2000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Bytes that differ everywhere, the same for the same seed. */
export function pattern(length: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = seed * 2_654_435_761;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** `bytes` as a stream in chunks of one reused buffer, as readers give them; `promised` lies about the size. */
export function streamed(
  bytes: Uint8Array,
  promised = bytes.byteLength,
  chunkSize = 10_000,
): StreamBody & { opened: number } {
  return {
    size: promised,
    opened: 0,
    async *open() {
      this.opened++;
      const buffer = Buffer.alloc(Math.min(chunkSize, bytes.byteLength));
      for (let at = 0; at < bytes.byteLength; at += chunkSize) {
        const chunk = bytes.subarray(at, at + chunkSize);
        buffer.set(chunk);
        yield buffer.subarray(0, chunk.byteLength);
        buffer.fill(0);
      }
    },
  };
}

export function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}

export async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}
