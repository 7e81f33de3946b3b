/** Shows the events of a run. Three printers draw one model: a live block, plain lines, or JSON lines. */
import type { RunEvent } from '../../engine/progress.ts';
import { JsonPrinter } from './json.ts';
import { PlainPrinter } from './plain.ts';
import { TerminalPrinter } from './terminal.ts';
import { displayOf, type Io } from './terminal-io.ts';

export interface Printer {
  event(event: RunEvent): void;
  /** A sentence for people that is no event of the engine ("saving…"). */
  message(text: string): void;
  /** Leaves the terminal as it was found. Nothing may be shown afterwards. */
  end(): void;
}

export interface PrinterOptions {
  readonly json: boolean;
  /** Only warnings, failures and the summary. */
  readonly quiet: boolean;
  readonly color: boolean;
  readonly now: () => number;
}

export function createPrinter(io: Io, options: PrinterOptions): Printer {
  if (options.json) return new JsonPrinter(io, options.now);
  const displays = { stdout: displayOf(io.stdout, io.env, options), stderr: displayOf(io.stderr, io.env, options) };
  if (displays.stdout.live && !options.quiet) return new TerminalPrinter(io, displays, options.now);
  return new PlainPrinter(io, displays, options);
}
