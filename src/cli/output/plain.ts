/**
 * Lines for pipes, logs and dumb terminals: one at every event worth one, one every ten seconds, and one as soon as
 * something has to be waited for.
 */
import type { Progress, RunEvent } from '../../engine/progress.ts';
import { formatBytes } from '../../model/units.ts';
import { NotableLines } from './notable.ts';
import type { Printer } from './printer.ts';
import { bytesText, counterParts, doneOf, etaText, rateText, throttleText, waitText } from './progress-text.ts';
import { SUMMARY_TITLE, summaryText } from './summary-text.ts';
import { hanging, titledRows } from './layout.ts';
import { styleOf, type Display, type Io, type Style } from './terminal-io.ts';
import { fit, harmless } from './text.ts';

const EVERY_MS = 10_000;

/** Progress and summary are the output; notices and failures are messages. */
export class PlainPrinter implements Printer {
  readonly #io: Io;
  readonly #quiet: boolean;
  readonly #now: () => number;
  readonly #notable: NotableLines;
  readonly #display: Display;
  readonly #style: Style;
  #lastAt: number | undefined;
  #waitToldAt = -EVERY_MS;
  #phase: Progress['phase'] | undefined;

  constructor(
    io: Io,
    displays: { readonly stdout: Display; readonly stderr: Display },
    options: { readonly quiet: boolean; readonly now: () => number },
  ) {
    this.#io = io;
    this.#display = displays.stdout;
    this.#style = styleOf(displays.stdout);
    this.#quiet = options.quiet;
    this.#now = options.now;
    this.#notable = new NotableLines(displays.stderr);
  }

  event(event: RunEvent): void {
    if (event.type === 'progress') this.#progress(event.progress);
    else if (event.type === 'summary') {
      const { headline, rows } = summaryText(event.summary);
      const columns = this.#display.columns();
      const lines = [...hanging('', headline, columns), ...titledRows(rows, SUMMARY_TITLE, columns, this.#style)];
      this.#io.stdout.write(`${lines.join('\n')}\n`);
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
    const entered = this.#phase !== undefined && this.#phase !== 'preparing' && this.#phase !== progress.phase;
    this.#phase = progress.phase;
    const waits = waitText(progress.throttledBy) !== '' && now - this.#waitToldAt >= EVERY_MS;
    if (!entered && !waits && now - this.#lastAt < EVERY_MS) return;
    if (waits) this.#waitToldAt = now;
    this.#lastAt = now;
    this.#io.stdout.write(`${new Date(now).toISOString().slice(0, 19)}Z ${progressLine(progress)}\n`);
  }
}

/** All of progress in one line. */
export function progressLine(progress: Progress): string {
  const { fraction } = doneOf(progress);
  const percent = fraction === undefined ? '' : ` ${Math.floor(fraction * 100)}%`;
  const largest = progress.active[0];
  const waits = waitText(progress.throttledBy);
  const slow = throttleText(progress.throttledBy);
  return [
    `${harmless(progress.task)} ${progress.phase}${percent}: ${counterParts(progress).join(', ')}`,
    bytesText(progress),
    rateText(progress),
    etaText(progress),
    ...(waits === '' ? [] : [`waiting: ${waits}`]),
    ...(slow === '' ? [] : [`slowed by ${slow}`]),
    ...(largest
      ? [`on ${fit(harmless(largest.key), 40)} ${formatBytes(largest.done)} of ${formatBytes(largest.size)}`]
      : []),
  ].join('; ');
}
