import { FerryError } from '../../model/errors.ts';
import { MiB } from '../../model/units.ts';
import { interrupted, throwIfAborted } from '../../store/abort.ts';

/** Temporary files grow by this, bytes. */
export const SEGMENT = 8 * MiB;

/** Something that can do with less disk space. */
export interface Sheddable {
  /** Gives back one segment whose bytes are safe elsewhere; false where there is none. */
  shed(): boolean;
}

interface Waiter {
  readonly bytes: number;
  readonly go: () => void;
}

/**
 * The temporary disk space of all mirrors of a gateway, and the memory for small objects. Never more than `limit` bytes
 * are on disk: who needs some takes what is free, then what spools can spare whose bytes are stored already, and then
 * waits its turn.
 */
export class SpoolSpace {
  /** Where files are made. */
  readonly folder: () => string;
  readonly #limit: number;
  #used = 0;
  #memory: number;
  readonly #spools = new Set<Sheddable>();
  readonly #waiting = new Set<Waiter>();

  constructor(options: { readonly limit: number; readonly memory?: number; readonly folder: () => string }) {
    this.#limit = options.limit;
    this.#memory = options.memory ?? 64 * MiB;
    this.folder = options.folder;
  }

  /** Bytes on disk that are spoken for. */
  get used(): number {
    return this.#used;
  }

  /** The most one can ask for. */
  get limit(): number {
    return this.#limit;
  }

  join(spool: Sheddable): void {
    this.#spools.add(spool);
  }

  leave(spool: Sheddable): void {
    this.#spools.delete(spool);
  }

  tryTake(bytes: number): boolean {
    if (this.#waiting.size > 0 || !this.#makeRoom(bytes)) return false;
    this.#used += bytes;
    return true;
  }

  /** Waits for its turn. Rejects with `too-large` where there can never be so much. */
  async take(bytes: number, signal?: AbortSignal): Promise<void> {
    if (bytes > this.#limit)
      throw new FerryError('too-large', {
        message: `${bytes} bytes of temporary space are needed, \`mirror_spool\` allows ${this.#limit}`,
      });
    if (this.tryTake(bytes)) return;
    await new Promise<void>((resolve, reject) => {
      throwIfAborted(signal);
      const waiter = {
        bytes,
        go: (): void => {
          signal?.removeEventListener('abort', stop);
          resolve();
        },
      };
      const stop = (): void => {
        this.#waiting.delete(waiter);
        reject(interrupted(signal!));
        this.serve();
      };
      signal?.addEventListener('abort', stop, { once: true });
      this.#waiting.add(waiter);
    });
  }

  give(bytes: number): void {
    this.#used -= bytes;
    this.serve();
  }

  /** Something may have become spare. */
  serve(): void {
    for (const waiter of this.#waiting) {
      if (!this.#makeRoom(waiter.bytes)) return;
      // Shedding may have served others meanwhile.
      if (!this.#waiting.delete(waiter)) continue;
      this.#used += waiter.bytes;
      waiter.go();
    }
  }

  tryTakeMemory(bytes: number): boolean {
    if (bytes > this.#memory) return false;
    this.#memory -= bytes;
    return true;
  }

  giveMemory(bytes: number): void {
    this.#memory += bytes;
  }

  #shedding = false;

  #makeRoom(bytes: number): boolean {
    if (this.#used + bytes <= this.#limit) return true;
    // What is given back below comes here again.
    if (this.#shedding) return false;
    this.#shedding = true;
    try {
      for (const spool of this.#spools) while (this.#used + bytes > this.#limit && spool.shed());
    } finally {
      this.#shedding = false;
    }
    return this.#used + bytes <= this.#limit;
  }
}
