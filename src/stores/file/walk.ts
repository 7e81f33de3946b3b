/** Walks a tree in key order, from any key on, a page at a time. */
import type { BigIntStats } from 'node:fs';
import fs from 'node:fs';
import { FerryError } from '../../model/errors.ts';
import { compareKeys, type Key } from '../../model/key.ts';
import type { ObjectEntry } from '../../model/object.ts';
import { throwIfAborted } from '../../store/abort.ts';
import { errno, fileError } from './errors.ts';
import { Members, type Bounds, type MembersOptions } from './members.ts';
import { componentToName } from './names.ts';
import { badNameOf, FOLLOWED, isBadName, isNothingToMove, LINK } from './specials.ts';
import type { Directory, Tree } from './tree.ts';
import { irregularType, modifiedOf, versionOf } from './version.ts';

export interface WalkRange {
  readonly prefix?: string | undefined;
  readonly after?: Key | undefined;
  readonly through?: Key | undefined;
  readonly directoriesOnly?: boolean | undefined;
}

/** One directory on the way from the root to where the walk stands. */
interface Frame {
  /** Names on disk, from the root. */
  readonly names: readonly string[];
  /** Key of the directory; `''` for the root. */
  readonly prefix: string;
  readonly members: Members;
  readonly where: Buffer;
  readonly inode: bigint;
  /** Modification time when it was read; undefined where it changed so shortly before that the time says nothing. */
  readonly unchangedSince: bigint | undefined;
}

/** Files looked at together. */
const BATCH = 32;
/** A directory that changed less than this before it was read may change again within one tick of its clock, ms. */
const TICK = 20;

/**
 * Memory: the names of the directories from the root down to the current one, as `NameBudget` allows. Reading starts
 * only in directories that can hold a wanted key, so starting late in a large tree costs one directory a level.
 */
export class Walker implements AsyncDisposable {
  readonly #tree: Tree;
  readonly #options: MembersOptions;
  readonly #range: WalkRange;
  /** First wanted key and whether it is wanted itself. */
  readonly #from: Key | undefined;
  readonly #inclusive: boolean;
  readonly #stack: Frame[] = [];
  #started = false;

  constructor(tree: Tree, options: MembersOptions, range: WalkRange) {
    this.#tree = tree;
    this.#options = options;
    this.#range = range;
    const { after, prefix } = range;
    this.#inclusive = prefix !== undefined && prefix !== '' && (after === undefined || compareKeys(after, prefix) < 0);
    this.#from = this.#inclusive ? prefix : after;
  }

  /** True where there is no more. */
  get done(): boolean {
    return this.#started && this.#stack.length === 0;
  }

  /** At least one entry and at most `limit`, unless it comes to the end. */
  async next(limit: number, signal: AbortSignal | undefined): Promise<ObjectEntry[]> {
    const page: ObjectEntry[] = [];
    if (!this.#started) {
      this.#started = true;
      const root = await this.#read([], '', []);
      if (!root) throw noRoot(this.#options.root);
      this.#stack.push(root.frame);
    }
    for (let frame = this.#stack.at(-1); frame && page.length < limit; frame = this.#stack.at(-1)) {
      throwIfAborted(signal);
      if (!(await frame.members.ready())) await this.#leave();
      else if (frame.members.current.endsWith('/')) await this.#enter(frame, page);
      else await this.#take(frame, limit, page);
    }
    return page;
  }

  /** Whether what was read of the directories on the way still holds. Large ones are not looked at again. */
  async fresh(): Promise<boolean> {
    try {
      for (const frame of this.#stack) {
        if (!frame.members.small) continue;
        const stats = await this.#tree.within(frame.names, undefined, (d) => fs.fstatSync(d.fd, { bigint: true }));
        if (stats.ino !== frame.inode || stats.mtimeNs !== frame.unchangedSince) return false;
      }
      return true;
    } catch {
      return false; // Reading it again tells what is wrong.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#started = true;
    while (this.#stack.length > 0) await this.#leave();
  }

  async #leave(): Promise<void> {
    await this.#stack.pop()!.members[Symbol.asyncDispose]();
  }

  async #enter(above: Frame, page: ObjectEntry[]): Promise<void> {
    const member = above.members.current;
    above.members.skip();
    const key = above.prefix + member;
    const names = [...above.names, componentToName(member.slice(0, -1))];
    const ancestors = this.#stack.map((frame) => frame.where);
    const read = await this.#read(names, key, ancestors);
    if (!read) return;
    this.#stack.push(read.frame);
    if (!this.#isWanted(key)) return;
    page.push({ key, size: 0, modified: modifiedOf(read.stats), directory: { empty: read.frame.members.empty } });
  }

  /** A directory itself is on the way to what is wanted, but may lie before it. */
  #isWanted(key: Key): boolean {
    const { prefix } = this.#range;
    if (prefix !== undefined && !key.startsWith(prefix)) return false;
    if (this.#from === undefined) return true;
    const order = compareKeys(key, this.#from);
    return order > 0 || (order === 0 && this.#inclusive);
  }

  /** Undefined where the directory is gone. */
  async #read(
    names: readonly string[],
    prefix: string,
    ancestors: readonly Buffer[],
  ): Promise<{ frame: Frame; stats: BigIntStats } | undefined> {
    try {
      return await this.#tree.within(names, undefined, async (directory) => {
        const stats = fs.fstatSync(directory.fd, { bigint: true });
        const settled = Date.now() - modifiedOf(stats) > TICK;
        const members = await Members.read(directory, ancestors, this.#bounds(prefix), this.#options);
        const unchangedSince = settled ? stats.mtimeNs : undefined;
        const frame = { names, prefix, members, where: directory.where, inode: stats.ino, unchangedSince };
        return { frame, stats };
      });
    } catch (thrown) {
      // Removed, or replaced by a file, while the walk was on its way: no object that was there all the time.
      if (errno(thrown) === 'ENOENT' || (names.length > 0 && isGone(thrown))) return undefined;
      if (names.length === 0 && errno(thrown) === 'ENOTDIR') return undefined;
      throw fileError(thrown, 'list', prefix, 'list');
    }
  }

  #bounds(prefix: string): Bounds {
    const { through, prefix: wanted, directoriesOnly } = this.#range;
    return {
      directoriesOnly,
      from: this.#from?.startsWith(prefix) ? this.#from.slice(prefix.length) : undefined,
      inclusive: this.#inclusive,
      through: through?.startsWith(prefix) ? through.slice(prefix.length) : undefined,
      prefix: wanted?.startsWith(prefix) ? wanted.slice(prefix.length) : undefined,
    };
  }

  async #take(frame: Frame, limit: number, page: ObjectEntry[]): Promise<void> {
    const members = frame.members.takeFiles(limit - page.length);
    const look = async (directory: Directory): Promise<void> => {
      for (let i = 0; i < members.length; i += BATCH) {
        const some = members.slice(i, i + BATCH);
        const stats = await this.#look(directory, frame, some);
        for (let j = 0; j < some.length; j++) {
          const entry = this.#entry(frame, some[j]!, stats[j]);
          if (entry) page.push(entry);
        }
      }
    };
    try {
      await this.#tree.within(frame.names, undefined, look);
    } catch (thrown) {
      if (errno(thrown) === 'ENOENT' || isGone(thrown)) return;
      throw fileError(thrown, 'list', frame.prefix, 'look into');
    }
  }

  async #look(
    directory: Directory,
    frame: Frame,
    members: readonly string[],
  ): Promise<readonly (BigIntStats | undefined)[]> {
    const { pace } = this.#options;
    if (pace.look.usesPool()) {
      return await Promise.all(
        members.map(async (member) => {
          const special = frame.members.special(member);
          if (isNothingToMove(special)) return undefined;
          const path = directory.at(componentToName(member));
          const stats = special === FOLLOWED ? fs.promises.stat(path, { bigint: true }) : pace.pooled.lstat(path);
          return await Promise.resolve(stats).catch(absent);
        }),
      );
    }
    const started = performance.now();
    const found = members.map((member) => {
      const special = frame.members.special(member);
      if (isNothingToMove(special)) return undefined;
      const path = directory.at(componentToName(member));
      return special === FOLLOWED
        ? fs.statSync(path, { bigint: true, throwIfNoEntry: false })
        : fs.lstatSync(path, { bigint: true, throwIfNoEntry: false });
    });
    pace.look.took(performance.now() - started, members.length);
    if (pace.due) await pace.breathe();
    return found;
  }

  #entry(frame: Frame, member: string, stats: BigIntStats | undefined): ObjectEntry | undefined {
    const key = frame.prefix + member;
    const special = frame.members.special(member);
    if (isBadName(special)) return { key, badName: badNameOf(special, this.#options.encoding.name) };
    if (isNothingToMove(special)) return { key, irregular: special };
    if (!stats || stats.isDirectory()) return undefined; // Removed or replaced since the directory was read.
    if (special === LINK && stats.isSymbolicLink())
      return { key, size: 0, modified: modifiedOf(stats), etag: versionOf(stats) };
    if (!stats.isFile()) return { key, irregular: `it is ${irregularType(stats)}` };
    return { key, size: Number(stats.size), modified: modifiedOf(stats), etag: versionOf(stats) };
  }
}

function noRoot(root: string): FerryError {
  const message = fs.existsSync(root) ? `${root} is no directory` : `the directory ${root} does not exist`;
  return new FerryError('no-such-directory', { message, operation: 'list' });
}

function absent(thrown: unknown): undefined {
  if (errno(thrown) !== 'ENOENT') throw thrown;
}

function isGone(thrown: unknown): boolean {
  return thrown instanceof FerryError && (thrown.code === 'path-conflict' || thrown.code === 'irregular');
}
