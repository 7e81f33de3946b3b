import { KiB } from '../../model/units.ts';

/** Bodies of a known length up to this arrive in one buffer of exactly their size. */
export const SMALL_BODY = 128 * KiB;

/** What every connection reads into until a body has a place of its own; shared, because it is emptied at once. */
const SCRATCH = 64 * KiB;

/** Small windows kept for the next bodies: 4 MiB. */
const SMALL_KEPT = 64;

/**
 * The read buffers of a client.
 *
 * A large body is read through a window: bytes land in it, the reader has them until it asks for more, and only then
 * the next land in the same window, so that they are written on while they are still in the processor's cache. Windows
 * are lent and given back; when those of full size lent out reach `budget` bytes, further bodies get 64 KiB ones.
 *
 * Memory: at most `budget` + 4 MiB, and 64 KiB for each body being read past that.
 */
export class Buffers {
  readonly scratch = Buffer.allocUnsafeSlow(SCRATCH);
  readonly #size: number;
  readonly #most: number;
  readonly #free: Buffer[] = [];
  readonly #freeSmall: Buffer[] = [];
  #lent = 0;

  constructor(size: number, budget: number) {
    this.#size = Math.max(size, SCRATCH);
    this.#most = this.#size === SCRATCH ? 0 : Math.floor(budget / this.#size);
  }

  /** A window of full size while the budget lasts; never smaller than `scratch`. */
  lend(): Buffer {
    if (this.#lent >= this.#most) return this.lendSmall();
    this.#lent++;
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#size);
  }

  lendSmall(): Buffer {
    return this.#freeSmall.pop() ?? Buffer.allocUnsafeSlow(SCRATCH);
  }

  /** Takes a window back; nobody may use it any more. */
  giveBack(window: Buffer): void {
    if (window.length === this.#size && this.#most > 0) {
      this.#lent--;
      this.#free.push(window);
    } else if (window.length === SCRATCH && this.#freeSmall.length < SMALL_KEPT) this.#freeSmall.push(window);
  }
}
