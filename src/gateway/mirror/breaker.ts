/**
 * Leaves an origin alone that fails: after `failures` in a row nobody gets in for `duration` milliseconds; then one
 * request tries it, and its outcome decides.
 */
export class Breaker {
  readonly #failures: number;
  readonly #duration: number;
  readonly #now: () => number;
  #failed = 0;
  #until = 0;
  #trying = false;

  constructor(options: { readonly failures: number; readonly duration: number }, now: () => number) {
    this.#failures = options.failures;
    this.#duration = options.duration;
    this.#now = now;
  }

  /** Milliseconds until it is tried again; 0 where it may be asked. */
  get closedFor(): number {
    if (this.#failed < this.#failures) return 0;
    const left = this.#until - this.#now();
    return left > 0 ? left : this.#trying ? 1 : 0;
  }

  /** Whether a request may be sent; each needs its `succeeded`, `failed` or `gaveUp`. */
  tryEnter(): boolean {
    if (this.closedFor > 0) return false;
    if (this.#failed >= this.#failures) this.#trying = true;
    return true;
  }

  succeeded(): void {
    this.#failed = 0;
    this.#trying = false;
  }

  failed(): void {
    this.#failed++;
    this.#trying = false;
    this.#until = this.#now() + this.#duration;
  }

  /** Nobody knows how it would have ended. */
  gaveUp(): void {
    this.#trying = false;
  }
}
