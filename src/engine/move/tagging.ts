/** Tags of objects uploaded in parts, or copied within a store: not every store takes them with that. */
import type { TagsGiven } from '../../model/capabilities.ts';
import { FerryError, isFerryError } from '../../model/errors.ts';
import type { Tags } from '../../model/object.ts';
import type { MoveContext } from './job.ts';
import type { LossKind } from './metadata.ts';

/** Whether an object made with these tags may lack them when it is there, by what the store says of that operation. */
export function owesTags(given: TagsGiven | undefined, tags: Tags | undefined): tags is Tags {
  return tags !== undefined && Object.keys(tags).length > 0 && given !== 'kept';
}

/**
 * Sees to it that an object just made has the tags it was made with; costs a request or two where they may be missing.
 * Resolves with what is lost where the store has no way to set them; rejects where it refuses, or where the
 * task does not put up with losses.
 */
export async function settleTags(
  c: MoveContext,
  key: string,
  given: TagsGiven | undefined,
  tags: Tags | undefined,
): Promise<readonly LossKind[]> {
  const { destination, spec, signal } = c;
  if (!owesTags(given, tags)) return [];
  if (given === 'unsure') {
    const there = await destination.stat(key, signal);
    if (there?.tagCount === Object.keys(tags).length) return [];
  }
  try {
    if (!destination.setTags) throw new FerryError('unsupported', { operation: 'setTags' });
    await destination.setTags(key, tags, signal);
    return [];
  } catch (error) {
    if (!isFerryError(error, 'unsupported')) throw error;
    if (spec.fidelity.onLoss === 'report') return ['tags'];
    throw error.with({ message: 'the destination cannot keep tags', key });
  }
}
