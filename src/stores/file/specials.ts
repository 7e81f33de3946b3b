/** What is special about a member of a directory, in the few bytes kept for each while a directory is sorted. */
import type { BadName } from '../../model/object.ts';
import type { DiskEncodingName } from './encoding.ts';

/** A link kept as one, and a link to a file. Nothing special is `''`; any other text says why a member is irregular. */
export const LINK = '>';
export const FOLLOWED = '=';

const BAD = '?';

/** There is something to move, but no key for it; `why` its name is none. */
export function badName(why: 'encoding' | 'escape', directory: boolean): string {
  return `${BAD}${why}${directory ? '/' : ''}`;
}

export function isBadName(special: string): boolean {
  return special.startsWith(BAD);
}

/** Nothing is known of it but its name: it is not looked at. */
export function isNothingToMove(special: string): boolean {
  return special !== '' && special !== LINK && special !== FOLLOWED;
}

/** What to tell of one that `isBadName`. */
export function badNameOf(special: string, encoding: DiskEncodingName): BadName {
  const directory = special.endsWith('/');
  const what = directory ? 'the name of this directory' : 'its name';
  const within = directory ? ', so nothing in it can be read' : '';
  if (special.startsWith(`${BAD}encoding`)) {
    return {
      reason: `${what} is not valid ${encoding === 'utf8' ? 'UTF-8' : encoding}${within}`,
      remedy: 'Set `encoding` to the one the names are written in, rename it, or leave it out by a filter.',
    };
  }
  return {
    reason: `${what} is one Ferry keeps for itself, or reads as if Ferry had escaped it${within}`,
    remedy: 'Rename it, or leave it out by a filter.',
  };
}
