/** When removing what only the destination has looks like the work of a broken source rather than of deletions. */
import { FerryError } from '../model/errors.ts';
import type { ObjectEntry } from '../model/object.ts';
import type { TaskSpec } from '../model/task.ts';

/** Below so many objects at the destination a share says nothing. */
const GUARD_FROM = 1000;
const GUARD_SHARE = 0.5;

/** Both sides in numbers, directories left aside. */
export class Picture {
  source = 0;
  destination = 0;
  /** Only at the destination, and not left out by filters. */
  extra = 0;
  /** Names at the source that cannot be read. */
  unread = 0;

  /** `wanted`: filters let it pass. What the destination has under a name that cannot be read is not counted. */
  meet(here: ObjectEntry | undefined, there: ObjectEntry | undefined, wanted: boolean): void {
    if (here?.badName && wanted) this.unread++;
    if (here && !here.directory) this.source++;
    if (!there || there.directory || there.badName) return;
    this.destination++;
    if (!here && wanted) this.extra++;
  }
}

/** Why nothing may be removed; undefined where it may. */
export function guardRefusal(spec: Pick<TaskSpec, 'deleteGuard'>, picture: Picture): FerryError | undefined {
  const { source, destination, extra } = picture;
  if (!spec.deleteGuard || extra === 0) return undefined;
  if (source === 0) {
    return new FerryError('guard', {
      message: `the source lists no object; ${grouped(extra)} of the ${grouped(destination)} objects at the destination would be removed`,
    });
  }
  if (destination < GUARD_FROM || extra <= destination * GUARD_SHARE) return undefined;
  const share = Math.floor((extra / destination) * 100);
  return new FerryError('guard', {
    message: `${grouped(extra)} of the ${grouped(destination)} objects at the destination (${share}%) are not at the source, which lists ${grouped(source)}; more than half would be removed`,
  });
}

/** What the source has under a name that cannot be read may be what looks extra. Undefined where nothing is unclear. */
export function whyUnclear(spec: Pick<TaskSpec, 'deleteGuard'>, { extra, unread }: Picture): string | undefined {
  if (!spec.deleteGuard || extra === 0 || unread === 0) return undefined;
  const names = unread === 1 ? '1 name' : `${grouped(unread)} names`;
  return `nothing is removed at the destination: ${names} at the source cannot be read, and may stand for what looks extra`;
}

export const UNCLEAR_REMEDY =
  'Rename them, set the right `encoding`, or leave them out by a filter; `--without-guard` removes all the same.';

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
