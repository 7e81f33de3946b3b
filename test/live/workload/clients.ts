/** What clients do to a bucket, at random, and what they saw of it. */
import { mayHaveCompleted } from '../../../src/gateway/migrate/certainty.ts';
import { isFerryError, type FerryError } from '../../../src/model/errors.ts';
import type { ReadResult, Store } from '../../../src/store/store.ts';
import { md5Of } from '../../../src/stores/memory/space.ts';
import type { Done, Operation, Value } from '../history.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

/** How often each is done. */
const WEIGHTS = {
  put: 28,
  remove: 16,
  get: 22,
  head: 8,
  list: 7,
  copy: 5,
  mark: 5,
  tag: 2,
  exchange: 6,
  create: 6,
  upload: 7,
} as const;

/** Everything that was done, by key. */
export class Log {
  readonly #operations = new Map<string, Operation[]>();
  readonly #world: World;
  /** By the ETags it may have. */
  readonly #contents = new Map<string, string>();
  #moment = 0;

  constructor(world: World) {
    this.#world = world;
  }

  begin(): number {
    return ++this.#moment;
  }

  /** An operation that ended now; with `known` false nobody knows whether it was carried out. */
  add(key: string, name: string, start: number, done: Done, known = true): void {
    const list = this.#operations.get(key) ?? [];
    list.push({
      name: `${Math.round(this.#world.now())} ${name}`,
      start,
      end: known ? ++this.#moment : Infinity,
      done,
    });
    this.#operations.set(key, list);
  }

  of(key: string): readonly Operation[] {
    return this.#operations.get(key) ?? [];
  }

  get size(): number {
    return [...this.#operations.values()].reduce((sum, list) => sum + list.length, 0);
  }

  /** A content nobody else writes. */
  introduce(content: string): Uint8Array {
    const bytes = Buffer.from(content);
    const md5 = md5Of([bytes]);
    this.#contents.set(md5, content);
    this.#contents.set(`${md5Of([Buffer.from(md5, 'hex')])}-1`, content);
    return bytes;
  }

  contentOf(etag: string | undefined): string {
    return this.#contents.get(etag ?? '') ?? `? ${etag}`;
  }
}

/** A value is a content and the mark beside it. */
export function valueOf(content: string, mark: string): string {
  return `${content}~${mark}`;
}

export function contentOf(value: Value): Value {
  return value === null ? null : value.slice(0, value.indexOf('~'));
}

/** One client: one thing after the other, through any gateway. */
export class Client {
  readonly #name: string;
  readonly #world: World;
  readonly #log: Log;
  readonly #random: Random;
  readonly #keys: readonly string[];
  readonly #own: readonly string[];
  readonly #rested: boolean;
  #made = 0;
  /** ETags it saw last, by key. */
  readonly #known = new Map<string, string>();
  /** Uploads it has begun. */
  readonly #uploads: { readonly key: string; readonly uploadId: string; readonly value: string; etag?: string }[] = [];

  /** `own`: what it changes; `rested`: nothing changes any more. */
  constructor(
    name: string,
    world: World,
    log: Log,
    random: Random,
    keys: readonly string[],
    { own = keys, rested = false }: { readonly own?: readonly string[]; readonly rested?: boolean } = {},
  ) {
    this.#own = own;
    this.#rested = rested;
    this.#name = name;
    this.#world = world;
    this.#log = log;
    this.#random = random;
    this.#keys = keys;
  }

  /** Until `stopped`; `think`: milliseconds it usually waits before the next thing, at most. */
  async run(think: number, stopped: () => boolean): Promise<void> {
    while (!stopped()) {
      await this.#world.pause(this.#random.delay(think, 10 * think, 0.05));
      await this.once();
    }
  }

  async once(): Promise<void> {
    const gateway = this.#random.pick(this.#world.gateways);
    const what = this.#random.weighed(WEIGHTS);
    const key = this.#random.pick(what === 'get' || what === 'head' ? this.#keys : this.#own);
    switch (what) {
      case 'put':
        return await this.#put(gateway, key);
      case 'remove':
        return await this.#remove(gateway, key);
      case 'get':
        return await this.get(gateway, key);
      case 'head':
        return await this.#head(gateway, key);
      case 'list':
        return await this.list(gateway);
      case 'copy':
        if (this.#world.loose || this.#world.copies === false) return await this.#put(gateway, key);
        return await this.#copy(gateway, this.#random.pick(this.#keys), key);
      case 'mark':
        if (this.#world.loose || this.#world.copies === false) return await this.#remove(gateway, key);
        return await this.#copy(gateway, key, key);
      case 'tag':
        return await this.#tag(gateway, key);
      case 'exchange':
        return await this.#exchange(gateway, key);
      case 'create':
        return await this.#create(gateway, key);
      case 'upload':
        return await this.#upload(gateway, key);
    }
  }

  async get(gateway: Store, key: string): Promise<void> {
    const start = this.#log.begin();
    try {
      const found = await orNothing(gateway.read(key));
      const value = found === undefined ? null : await textOf(found);
      if (found?.meta.etag !== undefined) this.#known.set(key, found.meta.etag);
      this.#log.add(key, `${this.#name} GET`, start, { kind: 'read', value });
    } catch (thrown) {
      expected(thrown);
    }
  }

  async #head(gateway: Store, key: string): Promise<void> {
    const start = this.#log.begin();
    try {
      const meta = await gateway.stat(key);
      const value = meta === undefined ? null : valueOf(this.#log.contentOf(meta.etag), meta.user?.['m'] ?? '');
      this.#log.add(key, `${this.#name} HEAD`, start, { kind: 'read', value });
    } catch (thrown) {
      expected(thrown);
    }
  }

  /** All pages; each is a look at the keys it covers. */
  async list(gateway: Store): Promise<void> {
    const limit = this.#random.between(1, 5);
    let after: string | undefined;
    try {
      do {
        const start = this.#log.begin();
        const { entries, next } = await gateway.list({ after, limit });
        const shown = new Map(entries.map(({ key, etag }) => [key, this.#log.contentOf(etag)]));
        const order = entries.map(({ key }) => key);
        if (entries.length > limit || new Set(order).size < order.length || [...order].sort().join() !== order.join())
          throw new Error(`a page of ${limit} after ${after} is ${order.join()}`);
        for (const key of this.#world.loose && !this.#rested ? [] : this.#keys) {
          if ((after !== undefined && key <= after) || (next !== undefined && key > next)) continue;
          const value = shown.get(key) ?? null;
          this.#log.add(key, `${this.#name} LIST`, start, { kind: 'read', value, of: contentOf });
        }
        after = next;
      } while (after !== undefined);
    } catch (thrown) {
      expected(thrown);
    }
  }

  async #put(gateway: Store, key: string): Promise<void> {
    const { value, bytes, meta } = this.#make('p');
    await this.#change(key, 'PUT', { kind: 'write', value }, () => gateway.write(key, bytes, { meta }));
  }

  async #remove(gateway: Store, key: string): Promise<void> {
    await this.#change(key, 'DELETE', { kind: 'write', value: null }, () => gateway.remove(key));
  }

  /** PUT If-Match what it saw last. */
  async #exchange(gateway: Store, key: string): Promise<void> {
    const etag = this.#known.get(key);
    if (etag === undefined) return await this.get(gateway, key);
    const seen = this.#log.contentOf(etag);
    const { value, bytes, meta } = this.#make('x');
    const done = (held: boolean): Done => ({
      kind: 'conditional',
      value,
      when: (present) => contentOf(present) === seen,
      held,
    });
    // An object that was uploaded in parts has another ETag where it was carried: that the condition failed says nothing.
    await this.#change(
      key,
      `PUT if ${seen}`,
      done(true),
      () => gateway.write(key, bytes, { meta, ifMatch: etag }),
      seen.startsWith('u') ? undefined : done(false),
    );
  }

  /** PUT If-None-Match: *. */
  async #create(gateway: Store, key: string): Promise<void> {
    if (!gateway.capabilities.writeIfAbsent) return await this.#put(gateway, key);
    const { value, bytes, meta } = this.#make('c');
    const done = (held: boolean): Done => ({ kind: 'conditional', value, when: (present) => present === null, held });
    await this.#change(
      key,
      'PUT if absent',
      done(true),
      () => gateway.write(key, bytes, { meta, ifAbsent: true }),
      done(false),
    );
  }

  /** What it saw last of one key copied to another, or onto itself, with another mark. */
  async #copy(gateway: Store, from: string, to: string): Promise<void> {
    const etag = this.#known.get(from);
    if (etag === undefined) return await this.get(gateway, from);
    const content = this.#log.contentOf(etag);
    const mark = `${this.#name}-${++this.#made}`;
    const value = valueOf(content, mark);
    const start = this.#log.begin();
    const copying = (): Promise<unknown> =>
      gateway.copy!({ store: gateway, key: from, ifMatch: etag }, to, { meta: { user: { m: mark } } });
    if (from === to) {
      const when = (present: Value): boolean => contentOf(present) === content;
      await this.#change(to, `MARK ${content}`, { kind: 'conditional', value, when, held: true }, copying);
      return;
    }
    if (await this.#change(to, `COPY from ${from}`, { kind: 'write', value }, copying))
      this.#log.add(from, `${this.#name} COPY to ${to}`, start, { kind: 'read', value: content, of: contentOf });
  }

  /** Tags are beside what is judged; to set them must not bring anything back. */
  async #tag(gateway: Store, key: string): Promise<void> {
    try {
      await gateway.setTags!(key, { t: this.#name });
    } catch (thrown) {
      expected(thrown);
    }
  }

  /** One step of an upload in parts: begins one, or ends one begun before. */
  async #upload(gateway: Store, key: string): Promise<void> {
    const upload = this.#random.chance(0.6) ? this.#uploads.shift() : undefined;
    if (upload?.etag === undefined) {
      const { value, bytes, meta } = this.#make('u');
      try {
        const uploadId = await gateway.multipart!.begin(key, { meta });
        const { etag } = await gateway.multipart!.put({ key, uploadId }, 1, bytes);
        this.#uploads.push({ key, uploadId, value, etag });
      } catch (thrown) {
        expected(thrown);
      }
      return;
    }
    if (this.#random.chance(0.1))
      return await gateway.multipart!.abort(upload).catch((thrown: unknown) => void expected(thrown));
    const parts = [{ number: 1, etag: upload.etag }];
    const complete = (): Promise<unknown> => gateway.multipart!.complete(upload, parts);
    const done: Done = { kind: 'write', value: upload.value };
    // As clients do: again, where there was no answer.
    for (let tries = 0; tries < 3; tries++) {
      if ((await this.#change(upload.key, 'COMPLETE', done, complete)) !== undefined) return;
      await this.#world.pause(this.#random.delay(50, 3000, 0.2));
    }
  }

  /**
   * Makes a change and records it. Resolves with whether it was made; undefined where nobody knows. `refused`: what it
   * was where the store said no; left out where that tells nothing.
   */
  async #change(
    key: string,
    name: string,
    done: Done,
    work: () => Promise<unknown>,
    refused?: Done,
  ): Promise<boolean | undefined> {
    const start = this.#log.begin();
    const told = `${this.#name} ${name}`;
    try {
      await work();
      this.#log.add(key, told, start, done);
      return true;
    } catch (thrown) {
      const { code } = expected(thrown);
      const open = mayHaveCompleted(thrown);
      if ((code === 'not-found' && !open) || code === 'changed' || code === 'already-exists') {
        if (refused !== undefined) this.#log.add(key, told, start, refused);
        return false;
      }
      this.#log.add(key, told, start, done, false);
      return undefined;
    }
  }

  #make(kind: string): {
    readonly value: string;
    readonly bytes: Uint8Array;
    readonly meta: { readonly user: { m: string } };
  } {
    const content = `${kind}${this.#name}-${++this.#made}`;
    const mark = `m${this.#made}`;
    return { value: valueOf(content, mark), bytes: this.#log.introduce(content), meta: { user: { m: mark } } };
  }
}

async function textOf({ meta, body }: ReadResult): Promise<string> {
  return valueOf(Buffer.from(await body.bytes(10_000)).toString(), meta.user?.['m'] ?? '');
}

async function orNothing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (thrown) {
    if (isFerryError(thrown, 'not-found')) return undefined;
    throw thrown;
  }
}

/** A failure as stores and gateways have them; anything else is a defect. */
function expected(thrown: unknown): FerryError {
  if (!isFerryError(thrown) || thrown.code === 'internal') throw thrown;
  return thrown;
}
