/**
 * Ctrl-C, SIGTERM and a closed terminal: the first asks to save and stop, the second stops at once. State is durable at
 * every moment, so that stopping at once costs only what was under way.
 */
import { EXIT_CODES } from './exit-codes.ts';
import { FerryError } from '../model/errors.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The process, as far as this needs it. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
}

export interface InterruptOptions {
  readonly source: SignalSource;
  /** Milliseconds it may take from the first signal to the end, until `Interrupt.patience` is set. */
  readonly patience: number;
  /** Called on the first signal. */
  readonly onAsked: () => void;
  /** Called before `exit`, to leave the terminal in order. */
  readonly onForced: (why: 'again' | 'too-slow') => void;
  readonly exit: (code: number) => void;
}

export class Interrupt implements Disposable {
  readonly #options: InterruptOptions;
  readonly #controller = new AbortController();
  readonly #listener = (): void => this.#received();
  /** Counts from the next first signal on. */
  patience: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: InterruptOptions) {
    this.#options = options;
    this.patience = options.patience;
    for (const signal of SIGNALS) options.source.on(signal, this.#listener);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const signal of SIGNALS) this.#options.source.off(signal, this.#listener);
  }

  #received(): void {
    if (this.#controller.signal.aborted) return this.#force('again');
    this.#controller.abort(new FerryError('interrupted'));
    this.#timer = setTimeout(() => this.#force('too-slow'), this.patience);
    this.#options.onAsked();
  }

  #force(why: 'again' | 'too-slow'): void {
    this.#options.onForced(why);
    this.#options.exit(EXIT_CODES.interrupted.code);
  }
}
