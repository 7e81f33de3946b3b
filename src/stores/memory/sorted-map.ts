import type { Key } from '../../model/key.ts';
import { compareKeys } from '../../model/key.ts';

/** Entries of a block before it is split in two. */
const BLOCK = 512;

interface Block<V> {
  readonly keys: Key[];
  readonly values: V[];
}

/**
 * A map in UTF-8 key order: sorted blocks in a sorted array. Finding costs O(log n); inserting and removing move the
 * rest of one block; a scan starts in O(log n). With a million keys there are some 3,000 blocks.
 */
export class SortedMap<V> {
  readonly #blocks: Block<V>[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: Key): V | undefined {
    const block = this.#blocks[this.#blockOf(key)];
    if (!block) return undefined;
    const at = lowerBound(block.keys, key);
    return block.keys[at] === key ? block.values[at] : undefined;
  }

  set(key: Key, value: V): void {
    const index = this.#blockOf(key);
    const block = this.#blocks[index];
    if (!block) {
      this.#blocks.push({ keys: [key], values: [value] });
      this.#size++;
      return;
    }
    const at = lowerBound(block.keys, key);
    if (block.keys[at] === key) {
      block.values[at] = value;
      return;
    }
    block.keys.splice(at, 0, key);
    block.values.splice(at, 0, value);
    this.#size++;
    if (block.keys.length > BLOCK) this.#split(index, block);
  }

  delete(key: Key): boolean {
    const index = this.#blockOf(key);
    const block = this.#blocks[index];
    if (!block) return false;
    const at = lowerBound(block.keys, key);
    if (block.keys[at] !== key) return false;
    block.keys.splice(at, 1);
    block.values.splice(at, 1);
    this.#size--;
    if (block.keys.length === 0) this.#blocks.splice(index, 1);
    return true;
  }

  /** Visits entries in order from the first key at or after `start` until `visit` answers false. */
  scan(start: Key, visit: (key: Key, value: V) => boolean): void {
    let index = this.#blockOf(start);
    let at = lowerBound(this.#blocks[index]?.keys ?? [], start);
    for (; index < this.#blocks.length; index++, at = 0) {
      const { keys, values } = this.#blocks[index]!;
      for (; at < keys.length; at++) {
        if (!visit(keys[at]!, values[at]!)) return;
      }
    }
  }

  /** The block `key` is in or belongs into: the last that begins at or before it, or the first. */
  #blockOf(key: Key): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareKeys(this.#blocks[middle]!.keys[0]!, key) <= 0) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  #split(index: number, block: Block<V>): void {
    // Keys that arrive in order would leave half-full blocks behind: there a new block is begun at the end.
    const last = index === this.#blocks.length - 1;
    const cut = last ? BLOCK : BLOCK / 2;
    this.#blocks.splice(index + 1, 0, { keys: block.keys.splice(cut), values: block.values.splice(cut) });
  }
}

function lowerBound(keys: readonly Key[], key: Key): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(keys[middle]!, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
