import type { Limits } from '../../model/task.ts';
import type { Share } from '../../store/layers/shared-limits.ts';

/** Limits of a run that may be changed while it goes on. */
export class LiveLimits {
  /** Its part of what all that runs together may take. */
  readonly share: Share | undefined;
  #current: Limits;
  readonly #followers = new Set<() => void>();

  constructor(limits: Limits, share?: Share) {
    this.share = share;
    this.#current = limits;
  }

  get current(): Limits {
    return this.#current;
  }

  /** Hold from now on. */
  set(limits: Limits): void {
    this.#current = limits;
    for (const follow of this.#followers) follow();
  }

  /** Calls `follow` after every change, until what is returned is called. */
  follow(follow: () => void): () => void {
    this.#followers.add(follow);
    return () => this.#followers.delete(follow);
  }
}
