/** Time as the layers see it; tests bring their own. */
import { interrupted, throwIfAborted } from './abort.ts';

export interface Clock {
  /** Milliseconds from some fixed moment; never goes back. */
  now(): number;
  /** Runs `work` once after `ms`; the function returned calls it off. */
  after(ms: number, work: () => void): () => void;
  /** Runs `work` every `ms`, without keeping the process alive for it. */
  every(ms: number, work: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, work) {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
  every(ms, work) {
    const timer = setInterval(work, ms).unref();
    return () => clearInterval(timer);
  },
};

/** Resolves after `ms`; an abort rejects with `interrupted` at once. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    throwIfAborted(signal);
    const stop = (): void => {
      cancel();
      reject(interrupted(signal!));
    };
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener('abort', stop);
      resolve();
    });
    signal?.addEventListener('abort', stop, { once: true });
  });
}
