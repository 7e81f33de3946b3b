/**
 * Does an object at the destination have the metadata a run would give it? Only what the source tells, the task wants
 * and the destination can hold counts; what it cannot hold was told as a loss when it was copied.
 *
 * Not compared: ACLs, storage classes (rules of the bucket change them), and owners and permissions in a file system,
 * which takes them as its options say.
 */
import { isDeepStrictEqual } from 'node:util';
import { isFerryError } from '../model/errors.ts';
import type { Key } from '../model/key.ts';
import type { ObjectMeta, PosixAttributes, SystemMeta, Tags } from '../model/object.ts';
import type { Fidelity } from '../model/task.ts';
import type { Store } from '../store/store.ts';
import { parseHttpDate } from '../wire/http-date.ts';
import { outfit } from './move/metadata.ts';

/** One field, and what each side has in words. */
export interface FieldDifference {
  readonly field: string;
  readonly source: string;
  readonly destination: string;
}

export interface Ends {
  readonly source: Store;
  readonly destination: Store;
  readonly fidelity: Fidelity;
  readonly signal: AbortSignal;
}

/** Costs no request, but for objects with tags: theirs are read on both sides where that is allowed. */
export async function metadataDifferences(
  ends: Ends,
  key: Key,
  here: ObjectMeta,
  there: ObjectMeta,
): Promise<readonly FieldDifference[]> {
  const { source, destination, fidelity } = ends;
  const from = source.capabilities.metadata;
  const to = destination.capabilities.metadata;
  const { options, losses } = outfit(here, undefined, { ...fidelity, onLoss: 'report' }, destination.capabilities);
  const wanted = options.meta ?? {};
  const found: FieldDifference[] = [];
  if (to.system) found.push(...headers(wanted, there, from.system && fidelity.metadata === 'keep'));
  if (to.userBytes > 0 && !losses.includes('user-metadata'))
    found.push(...userMetadata(wanted.user, there.user, from.userBytes > 0 && fidelity.metadata === 'keep'));
  if (wanted.modified !== undefined)
    found.push(...modified(wanted.modified, there.modified, to.modified === 'set' ? COARSEST : 1));
  // Carried as metadata it is held exactly.
  if (to.modified === 'metadata' && wanted.posix) found.push(...posix(wanted.posix, there.posix));
  found.push(...(await tags(ends, key, here.tagCount, there.tagCount)));
  return found;
}

/** Where a symbolic link leads is what it holds, whatever the task wants of metadata. */
export function linkDifference(here: ObjectMeta, there: ObjectMeta): FieldDifference | undefined {
  const [a, b] = [here.posix?.link, there.posix?.link];
  return a === b ? undefined : difference('link', a, b);
}

const HEADERS: readonly (readonly [keyof SystemMeta, string])[] = [
  ['contentType', 'content-type'],
  ['cacheControl', 'cache-control'],
  ['contentDisposition', 'content-disposition'],
  ['contentEncoding', 'content-encoding'],
  ['contentLanguage', 'content-language'],
  ['expires', 'expires'],
];

/** What stores answer where no type was given. */
const NO_TYPE = new Set([undefined, 'application/octet-stream', 'binary/octet-stream']);

/** Milliseconds to which file systems keep times: two seconds on FAT. */
const COARSEST = 2000;

/** Names under which attributes of files travel; they are compared as such. */
const ATTRIBUTES = new Set(['mtime', 'mode', 'uid', 'gid', 'ferry-link']);

/** `exactly`: a header the source does not have must not be there. */
function headers(wanted: SystemMeta, there: SystemMeta, exactly: boolean): readonly FieldDifference[] {
  return HEADERS.flatMap(([name, field]) => {
    const [a, b] = [wanted[name], there[name]];
    if (a === undefined && !exactly) return [];
    return a === b || sameHeader(name, a, b) ? [] : [difference(field, a, b)];
  });
}

function sameHeader(name: keyof SystemMeta, a: string | undefined, b: string | undefined): boolean {
  if (name === 'contentType') return (NO_TYPE.has(a) && NO_TYPE.has(b)) || bareType(a) === bareType(b);
  if (name !== 'expires' || a === undefined || b === undefined) return false;
  const time = parseHttpDate(a);
  return time !== undefined && time === parseHttpDate(b);
}

function bareType(type: string | undefined): string | undefined {
  return type?.replace(/\s*;\s*/g, ';').toLowerCase();
}

type UserMetadata = Readonly<Record<string, string>>;

function userMetadata(
  wanted: UserMetadata = {},
  there: UserMetadata = {},
  exactly: boolean,
): readonly FieldDifference[] {
  const [a, b] = [lowered(wanted), lowered(there)];
  const names = new Set([...a.keys(), ...(exactly ? [...b.keys()].filter((name) => !ATTRIBUTES.has(name)) : [])]);
  return [...names].flatMap((name) =>
    a.get(name) === b.get(name) ? [] : [difference(`x-amz-meta-${name}`, a.get(name), b.get(name))],
  );
}

function lowered(user: UserMetadata): ReadonlyMap<string, string> {
  return new Map(Object.entries(user).map(([name, value]) => [name.toLowerCase(), value]));
}

function modified(wanted: number, there: number | undefined, tolerated: number): readonly FieldDifference[] {
  if (there !== undefined && Math.abs(wanted - there) < tolerated) return [];
  const [a, b] = [wanted, there].map((time) => (time === undefined ? undefined : new Date(time).toISOString()));
  return [difference('modified', a, b)];
}

function posix(wanted: PosixAttributes, there: PosixAttributes | undefined): readonly FieldDifference[] {
  return (['mode', 'uid', 'gid', 'link'] as const).flatMap((name) => {
    const [a, b] = [wanted[name], there?.[name]].map((value) => value?.toString());
    return a === undefined || a === b ? [] : [difference(name, a, b)];
  });
}

/** Where the tags of a side may not be read, the numbers that were told with the objects are compared. */
async function tags(
  { source, destination, fidelity, signal }: Ends,
  key: Key,
  here: number | undefined,
  there: number | undefined,
): Promise<readonly FieldDifference[]> {
  if (!destination.capabilities.metadata.tags) return [];
  const keep = fidelity.tags === 'keep' && source.capabilities.metadata.tags;
  const added = Object.keys(fidelity.setTags).length > 0;
  // A store that tells no number tells of no tags; a run would carry none.
  if (!added && !(keep && (here || there))) return [];
  const [ours, theirs] = await Promise.all([
    keep && (here || there) ? readTags(source, key, signal) : {},
    readTags(destination, key, signal),
  ]);
  if (ours && theirs) {
    const wanted = { ...ours, ...fidelity.setTags };
    const same = isDeepStrictEqual({ ...wanted }, { ...theirs });
    return same || (!keep && contains(theirs, wanted)) ? [] : [difference('tags', inWords(wanted), inWords(theirs))];
  }
  const counted = !added && here !== undefined && there !== undefined;
  return counted && here !== there ? [difference('tags', String(here), String(there))] : [];
}

/** Undefined where nobody may ask. */
async function readTags(store: Store, key: Key, signal: AbortSignal): Promise<Tags | undefined> {
  try {
    return await store.tags?.(key, signal);
  } catch (error) {
    if (isFerryError(error, 'access-denied') || isFerryError(error, 'unsupported')) return undefined;
    throw error;
  }
}

function contains(all: Tags, some: Tags): boolean {
  return Object.keys(some).every((name) => all[name] === some[name]);
}

function inWords(of: Tags): string | undefined {
  const text = Object.keys(of)
    .sort()
    .map((name) => `${name}=${of[name]}`)
    .join('&');
  return text === '' ? undefined : text;
}

const LONGEST = 200;

function difference(field: string, source: string | undefined, destination: string | undefined): FieldDifference {
  return { field, source: shown(source), destination: shown(destination) };
}

function shown(value: string | undefined): string {
  if (value === undefined) return 'none';
  return value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value;
}
