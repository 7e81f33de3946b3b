/** What the origin answers for a key it does not give. */
export type Refusal = 'not-found' | 'access-denied';

/** Keys the origin was asked for in vain, for a while. Memory: some hundred bytes for each of at most `entries` keys. */
export class Absences {
  readonly #duration: number;
  readonly #entries: number;
  readonly #now: () => number;
  /** In the order they were remembered, which is that in which they are forgotten. */
  readonly #known = new Map<string, { readonly refusal: Refusal; readonly until: number }>();

  constructor(options: { readonly duration: number; readonly entries: number }, now: () => number) {
    this.#duration = options.duration;
    this.#entries = options.entries;
    this.#now = now;
  }

  get(key: string): Refusal | undefined {
    const known = this.#known.get(key);
    if (known === undefined) return undefined;
    if (known.until > this.#now()) return known.refusal;
    this.#known.delete(key);
    return undefined;
  }

  remember(key: string, refusal: Refusal): void {
    if (this.#duration === 0) return;
    this.#known.delete(key);
    this.#known.set(key, { refusal, until: this.#now() + this.#duration });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= this.#entries) break;
      this.#known.delete(oldest);
    }
  }
}
