/**
 * A bucket on its way from an old store to a new one, as one store. Each method goes where the phase says (`Route`), by
 * the rules (`rules.ts`); nothing else decides anything here.
 */
import type { Body } from '../../model/body.ts';
import type { Capabilities } from '../../model/capabilities.ts';
import { FerryError, isFerryError, toFerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import type { ObjectMeta, Tags } from '../../model/object.ts';
import type {
  CopySource,
  ListPage,
  ListRequest,
  Multipart,
  ReadOptions,
  ReadResult,
  RemoveFailure,
  Store,
  StoreInfo,
  WriteOptions,
  WriteResult,
} from '../../store/store.ts';
import type { Reading, ReadingRequest, ServedFrom } from '../buckets.ts';
import type { Carrier } from './carrier.ts';
import { accounted, failClosed, mayHaveCompleted, unknownOutcome } from './certainty.ts';
import { jointCapabilities } from './joint-capabilities.ts';
import { mergedPage } from './merged-listing.ts';
import { MigratingMultipart } from './migrating-multipart.ts';
import type { MutationPassage, ReadPassage, Route } from './route.ts';
import { RULES, type Question, type Rules, type Sides } from './rules.ts';

/** Removals of one request that go on at once. */
const REMOVALS = 16;

export interface MigratingOptions {
  readonly old: Store;
  readonly new: Store;
  readonly route: Route;
  readonly carrier: Carrier;
  /** Is told of keys that were read from old, to have them moved before others. */
  readonly onOldRead?: ((key: Key) => void) | undefined;
  /** Others only in tests. */
  readonly rules?: Rules | undefined;
}

/** A change to one object. */
export interface Change<T> {
  readonly key: Key;
  /** As in the Store contract. */
  readonly operation: string;
  readonly signal: AbortSignal | undefined;
  /** Objects it depends on as they are: they have to be on new. */
  readonly needs?: readonly Key[] | undefined;
  /** It writes the object whole. */
  readonly writes?: boolean | undefined;
  /** On one side as it is. */
  readonly run: (store: Store, signal: AbortSignal, passage: MutationPassage) => Promise<T>;
  /** On new while both count; `run` where absent. */
  readonly recorded?: ((sides: Sides, signal: AbortSignal) => Promise<T>) | undefined;
}

export class MigratingStore implements Store {
  readonly info: StoreInfo;
  readonly capabilities: Capabilities;
  readonly multipart?: Multipart | undefined;
  declare readonly copy?: NonNullable<Store['copy']>;
  declare readonly tags?: NonNullable<Store['tags']>;
  declare readonly setTags?: NonNullable<Store['setTags']>;
  readonly rules: Rules;
  readonly #o: MigratingOptions;

  constructor(options: MigratingOptions) {
    const { old, new: next } = options;
    this.#o = options;
    this.rules = options.rules ?? RULES;
    this.info = next.info;
    this.capabilities = jointCapabilities(old.capabilities, next.capabilities);
    if (old.multipart && next.multipart) this.multipart = new MigratingMultipart(this, options);
    if (old.copy && next.copy) this.copy = (from, to, more, signal) => this.#copy(from, to, more, signal);
    if (old.tags && next.tags) this.tags = (key, signal) => this.#tags(key, signal);
    if (old.setTags && next.setTags)
      this.setTags = (key, tags, signal) =>
        this.change({
          key,
          operation: 'setTags',
          signal,
          needs: [key],
          run: (side, cut) => side.setTags!(key, tags, cut),
        });
  }

  list(request: ListRequest, signal?: AbortSignal): Promise<ListPage> {
    return this.#surely({
      old: () => this.#o.old.list(request, signal),
      both: ({ keys }) => mergedPage({ old: this.#o.old, new: this.#o.new, keys }, request, signal),
      new: () => this.#o.new.list(request, signal),
    });
  }

  stat(key: Key, signal?: AbortSignal): Promise<ObjectMeta | undefined> {
    return this.#stat(key, signal, undefined);
  }

  read(key: Key, options?: ReadOptions, signal?: AbortSignal): Promise<ReadResult> {
    return this.#read(key, options, signal, undefined);
  }

  /** The view of one request, which is told the side that served it. */
  asked({ served }: ReadingRequest): Reading {
    return {
      capabilities: this.capabilities,
      stat: (key, signal) => this.#stat(key, signal, served),
      read: (key, options, signal) => this.#read(key, options, signal, served),
    };
  }

  async write(key: Key, body: Body, options: WriteOptions = {}, signal?: AbortSignal): Promise<WriteResult> {
    const run = (store: Store, cut: AbortSignal): Promise<WriteResult> => store.write(key, body, options, cut);
    return await this.change({ key, operation: 'write', signal, needs: neededBy(key, options), writes: true, run });
  }

  async remove(key: Key, signal?: AbortSignal): Promise<void> {
    await this.change({
      key,
      operation: 'remove',
      signal,
      run: (store, cut) => store.remove(key, cut),
      recorded: (sides, cut) => this.rules.remove(sides, key, cut),
    });
  }

  async removeMany(keys: readonly Key[], signal?: AbortSignal): Promise<readonly RemoveFailure[]> {
    const failures: RemoveFailure[] = [];
    const left = keys.values();
    const work = async (): Promise<void> => {
      for (const key of left)
        await this.remove(key, signal).catch((thrown: unknown) => failures.push({ key, error: toFerryError(thrown) }));
    };
    await Promise.all(Array.from({ length: REMOVALS }, work));
    return failures;
  }

  sameServer(other: Store): boolean {
    return other === this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#o.route[Symbol.asyncDispose]();
    await this.#o.old[Symbol.asyncDispose]();
    await this.#o.new[Symbol.asyncDispose]();
  }

  /** Makes a change on the side the phase says, once it says one. */
  async change<T>(change: Change<T>): Promise<T> {
    using passage = await this.#o.route.mutating(change.key, change.operation, change.signal);
    const result = await failClosed(this.#changeBy(passage, change, passage.signal)).catch((thrown: unknown) => {
      throw mayHaveCompleted(thrown) ? unknownOutcome(change.key) : thrown;
    });
    if (!passage.stillSure()) throw unknownOutcome(change.key);
    return result;
  }

  async #changeBy<T>(passage: MutationPassage, change: Change<T>, signal: AbortSignal): Promise<T> {
    const { old, new: next, carrier } = this.#o;
    const { key, run } = change;
    if (passage.mutations === 'old') return await accounted(run(old, signal, passage), passage);
    if (passage.mutations === 'new') return await run(next, signal, passage);
    const sides = this.sides(passage, passage.promotes);
    // Before anything is kept from others: who waits for a claim holds none of theirs up.
    for (const needed of change.needs ?? []) await this.rules.promote(sides, needed, signal);
    // Where the copy looks before it writes, nobody may write between.
    const alone = change.writes === true && !carrier.createOnly && !(await sides.keys.isTouched(key));
    await using intent = alone ? await sides.keys.intend(key, signal) : undefined;
    await using write = await passage.keys.beginWrite(key);
    const changing = change.recorded === undefined ? run(next, signal, passage) : change.recorded(sides, signal);
    return await accounted(changing, write, intent);
  }

  /** Both sides, as the rules need them. */
  sides(passage: MutationPassage | ReadPassage, promotes = false): Sides {
    const { old, new: next, carrier, route } = this.#o;
    return { old, new: next, carrier, keys: route.patient(passage), sure: () => passage.stillSure(), promotes };
  }

  #stat(key: Key, signal: AbortSignal | undefined, served: Served): Promise<ObjectMeta | undefined> {
    return this.#look(key, { ask: (store) => store.stat(key, signal) }, served);
  }

  async #read(
    key: Key,
    options: ReadOptions | undefined,
    signal: AbortSignal | undefined,
    served: Served,
  ): Promise<ReadResult> {
    const question: Question<ReadResult> = {
      ask: (store) => orNothing(store.read(key, options, signal)),
      drop: ({ body }) => body.cancel(),
    };
    const found = await this.#look(key, question, served);
    if (found === undefined) throw new FerryError('not-found', { key });
    return found;
  }

  async #tags(key: Key, signal: AbortSignal | undefined): Promise<Tags> {
    const found = await this.#look(key, { ask: (store) => orNothing(store.tags!(key, signal)) });
    if (found === undefined) throw new FerryError('not-found', { key });
    return found;
  }

  /** Within the bucket; what is copied has to be on new as well. */
  async #copy(
    from: CopySource,
    to: Key,
    options: WriteOptions = {},
    signal: AbortSignal | undefined,
  ): Promise<WriteResult> {
    if (from.store !== this) throw new FerryError('unsupported', { message: 'the source is no object of this bucket' });
    return await this.change({
      key: to,
      operation: 'copy',
      signal,
      needs: [from.key, ...neededBy(to, options)],
      writes: true,
      run: (store, cut) => store.copy!({ ...from, store }, to, options, cut),
    });
  }

  /** What one object is. */
  #look<T>(key: Key, question: Question<T>, served?: Served): Promise<T | undefined> {
    const { onOldRead } = this.#o;
    const { drop } = question;
    return this.#surely({
      old: () => {
        served?.('old');
        return question.ask(this.#o.old);
      },
      both: async (passage) => {
        const asked: Question<T> = {
          ...question,
          ask: (store) => {
            if (store === this.#o.old) onOldRead?.(key);
            served?.(store === this.#o.old ? 'old' : 'new');
            return question.ask(store);
          },
        };
        return await this.rules.look(this.sides(passage), key, asked);
      },
      new: () => {
        served?.('new');
        return question.ask(this.#o.new);
      },
      drop: (found) => {
        if (found !== undefined) drop?.(found);
      },
    });
  }

  /** A read by the rule there is, again where that is not the rule any more when it is done. */
  async #surely<T>({ drop, ...by }: BySide<T>): Promise<T> {
    for (;;) {
      const passage = this.#o.route.reading();
      const found = await failClosed(by[passage.reads](passage));
      if (passage.stillSure()) return found;
      drop?.(found);
    }
  }
}

/** Is told of the side an answer came from, when it was asked. */
type Served = ((from: ServedFrom) => void) | undefined;

interface BySide<T> {
  readonly old: (passage: ReadPassage) => Promise<T>;
  readonly both: (passage: ReadPassage) => Promise<T>;
  readonly new: (passage: ReadPassage) => Promise<T>;
  readonly drop?: (found: T) => void;
}

function neededBy(key: Key, { ifAbsent, ifMatch }: WriteOptions): readonly Key[] {
  return ifAbsent === true || ifMatch !== undefined ? [key] : [];
}

async function orNothing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (thrown) {
    if (isFerryError(thrown, 'not-found')) return undefined;
    throw thrown;
  }
}
