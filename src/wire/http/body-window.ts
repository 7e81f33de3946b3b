import type { Buffers } from './buffers.ts';

/**
 * The windows of one body: bytes that arrived and wait to be handed out, and those the reader has now. One window is
 * enough where nothing arrives while the reader has it; otherwise there are two that change places.
 */
export class BodyWindow {
  readonly #buffers: Buffers;
  #window: Buffer | undefined;
  #pending = 0;
  #held: Buffer | undefined;
  #spare: Buffer | undefined;

  constructor(buffers: Buffers) {
    this.#buffers = buffers;
  }

  /** Bytes that wait. */
  get pending(): number {
    return this.#pending;
  }

  /** The window bytes may land in once the reader has let go and nothing waits. */
  place(): Buffer {
    return this.#held ?? this.#spare ?? (this.#window ??= this.#lend());
  }

  /** `count` bytes landed at the start of `place()`. */
  landed(place: Buffer, count: number): void {
    if (this.#held !== undefined || this.#pending > 0) throw new Error('bytes landed in a window that was in use');
    this.#window = place;
    this.#spare = undefined;
    this.#pending = count;
  }

  append(bytes: Buffer, from: number, to: number): void {
    const end = this.#pending + to - from;
    let window = (this.#window ??= this.#lend());
    if (end > window.length) window = this.#grow(window, end);
    bytes.copy(window, this.#pending, from, to);
    this.#pending = end;
  }

  /** All that waits; valid until `letGo`. */
  handOut(): Buffer {
    const window = this.#window!;
    const chunk = window.subarray(0, this.#pending);
    this.#held = window;
    this.#window = undefined;
    this.#pending = 0;
    return chunk;
  }

  letGo(): void {
    if (this.#held === undefined) return;
    this.#spare = this.#held;
    this.#held = undefined;
  }

  /** Gives all windows back; what was handed out is dead. */
  release(): void {
    for (const window of [this.#window, this.#held, this.#spare])
      if (window !== undefined) this.#buffers.giveBack(window);
    this.#window = this.#held = this.#spare = undefined;
    this.#pending = 0;
  }

  #lend(): Buffer {
    const window = this.#spare ?? this.#buffers.lend();
    this.#spare = undefined;
    return window;
  }

  /** TLS delivers what it has already decrypted, some 64 KiB, even after it was told to stop. */
  #grow(window: Buffer, size: number): Buffer {
    const larger = Buffer.allocUnsafeSlow(2 * size);
    window.copy(larger, 0, 0, this.#pending);
    this.#buffers.giveBack(window);
    return (this.#window = larger);
  }
}
