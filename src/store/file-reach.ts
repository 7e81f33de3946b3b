/**
 * What of this machine may be named by whoever asks from elsewhere: directories the configuration allows, and what is
 * below them. Links are followed before anything is compared, and what Ferry keeps of itself is never among it.
 */
import fs from 'node:fs';
import path from 'node:path';
import { FerryError } from '../model/errors.ts';

/** A path in an endpoint or a task. */
export interface LocalPath {
  /** Where it stands: `['options', 'list_path']`. */
  readonly at: readonly string[];
  readonly path: string;
}

/** Cause of `outside-file-roots`: the place that names the path. */
export class OutOfReach {
  readonly at: readonly string[];

  constructor(at: readonly string[]) {
    this.at = at;
  }
}

export interface FileReachOptions {
  /** Directories, absolute; they need not be there yet. */
  readonly roots: readonly string[];
  /** Files and directories that are refused, and all that holds them, wherever they are. Absolute. */
  readonly kept: readonly string[];
}

/** Milliseconds for which it is known where what is kept is: it is a dozen places, and nobody moves them. */
const KNOWN = 1000;

export class FileReach {
  readonly #options: FileReachOptions;
  readonly #except: readonly string[];
  /** Where what is kept really is. */
  #kept: { readonly at: number; readonly places: readonly (string | undefined)[] } | undefined;

  constructor(options: FileReachOptions, except: readonly string[] = []) {
    this.#options = options;
    this.#except = except;
  }

  /** The same, and this file or directory besides, though it is one of those that are kept. */
  and(place: string): FileReach {
    const more = new FileReach(this.#options, [...this.#except, place]);
    more.#kept = this.#kept;
    return more;
  }

  /** The real place of a path, which need not be there. Throws `outside-file-roots`. */
  check({ path: given, at }: LocalPath): string {
    const { roots } = this.#options;
    const real = realPlace(given);
    if (real === undefined) throw refused(given, at, 'it leads nowhere that could be told');
    if (this.#except.some((each) => isWithin(real, realPlace(each)))) return real;
    if (this.#places().some((each) => isWithin(real, each) || isWithin(each, real)))
      throw refused(given, at, 'what Ferry keeps of itself is there');
    if (roots.some((root) => isWithin(real, realPlace(root)))) return real;
    throw refused(given, at, 'it is below no directory that `control.file_roots` allows');
  }

  #places(): readonly (string | undefined)[] {
    const at = performance.now();
    if (this.#kept === undefined || at - this.#kept.at > KNOWN)
      this.#kept = { at, places: this.#options.kept.map((each) => realPlace(each)) };
    return this.#kept.places;
  }
}

/**
 * The place with every link on the way followed, though the last names of it may not be there. Undefined where that
 * cannot be told: a link that leads to nothing, a directory that may not be looked into, a name that is none.
 */
export function realPlace(given: string): string | undefined {
  const missing: string[] = [];
  for (let place = path.resolve(given); ; place = path.dirname(place)) {
    try {
      return path.join(fs.realpathSync.native(place), ...missing);
    } catch (thrown) {
      if (!isAbsent(thrown) || isThere(place) || place === path.dirname(place)) return undefined;
      missing.unshift(path.basename(place));
    }
  }
}

/** Where an open file is, on systems that tell. */
export function openPlace(fd: number): string | undefined {
  const name = `/proc/self/fd/${fd}`;
  return fs.existsSync(name) ? fs.readlinkSync(name) : undefined;
}

/** The path an option names, where it does. */
export function localOption(options: Readonly<Record<string, unknown>>, name: string): readonly LocalPath[] {
  const value = options[name];
  return typeof value === 'string' ? [{ at: ['options', name], path: value }] : [];
}

/** What no directory could allow. */
export function unreachable(at: readonly string[], message: string): FerryError {
  return new FerryError('outside-file-roots', { message, cause: new OutOfReach(at) });
}

function isAbsent(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
}

/** Also a link that leads nowhere. */
function isThere(place: string): boolean {
  try {
    fs.lstatSync(place);
    return true;
  } catch (thrown) {
    return !isAbsent(thrown);
  }
}

function isWithin(place: string | undefined, above: string | undefined): boolean {
  if (place === undefined || above === undefined) return false;
  return place === above || place.startsWith(above.endsWith(path.sep) ? above : above + path.sep);
}

function refused(given: string, at: readonly string[], why: string): FerryError {
  return unreachable(at, `${JSON.stringify(given)} may not be named here: ${why}`);
}
