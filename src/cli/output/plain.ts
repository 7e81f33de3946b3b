/** Lines for pipes, logs and dumb terminals: one at every event worth one, and one every ten seconds. */
import type { Progress, RunEvent } from '../../engine/progress.ts';
import { formatBytes } from '../../model/units.ts';
import { NotableLines } from './notable.ts';
import type { Printer } from './printer.ts';
import { counterParts, doneOf, etaText, rateText, summaryText, throttleText } from './progress-text.ts';
import { styleOf, type Display, type Io } from './terminal-io.ts';
import { fit, harmless, pad } from './text.ts';

const EVERY_MS = 10_000;

/** Progress and summary are the output; notices and failures are messages. */
export class PlainPrinter implements Printer {
  readonly #io: Io;
  readonly #quiet: boolean;
  readonly #now: () => number;
  readonly #notable: NotableLines;
  #lastAt: number | undefined;
  #phase: Progress['phase'] | undefined;

  constructor(io: Io, stderr: Display, options: { readonly quiet: boolean; readonly now: () => number }) {
    this.#io = io;
    this.#quiet = options.quiet;
    this.#now = options.now;
    this.#notable = new NotableLines(styleOf(stderr));
  }

  event(event: RunEvent): void {
    if (event.type === 'progress') this.#progress(event.progress);
    else if (event.type === 'summary') {
      const { headline, rows } = summaryText(event.summary);
      this.#io.stdout.write(`${headline}\n${rows.map(([title, text]) => `  ${pad(title, 9)} ${text}\n`).join('')}`);
    } else if (event.type !== 'started' || !this.#quiet) {
      const out = event.type === 'started' ? this.#io.stdout : this.#io.stderr;
      for (const line of this.#notable.of(event)) out.write(`${line}\n`);
    }
  }

  message(text: string): void {
    this.#io.stderr.write(`${text}\n`);
  }

  end(): void {
    // Lines need no cleaning up.
  }

  #progress(progress: Progress): void {
    if (this.#quiet || progress.phase === 'done') return;
    const now = this.#now();
    this.#lastAt ??= now;
    const due = now - this.#lastAt >= EVERY_MS || (this.#phase !== undefined && this.#phase !== progress.phase);
    this.#phase = progress.phase;
    if (!due) return;
    this.#lastAt = now;
    this.#io.stdout.write(`${new Date(now).toISOString().slice(0, 19)}Z ${progressLine(progress)}\n`);
  }
}

/** All of progress in one line. */
export function progressLine(progress: Progress): string {
  const { fraction, bytes, totalBytes } = doneOf(progress);
  const percent = fraction === undefined ? '' : ` ${Math.floor(fraction * 100)}%`;
  const largest = progress.active[0];
  return [
    `${harmless(progress.task)} ${progress.phase}${percent}: ${counterParts(progress).join(', ')}`,
    `${formatBytes(bytes)} of ${formatBytes(totalBytes)}`,
    rateText(progress),
    etaText(progress),
    ...(progress.throttledBy.length > 0 ? [`slowed by ${throttleText(progress.throttledBy)}`] : []),
    ...(largest
      ? [`on ${fit(harmless(largest.key), 40)} ${formatBytes(largest.done)} of ${formatBytes(largest.size)}`]
      : []),
  ].join('; ');
}
