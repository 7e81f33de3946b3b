/** Tags of objects uploaded in parts, which not every store takes with the upload. */
import { FerryError, isFerryError } from '../../model/errors.ts';
import type { Tags } from '../../model/object.ts';
import type { MoveContext } from './job.ts';
import type { LossKind } from './metadata.ts';

/** Whether an upload in parts with these tags is not whole when it is complete. */
export function owesTags({ destination }: Pick<MoveContext, 'destination'>, tags: Tags | undefined): boolean {
  return tags !== undefined && Object.keys(tags).length > 0 && destination.capabilities.multipart?.tags !== 'kept';
}

/**
 * Sees to it that an object just completed has the tags it was begun with; costs a request or two where they may be
 * missing. Resolves with what is lost where the store has no way to set them; rejects where it refuses, or where the
 * task does not put up with losses.
 */
export async function settleTags(c: MoveContext, key: string, tags: Tags | undefined): Promise<readonly LossKind[]> {
  const { destination, spec, signal } = c;
  if (!owesTags(c, tags)) return [];
  if (destination.capabilities.multipart?.tags === 'unsure') {
    const there = await destination.stat(key, signal);
    if (there?.tagCount === Object.keys(tags!).length) return [];
  }
  try {
    if (!destination.setTags) throw new FerryError('unsupported', { operation: 'setTags' });
    await destination.setTags(key, tags!, signal);
    return [];
  } catch (error) {
    if (!isFerryError(error, 'unsupported')) throw error;
    if (spec.fidelity.onLoss === 'report') return ['tags'];
    throw error.with({ message: 'the destination cannot keep tags', key });
  }
}
