/**
 * What only the destination has, kept in a file until both sides were seen whole: only then is it known whether it may
 * be removed.
 */
import type { FerryError } from '../model/errors.ts';
import type { Key } from '../model/key.ts';
import type { ObjectEntry } from '../model/object.ts';
import { ExternalSorter } from '../store/external-sort.ts';
import type { EngineContext } from './engine.ts';
import { guardRefusal, Picture, UNCLEAR_REMEDY, whyUnclear } from './guard.ts';
import { RemovalBatch } from './removal-batch.ts';

export class Extraneous implements AsyncDisposable {
  readonly #c: EngineContext;
  readonly #found: ExternalSorter;
  readonly #picture = new Picture();
  #unremovable = 0;

  constructor(context: EngineContext) {
    this.#c = context;
    this.#found = new ExternalSorter({ tmpdir: context.tmpdir });
  }

  /** Told of every key of both sides. `wanted`: filters let it pass. */
  meet(here: ObjectEntry | undefined, there: ObjectEntry | undefined, wanted: boolean): void {
    this.#picture.meet(here, there, wanted);
    if (here || !there || there.directory || !wanted) return;
    if (there.badName) this.#noteUnremovable(there.key, there.badName.reason);
    else this.#found.add(there.key, String(there.size ?? ''));
  }

  /**
   * Whether it may be removed, now that both sides were seen whole; where that is unclear it says so. Throws `guard`
   * where it looks like the result of a broken source rather than of deletions.
   */
  mayGo(): boolean {
    const { spec, destination, emit } = this.#c;
    const refusal = guardRefusal(spec, this.#picture);
    if (refusal) throw refusal.with({ store: destination.info.name });
    const unclear = whyUnclear(spec, this.#picture);
    if (unclear !== undefined) emit({ type: 'notice', message: unclear, remedy: UNCLEAR_REMEDY });
    return unclear === undefined;
  }

  /** Removes all of it; `ended` is told of each key, one after the other. */
  async remove(signal: AbortSignal, ended: (key: Key, error: FerryError | undefined) => Promise<void>): Promise<void> {
    const batch = new RemovalBatch(this.#c.destination, signal, ended);
    for await (const { key } of this.entries()) await batch.add(key);
    await batch.flush();
  }

  /** In key order; once, in place of `remove`. */
  async *entries(): AsyncGenerator<{ readonly key: Key; readonly size: number | undefined }> {
    for await (const records of this.#found.sorted()) {
      for (const { key, payload } of records) yield { key, size: payload === '' ? undefined : Number(payload) };
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#found[Symbol.asyncDispose]();
  }

  #noteUnremovable(key: Key, reason: string): void {
    if (++this.#unremovable > 1) return;
    this.#c.emit({
      type: 'notice',
      message: `some of what only the destination has cannot be removed, first ${JSON.stringify(key)}: ${reason}`,
      remedy: 'Remove it by hand; `ferry verify` names all of it.',
    });
  }
}
