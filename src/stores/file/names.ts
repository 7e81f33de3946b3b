/**
 * Keys as names in a directory tree, and back.
 *
 * A key is cut at each `/` into components and each component is one name. Ordinary names, `%` and spaces included, stay
 * as they are. What a directory cannot hold is escaped with `‛` (U+201B, which nearly no name has):
 *
 * | in the key                                        | on disk                        |
 * | ------------------------------------------------- | ------------------------------ |
 * | an empty component (`//`, a leading `/`)          | `‛-`                           |
 * | `.` and `..`                                      | `‛2e` and `‛2e‛2e`             |
 * | NUL                                               | `‛00`                          |
 * | `‛` where it would read as one of these           | `‛e2‛80‛9b` (its UTF-8 bytes)  |
 * | `.ferry-meta`, and names that begin `.ferry-tmp-` | the same with `‛2e` for `.`    |
 *
 * Every component has exactly one name and a name that no component has is `undefined` in `nameToComponent`, so the two
 * functions are each other's inverse. A file whose name only looks escaped is reported as irregular, never misread.
 */
import { FerryError } from '../../model/errors.ts';
import { keyBytes, type Key } from '../../model/key.ts';
import type { DiskEncoding } from './encoding.ts';

/** Where a key lives: directories from the root down, and the name in the last of them. All as on disk. */
export interface Place {
  readonly directories: readonly string[];
  readonly name: string;
  /** The key ends in `/`. */
  readonly directory: boolean;
}

/** Longest name file systems take, bytes (NAME_MAX of Linux, macOS and the BSDs). */
const MAX_NAME = 255;
/** Longest key, bytes: the limit of S3. */
export const MAX_KEY = 1024;

/** Folder of the sidecar files, in the root. */
export const META_FOLDER = '.ferry-meta';
/** What temporary files begin with. */
export const TEMP_PREFIX = '.ferry-tmp-';

/** The place of a key; rejects with `bad-key` and the reason where there is none. */
export function placeOf(key: Key, encoding: DiskEncoding): Place {
  const components = key.split('/');
  const directory = components.length > 1 && components.at(-1) === '';
  if (directory) components.pop();
  const refusal = refuseKey(key, encoding, components);
  if (refusal !== undefined) throw new FerryError('bad-key', { key, message: refusal });
  for (let i = 0; i < components.length; i++) components[i] = componentToName(components[i]!);
  const name = components.pop()!;
  return { directories: components, name, directory };
}

/** Why a key cannot be stored in a tree; undefined where it can. */
export function whyRefused(key: Key, encoding: DiskEncoding): string | undefined {
  const components = key.split('/');
  if (components.length > 1 && components.at(-1) === '') components.pop();
  return refuseKey(key, encoding, components);
}

function refuseKey(key: Key, encoding: DiskEncoding, components: readonly string[]): string | undefined {
  if (key === '') return 'an empty key names nothing';
  // A third of the limit in UTF-16 units cannot reach it in bytes.
  if (key.length * 3 > MAX_KEY && keyBytes(key) > MAX_KEY) return `the key is longer than ${MAX_KEY} bytes`;
  if (!key.isWellFormed()) return 'the key is not well-formed Unicode';
  for (const component of components) {
    if (component.length * 3 <= MAX_NAME && encoding.plain && !needsEscape(component)) continue;
    const bytes = encoding.length(componentToName(component));
    if (bytes === undefined) return `the name ${JSON.stringify(component)} cannot be written in ${encoding.name}`;
    if (bytes > MAX_NAME) return `a file name takes at most ${MAX_NAME} bytes; this one needs ${bytes}`;
  }
  return undefined;
}

/** The name on disk of one component of a key. */
export function componentToName(component: string): string {
  if (!needsEscape(component)) return component;
  if (component === '') return '‛-';
  if (component === '.') return '‛2e';
  if (component === '..') return '‛2e‛2e';
  // oxlint-disable-next-line no-control-regex -- NUL is what must not reach the file system
  const escaped = component.replace(/‛(?=[0-9a-f]{2}|-)/g, '‛e2‛80‛9b').replace(/\u0000/g, '‛00');
  return isReserved(escaped) ? `‛2e${escaped.slice(1)}` : escaped;
}

/** The component a name on disk stands for; undefined where no component has this name. */
export function nameToComponent(name: string): string | undefined {
  if (!needsEscape(name)) return name;
  const component = name.replace(/‛(?:e2‛80‛9b|2e|00|-)/g, (escape) => UNESCAPED[escape]!);
  return componentToName(component) === name && !component.includes('/') ? component : undefined;
}

/** Names Ferry keeps for itself: never listed, never written for a key. */
export function isReserved(name: string): boolean {
  return name.startsWith('.ferry-') && (name === META_FOLDER || name.startsWith(TEMP_PREFIX));
}

function needsEscape(text: string): boolean {
  return (
    text === '' || text === '.' || text === '..' || text.includes('‛') || text.includes('\u0000') || isReserved(text)
  );
}

const UNESCAPED: Readonly<Record<string, string>> = {
  '‛e2‛80‛9b': '‛',
  '‛2e': '.',
  '‛00': '\u0000',
  '‛-': '',
};
