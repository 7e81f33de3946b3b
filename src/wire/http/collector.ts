import { KiB } from '../../model/units.ts';

/** Gathers a body in memory: exactly its length where that is known, else doubling up to `limit`. */
export class Collector {
  readonly #limit: number;
  #buffer: Buffer;
  #filled = 0;
  #over = false;
  #target: Buffer | undefined;

  constructor(length: number | undefined, limit: number) {
    this.#limit = limit;
    this.#buffer = Buffer.allocUnsafeSlow(length ?? Math.min(limit, 16 * KiB));
  }

  /** More than `limit` came. */
  get over(): boolean {
    return this.#over;
  }

  /** Where the next bytes may land in place; undefined where the length is not known or all is here. */
  target(): Buffer | undefined {
    const rest = this.#buffer.subarray(this.#filled);
    return (this.#target = rest.length > 0 ? rest : undefined);
  }

  add(bytes: Buffer, from: number, to: number): void {
    const end = this.#filled + to - from;
    if (end > this.#limit) {
      this.#over = true;
      return;
    }
    if (end > this.#buffer.length) this.#grow(end);
    if (bytes !== this.#target) bytes.copy(this.#buffer, this.#filled, from, to);
    this.#filled = end;
  }

  result(): Buffer {
    return this.#filled === this.#buffer.length ? this.#buffer : this.#buffer.subarray(0, this.#filled);
  }

  #grow(size: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.min(this.#limit, Math.max(size, 2 * this.#buffer.length)));
    this.#buffer.copy(larger, 0, 0, this.#filled);
    this.#buffer = larger;
  }
}
