/**
 * Moves one object the best way both stores allow, and starts it again where the source changed or bytes were altered.
 *
 * In this order: the destination copies by itself (same service), fetches by itself (`type: fetch`), one read and one
 * write, or parts. Concurrent calls are for different keys.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { FerryError, toFerryError } from '../../model/errors.ts';
import type { ObjectEntry, ObjectMeta } from '../../model/object.ts';
import { MiB } from '../../model/units.ts';
import { contentEtag, knownMd5 } from '../compare.ts';
import { contentEqual } from '../content.ts';
import { openTheWay } from '../directories.ts';
import { canFetch } from '../fetching.ts';
import { etagParts } from '../../wire/multipart.ts';
import { Budget } from './budget.ts';
import { readBack } from './read-back.ts';
import { stillAbsent, type Job, type MoveContext, type Moved } from './job.ts';
import { outfit } from './metadata.ts';
import { moveInParts } from './parts.ts';
import { owesTags, settleTags } from './tagging.ts';
import { moveUnsized } from './unsized.ts';
import { oweTags } from './uploads.ts';
import { moveWhole } from './whole.ts';

/** How often an object is begun again because it changed or arrived altered. */
const STARTS = 4;
/** For objects buffered whole, all together. */
const BUFFERS = 64 * MiB;

export class Mover {
  readonly #c: MoveContext;
  readonly #budget: Budget;

  /** `budget`: for objects buffered whole, where other movers share it. */
  constructor(context: MoveContext, budget = new Budget(BUFFERS)) {
    this.#c = context;
    this.#budget = budget;
  }

  /** True where the object takes long enough to be watched on its own: it is moved in parts. */
  isLarge(entry: ObjectEntry): boolean {
    return entry.size !== undefined && this.#inParts(entry.size, entry);
  }

  /** True where the bytes of an object that is moved whole pass through this machine. */
  passesHere({ size }: ObjectEntry): boolean {
    const { spec, source, destination } = this.#c;
    return !(spec.type === 'fetch' && canFetch(source, destination)) && !this.#copiesItself(size ?? 0);
  }

  /** Resolves with undefined where nothing was written because the destination has an equal object by now. */
  async move(entry: ObjectEntry, create: boolean, onProgress?: Job['onProgress']): Promise<Moved | undefined> {
    const { custody, signal } = this.#c;
    if (custody === undefined) return await this.#begin(entry, create, onProgress);
    return await custody(entry.key, signal, () => this.#begin(entry, create, onProgress));
  }

  async #begin(entry: ObjectEntry, create: boolean, onProgress: Job['onProgress']): Promise<Moved | undefined> {
    const doubts = {};
    for (let attempt = 1; ; attempt++) {
      try {
        const moved = await this.#once({ entry, create, attempt, doubts, onProgress });
        if (this.#c.spec.checkMd5) await readBack(this.#c, entry.key);
        return moved;
      } catch (thrown) {
        const error = toFerryError(thrown);
        if (error.code === 'already-exists' && create) return await this.#settleExisting(entry, error);
        if (error.code === 'permission' && attempt === 1 && (await openTheWay(this.#c, entry.key))) continue;
        const again = error.code === 'changed' || error.kind === 'integrity';
        if (!again || attempt >= STARTS || this.#c.signal.aborted) throw error.with({ key: entry.key });
        await sleep(50 * 4 ** attempt, undefined, { signal: this.#c.signal });
      }
    }
  }

  async #once(job: Job): Promise<Moved> {
    const c = this.#c;
    const { source, destination, spec } = c;
    const { entry } = job;
    if (entry.directory) return await this.#directory(entry);
    if (spec.type === 'fetch' && canFetch(source, destination)) return await this.#fetch(job);
    if (entry.size !== undefined && !this.isLarge(entry) && !this.#copiesItself(entry.size)) {
      return await moveWhole(c, job, this.#budget);
    }
    const meta = await source.stat(entry.key, c.signal);
    if (!meta) throw new FerryError('not-found', { key: entry.key, store: source.info.name, operation: 'stat' });
    if (meta.size < 0) return await moveUnsized(c, job);
    if (this.#inParts(meta.size, meta)) return await moveInParts(c, job, meta);
    return this.#copiesItself(meta.size) ? await this.#copy(job, meta) : await moveWhole(c, job, this.#budget);
  }

  #inParts(size: number, facts: Pick<ObjectMeta, 'etag'>): boolean {
    const { spec, source, destination } = this.#c;
    const { maxWrite, multipart } = destination.capabilities;
    if (!multipart) return false;
    if (size > maxWrite) return true;
    if (size <= spec.multipart.threshold) {
      // Parts the source was uploaded in are kept however small the object is: its ETag depends on them.
      return (
        spec.multipart.keepEtag &&
        size > 0 &&
        destination.capabilities.etag === 'md5' &&
        etagParts(contentEtag(source.capabilities, facts, 'hinted')) !== undefined
      );
    }
    // A plain MD5 stays the ETag, and proves the copy, only if the object is written whole.
    const { etag, verifiesMd5 } = destination.capabilities;
    const provable = knownMd5(source.capabilities, facts) !== undefined && (etag === 'md5' || verifiesMd5);
    const kept = etag === 'md5' && contentEtag(source.capabilities, facts, 'sampled')?.length === 32;
    return !((provable || kept) && spec.multipart.keepEtag);
  }

  #copiesItself(size: number): boolean {
    const { source, destination } = this.#c;
    const { copy } = destination.capabilities;
    return (
      copy !== undefined &&
      size <= copy.maxSize &&
      destination.copy !== undefined &&
      destination.sameServer?.(source) === true
    );
  }

  async #copy(job: Job, meta: ObjectMeta): Promise<Moved> {
    const { source, destination, spec, signal, onBytes } = this.#c;
    const { key } = job.entry;
    const tags = meta.tagCount && spec.fidelity.tags === 'keep' ? await source.tags?.(key, signal) : undefined;
    const { options, losses } = outfit(meta, tags, spec.fidelity, destination.capabilities);
    const copy = destination.capabilities.copy!;
    const owed = owesTags(copy.tags, options.tags);
    // Where tags cannot follow a copy, or a copy cut off from its tags could not be told from somebody else's object.
    if (owed && (!destination.setTags || spec.createOnly)) return await moveWhole(this.#c, job, this.#budget);
    if (owed) await oweTags(this.#c, key, meta);
    const ifAbsent = job.create && copy.ifAbsent ? true : undefined;
    if (!ifAbsent) await stillAbsent(this.#c, job);
    const from = { store: source, key, ifMatch: meta.etag };
    const written = await destination.copy!(from, key, { ...options, ifAbsent }, signal);
    const untagged = await settleTags(this.#c, key, copy.tags, options.tags);
    if (owed) await this.#c.uploads.endUpload(key);
    onBytes(meta.size);
    const etag = contentEtag(source.capabilities, meta);
    const kept = etag === undefined || written.etag === undefined || written.etag === etag;
    return {
      bytes: meta.size,
      etag: written.etag,
      losses: [...losses, ...untagged, ...(kept ? [] : (['etag'] as const))],
      method: etag !== undefined && etag === written.etag ? 'etag' : 'size',
    };
  }

  async #fetch(job: Job): Promise<Moved> {
    const { source, destination, spec, signal, onBytes } = this.#c;
    const { key } = job.entry;
    const meta = await source.stat(key, signal);
    if (!meta) throw new FerryError('not-found', { key, store: source.info.name, operation: 'stat' });
    const { options, losses } = outfit(meta, undefined, spec.fidelity, destination.capabilities);
    await stillAbsent(this.#c, job);
    const written = await destination.fetch!(await source.presign!(key, 3600), key, options, signal);
    const now = await destination.stat(key, signal);
    if (now?.size !== meta.size) throw new FerryError('wrong-length', { key, operation: 'fetch' });
    onBytes(meta.size);
    return { bytes: meta.size, etag: written.etag, losses, method: 'size' };
  }

  /** An empty directory, or the object that stands for one. */
  async #directory({ key }: ObjectEntry): Promise<Moved> {
    const { source, destination, spec, signal } = this.#c;
    if (destination.capabilities.keys.directories === 'none')
      return { bytes: 0, etag: undefined, losses: [], method: 'size' };
    const meta = await source.stat(key, signal);
    if (!meta) throw new FerryError('not-found', { key, store: source.info.name, operation: 'stat' });
    const { options, losses } = outfit(meta, undefined, spec.fidelity, destination.capabilities);
    await destination.write(key, new Uint8Array(), options, signal);
    return { bytes: 0, etag: undefined, losses, method: 'size' };
  }

  /**
   * The key was created after it was seen to be absent: by a write of ours whose answer was lost, or by somebody else.
   * Equal bytes are fine; anything else is theirs and stays. Where clients write meanwhile, so is whatever they wrote.
   */
  async #settleExisting(entry: ObjectEntry, error: FerryError): Promise<undefined> {
    if (this.#c.custody !== undefined) return undefined;
    if (await contentEqual(this.#c, entry.key, this.#c.signal)) return undefined;
    throw error.with({ key: entry.key });
  }
}
