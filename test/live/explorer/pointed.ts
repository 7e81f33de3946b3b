/** Stores and shared state whose every call is a point of the scheduler, before which anything else may happen. */
import type { Body } from '../../../src/model/body.ts';
import type { Key } from '../../../src/model/key.ts';
import type { Claim, Intent, KeyLedger, Standing } from '../../../src/state/key-ledger.ts';
import type { Member, MovingBucket } from '../../../src/state/moving-bucket.ts';
import type {
  ListPage,
  ListRequest,
  Multipart,
  ReadOptions,
  ReadResult,
  Store,
  UploadRef,
  WriteOptions,
  WriteResult,
} from '../../../src/store/store.ts';
import type { ObjectMeta } from '../../../src/model/object.ts';
import type { MemoryStore } from '../../../src/stores/memory/store.ts';
import { throwIfAborted } from '../../../src/store/abort.ts';
import type { Scheduler } from './scheduler.ts';

export class PointedStore implements Store {
  readonly info: Store['info'];
  readonly capabilities: Store['capabilities'];
  readonly multipart: Multipart;
  readonly #inner: MemoryStore;
  readonly #s: Scheduler;
  readonly #name: string;

  constructor(inner: MemoryStore, scheduler: Scheduler, name: string) {
    this.#inner = inner;
    this.#s = scheduler;
    this.#name = name;
    this.info = inner.info;
    this.capabilities = inner.capabilities;
    const { multipart } = inner;
    this.multipart = {
      begin: (key, options, signal) => multipart!.begin(key, options, signal),
      put: (upload, part, body, options, signal) => multipart!.put(upload, part, body, options, signal),
      abort: (upload, signal) => multipart!.abort(upload, signal),
      // An upload that is there is there: nobody else completes it.
      parts: (upload, after, limit, signal) => multipart!.parts(upload, after, limit, signal),
      complete: (upload: UploadRef, parts, options, signal): Promise<WriteResult> =>
        this.#call('complete', signal, (cut) => multipart!.complete(upload, parts, options, cut)),
    };
  }

  list(request: ListRequest, signal?: AbortSignal): Promise<ListPage> {
    return this.#call(
      'list',
      signal,
      (cut) => this.#inner.list(request, cut),
      ({ entries }) => entries.map(({ key, etag }) => `${key}=${etag}`).join(),
    );
  }

  stat(key: Key, signal?: AbortSignal): Promise<ObjectMeta | undefined> {
    return this.#call(
      `stat ${key}`,
      signal,
      (cut) => this.#inner.stat(key, cut),
      (meta) => meta?.etag ?? '-',
    );
  }

  read(key: Key, options?: ReadOptions, signal?: AbortSignal): Promise<ReadResult> {
    return this.#call(
      `read ${key}`,
      signal,
      async (cut) => {
        throwIfAborted(cut);
        // What was read is in memory, whatever becomes of the reader.
        return await this.#inner.read(key, options);
      },
      ({ meta }) => meta.etag!,
    );
  }

  write(key: Key, body: Body, options?: WriteOptions, signal?: AbortSignal): Promise<WriteResult> {
    return this.#call(`write ${key}`, signal, (cut) => this.#inner.write(key, body, options, cut));
  }

  remove(key: Key, signal?: AbortSignal): Promise<void> {
    return this.#call(`remove ${key}`, signal, (cut) => this.#inner.remove(key, cut));
  }

  copy(...[from, to, options, signal]: Parameters<NonNullable<Store['copy']>>): Promise<WriteResult> {
    const inner = from.store instanceof PointedStore ? from.store.#inner : from.store;
    return this.#call(
      `copy ${to}`,
      signal,
      (cut) => this.#inner.copy({ ...from, store: inner }, to, options, cut),
      ({ etag }) => etag!,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is open.
  }

  async #call<T>(
    label: string,
    signal: AbortSignal | undefined,
    call: (signal: AbortSignal | undefined) => Promise<T>,
    summary: (result: T) => string = () => 'ok',
  ): Promise<T> {
    await this.#s.point(`${this.#name}.${label}`);
    try {
      // What a dead process had sent is on its way.
      const result = await call(this.#s.isDead ? undefined : signal);
      this.#s.saw(summary(result));
      return result;
    } catch (thrown) {
      this.#s.saw(thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'error');
      throw thrown;
    }
  }
}

/** How the ledger of a member is changed by a known-bad variant. */
export type LedgerVariant = (keys: KeyLedger) => KeyLedger;

export function pointedBucket(
  inner: MovingBucket,
  scheduler: Scheduler,
  variant: LedgerVariant,
  fine: boolean,
  /** The member of this name is not told when its lease has run out; it has to look. */
  deaf: string | undefined,
): MovingBucket {
  return {
    notices: inner.notices,
    record: () => inner.record(),
    change: (epoch, to) => inner.change(epoch, to),
    members: () => inner.members(),
    inFlightOnOld: () => inner.inFlightOnOld(),
    abandoned: (limit) => inner.abandoned(limit),
    forgetAbandoned: (upload) => inner.forgetAbandoned(upload),
    counts: () => inner.counts(),
    fact: (name) => inner.fact(name),
    setFact: (name, value) => inner.setFact(name, value),
    join: async (name) => pointedMember(await inner.join(name), scheduler, variant, fine, name === deaf),
  };
}

function pointedMember(
  inner: Member,
  scheduler: Scheduler,
  variant: LedgerVariant,
  fine: boolean,
  deaf: boolean,
): Member {
  const keys = pointedKeys(variant(inner.keys), scheduler, fine);
  const unheard = new AbortController().signal;
  return new Proxy(inner, {
    get(target, name): unknown {
      if (name === 'keys') return keys;
      if (name === 'lost' && deaf) return unheard;
      // What a dead process had sent had passed all its checks.
      if (name === 'isLive') return () => scheduler.isDead || target.isLive();
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** `fine`: the beginnings of writes, and where anything is given back, are points, too. */
function pointedKeys(inner: KeyLedger, s: Scheduler, fine: boolean): KeyLedger {
  const touching = <S extends Intent>(standing: S, name: string): S =>
    new Proxy(standing, {
      get(target, property): unknown {
        if (property === 'touch')
          return async (): Promise<void> => {
            await s.point(`${name}.touch`);
            await target.touch();
          };
        if (property === 'setCompleting' && 'setCompleting' in target)
          return async (uploadId: string | undefined): Promise<void> => {
            if (fine) await s.point(`${name}.completing`);
            await (target as unknown as Claim).setCompleting(uploadId);
          };
        if (property === Symbol.asyncDispose)
          return async (): Promise<void> => {
            if (fine) await s.point(`${name}.back`);
            await target[Symbol.asyncDispose]();
          };
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  const overrides: Partial<KeyLedger> = {
    async isTouched(key) {
      await s.point(`touched ${key}?`);
      const touched = await inner.isTouched(key);
      s.saw(String(touched));
      return touched;
    },
    async touchedAmong(keys) {
      await s.point('touched among');
      const touched = await inner.touchedAmong(keys);
      s.saw([...touched].join());
      return touched;
    },
    async intend(key, signal) {
      await s.point(`intend ${key}`);
      const intent = await inner.intend(key, signal);
      s.saw('stands');
      return touching(intent, 'intent');
    },
    async claim(key, signal) {
      await s.point(`claim ${key}`);
      const claim = await inner.claim(key, signal);
      s.saw(`${claim.touched} ${claim.completing}`);
      return touching(claim, 'claim');
    },
    async beginWrite(key): Promise<Standing> {
      if (fine) await s.point(`begin ${key}`);
      const standing = await inner.beginWrite(key);
      if (!fine) return standing;
      return {
        inDoubt: () => standing.inDoubt(),
        async [Symbol.asyncDispose]() {
          await s.point(`end ${key}`);
          await standing[Symbol.asyncDispose]();
        },
      };
    },
    async dirty(after, limit) {
      await s.point('dirty');
      const page = await inner.dirty(after, limit);
      s.saw(page.map(({ key, sequence }) => `${key}${sequence}`).join());
      return page;
    },
    async settle(dirty) {
      await s.point(`settle ${dirty.key}`);
      const settled = await inner.settle(dirty);
      s.saw(String(settled));
      return settled;
    },
  };
  return new Proxy(inner, {
    get(target, property): unknown {
      if (property in overrides) return Reflect.get(overrides, property, overrides);
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
