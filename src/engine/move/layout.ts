/**
 * How an object is cut into parts: as the source's parts were where that is told, was proven or can be guessed, so that
 * the ETag stays the same; else by the task's part size.
 */
import type { ObjectMeta } from '../../model/object.ts';
import type { PartLayout } from '../../store/store.ts';
import { etagParts, guessPartSizes, planParts } from '../../wire/multipart.ts';
import { contentEtag } from '../compare.ts';
import type { Job, MoveContext } from './job.ts';

/** The fact under which a part size that reproduced an ETag is remembered. */
const PROVEN = 'source-part-size';
/** The fact that says `false` where the source does not tell how objects were uploaded. */
const TOLD = 'source-tells-parts';
/** Instead of a part size: a guess was wrong, so parts are hashed. Below it, so many objects in a row defied guessing. */
const IN_DOUBT = 0;
/** After three of them guessing is given up: every wrong guess costs another read of the object. */
const GIVEN_UP = -3;
/** Up to this size a guess may be tried without hashing: wrong, it costs one object read twice. */
const TRY_UNHASHED = 1024 * 1024 * 1024;

export interface Layout {
  readonly partSize: number;
  readonly count: number;
  /** The ETag the whole will have if the layout is the source's; undefined where it cannot. */
  readonly etag: string | undefined;
  /** Hash every part here. */
  readonly hash: boolean;
}

export async function chooseLayout(c: MoveContext, job: Job, meta: ObjectMeta): Promise<Layout> {
  const limits = c.destination.capabilities.multipart!;
  const { multipart } = c.spec;
  const etag = contentEtag(c.source.capabilities, meta, 'hinted');
  const count = etagParts(etag);
  const comparable = c.destination.capabilities.etag === 'md5';
  if (copiesParts(c) && job.attempt > 1) {
    // Nothing passes here that could be hashed: a guess that was wrong is not made again.
    return ownLayout(c, meta, false);
  }
  if ((multipart.keepEtag || !comparable) && count !== undefined) {
    const proven = await provenSize(c);
    const reproduced = proven !== undefined && proven > 0;
    const promised = c.source.capabilities.etag === 'md5';
    // An ETag nobody vouches for has failed to be one of parts: it is of another kind.
    if (!promised && proven !== undefined && proven < IN_DOUBT) return ownLayout(c, meta, !copiesParts(c));
    const rehash = !comparable || job.attempt > 1 || !(promised || reproduced || copiesParts(c));
    const fits = (size: number): boolean =>
      count <= limits.maxParts &&
      Math.ceil(meta.size / size) === count &&
      size <= limits.maxPart &&
      (count === 1 || size >= limits.minPart);
    const told = await toldLayout(c, job, meta, count);
    if (told) {
      const alike = told.count === count && fits(told.first);
      // Parts of several sizes, or ones that cannot be here: no guess would be better.
      return alike ? { partSize: told.first, count, etag, hash: rehash } : ownLayout(c, meta, !copiesParts(c));
    }
    if (reproduced && fits(proven)) {
      return { partSize: proven, count, etag, hash: rehash };
    }
    const guess = proven !== undefined && proven <= GIVEN_UP ? undefined : guessPartSizes(meta.size, count).find(fits);
    const doubt = rehash || (proven !== undefined && proven <= IN_DOUBT) || meta.size > TRY_UNHASHED;
    if (guess !== undefined) return { partSize: guess, count, etag, hash: doubt && !copiesParts(c) };
  }
  return ownLayout(c, meta, !copiesParts(c));
}

/** Remembers how a layout with an ETag turned out, for the objects to come. */
export async function learnLayout(
  { uploads }: Pick<MoveContext, 'uploads'>,
  outcome: 'reproduced' | 'wrong' | 'not-guessable',
  { partSize }: Layout,
): Promise<void> {
  const before = Math.min((await provenSize({ uploads })) ?? IN_DOUBT, IN_DOUBT);
  const fact = outcome === 'reproduced' ? partSize : outcome === 'wrong' ? before : Math.max(before - 1, GIVEN_UP);
  await uploads.setFact(PROVEN, fact);
}

async function provenSize({ uploads }: Pick<MoveContext, 'uploads'>): Promise<number | undefined> {
  const proven = await uploads.getFact(PROVEN);
  return typeof proven === 'number' ? proven : undefined;
}

function ownLayout(c: MoveContext, meta: ObjectMeta, hash: boolean): Layout {
  const { partSize, count } = planParts(meta.size, c.spec.multipart.partSize, c.destination.capabilities.multipart!);
  return { partSize, count, etag: undefined, hash };
}

/** What the source tells of the parts an object was uploaded in. One that tells nothing is not asked again. */
async function toldLayout(c: MoveContext, job: Job, meta: ObjectMeta, count: number): Promise<PartLayout | undefined> {
  const { source } = c;
  if (count === 1 || !source.partLayout || (await c.uploads.getFact(TOLD)) === false) return undefined;
  const told = await source.partLayout(job.entry.key, meta.etag, c.signal);
  if (!told) await c.uploads.setFact(TOLD, false);
  return told;
}

/** The destination copies parts by itself. */
export function copiesParts({ source, destination }: Pick<MoveContext, 'source' | 'destination'>): boolean {
  return destination.multipart?.copyPart !== undefined && destination.sameServer?.(source) === true;
}
