/** Directories that are there only because of what is in them. */
import fs from 'node:fs';
import { errno } from './errors.ts';
import type { Tree } from './tree.ts';

/** Directories remembered; the oldest are forgotten, and then merely stay as empty directories. */
const MAX_IMPLIED = 10_000;

/**
 * In an object store nothing is left of `a/` when `a/b`, the last key below it, is removed, unless `a/` is a key itself.
 * So directories made on the way to a key, and those whose own key was removed while they still held something, go with
 * the last thing in them. All others stay: somebody made them.
 */
export class ImpliedDirectories {
  readonly #tree: Tree;
  /** By their names joined, oldest first. */
  readonly #known = new Set<string>();

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  add(directory: readonly string[]): void {
    this.#known.add(directory.join('/'));
    if (this.#known.size <= MAX_IMPLIED) return;
    for (const oldest of this.#known) {
      this.#known.delete(oldest);
      return;
    }
  }

  /** It has a key of its own now, or is gone. */
  delete(directory: readonly string[]): void {
    this.#known.delete(directory.join('/'));
  }

  /** Removes those that are empty, from `directory` up. Tells `removed` of each. */
  async prune(directory: readonly string[], removed: (directory: readonly string[]) => void): Promise<void> {
    for (let depth = directory.length; depth > 0; depth--) {
      const names = directory.slice(0, depth);
      if (!this.#known.has(names.join('/'))) return;
      try {
        await this.#tree.within(names.slice(0, -1), undefined, (parent) => fs.rmdirSync(parent.at(names.at(-1)!)));
      } catch (thrown) {
        if (errno(thrown) === undefined) throw thrown;
        return; // Not empty, gone already, or not ours to remove: it stays, as an empty directory at worst.
      }
      this.delete(names);
      removed(names);
    }
  }
}
