/**
 * The live block: at most ten lines at the bottom of the terminal, redrawn in place; messages scroll past above it.
 *
 * Drawing is one write per frame with line wrapping off, so that a frame never tears, and at most ten frames a second.
 */
import type { ActiveTransfer, Progress, RunEvent } from '../../engine/progress.ts';
import { stripVTControlCharacters } from 'node:util';
import { formatBytes, formatDuration } from '../../model/units.ts';
import { bar, openBar, strip } from './bars.ts';
import { hanging, titledRows, wrapText } from './layout.ts';
import { NotableLines } from './notable.ts';
import type { Printer } from './printer.ts';
import { bytesText, counterParts, doneOf, etaText, rateText, throttleText, waitText } from './progress-text.ts';
import { SUMMARY_TITLE, summaryText } from './summary-text.ts';
import { styleOf, type Display, type Io, type Style } from './terminal-io.ts';
import { fit, harmless, pad, textWidth } from './text.ts';

const FRAME_MS = 100;
const MAX_LINES = 10;
const MAX_COLUMNS = 110;
/** Narrower than this, titles of the lines are left out. */
const NARROW = 60;
/** Narrower still, objects under way have no lines of their own. */
const SLIM = 36;

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const NO_WRAP = '\x1b[?7l';
const WRAP = '\x1b[?7h';
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

export class TerminalPrinter implements Printer {
  readonly #io: Io;
  readonly #display: Display;
  readonly #style: Style;
  readonly #now: () => number;
  readonly #notable: NotableLines;
  /** Widths of the lines on the screen; what a narrower window makes of them must be cleared too. */
  #drawn: readonly number[] = [];
  #drawnAt = -FRAME_MS;
  #progress: Progress | undefined;
  #saving: string | undefined;

  constructor(io: Io, displays: { readonly stdout: Display; readonly stderr: Display }, now: () => number) {
    this.#io = io;
    this.#display = displays.stdout;
    this.#style = styleOf(displays.stdout);
    this.#now = now;
    this.#notable = new NotableLines(displays.stderr);
  }

  event(event: RunEvent): void {
    if (event.type === 'progress') {
      this.#progress = event.progress;
      if (this.#now() - this.#drawnAt >= FRAME_MS || this.#drawn.length === 0) this.#draw();
      return;
    }
    if (event.type === 'summary') {
      this.#erase();
      this.#progress = undefined;
      this.#io.stdout.write(this.#summary(event.summary));
      return;
    }
    this.#above(this.#notable.of(event));
  }

  message(text: string): void {
    this.#saving = text;
    this.#draw();
  }

  end(): void {
    this.#erase();
    this.#progress = undefined;
  }

  #above(lines: readonly string[]): void {
    if (lines.length === 0) return;
    this.#erase();
    for (const line of lines) this.#io.stderr.write(`${line}\n`);
    this.#draw();
  }

  #draw(): void {
    if (!this.#progress) {
      if (this.#saving !== undefined) this.#io.stderr.write(`${this.#saving}\n`);
      this.#saving = undefined;
      return;
    }
    const columns = Math.min(MAX_COLUMNS, this.#display.columns());
    const lines = blockLines(this.#progress, columns, this.#display.unicode, this.#style);
    if (this.#saving !== undefined) lines.splice(1, 0, this.#style.warn(fit(this.#saving, columns - 2)));
    const frame = lines.slice(0, MAX_LINES).map((line) => `${line}${CLEAR_LINE}\n`);
    this.#io.stdout.write(`${HIDE_CURSOR}${NO_WRAP}${this.#home()}${frame.join('')}${CLEAR_BELOW}${WRAP}`);
    this.#drawn = lines.slice(0, MAX_LINES).map((line) => textWidth(withoutStyle(line)));
    this.#drawnAt = this.#now();
  }

  #erase(): void {
    if (this.#drawn.length > 0) this.#io.stdout.write(`${this.#home()}${CLEAR_BELOW}${SHOW_CURSOR}`);
    this.#drawn = [];
  }

  /** Moves to where the block begins. */
  #home(): string {
    const columns = Math.max(1, this.#display.columns());
    const rows = this.#drawn.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    return rows > 0 ? `\x1b[${rows}A\r` : '\r';
  }

  #summary(summary: Extract<RunEvent, { type: 'summary' }>['summary']): string {
    const { headline, rows } = summaryText(summary);
    const { good, warn, bad, bold } = this.#style;
    const mark = { finished: good('✔'), 'finished-with-failures': warn('!'), differences: warn('≠'), interrupted: warn('‖'), failed: bad('✘') }; // prettier-ignore
    const columns = this.#display.columns();
    const head = hanging(`${this.#display.unicode ? mark[summary.outcome] : '*'} `, headline, columns, bold);
    return `${[...head, ...titledRows(rows, SUMMARY_TITLE, columns, this.#style)].join('\n')}\n`;
  }
}

/** The block, without cursor movement. Every line fits in `columns`. */
export function blockLines(progress: Progress, columns: number, unicode: boolean, style: Style): string[] {
  const width = Math.max(20, columns - 1);
  const narrow = width < NARROW;
  const title = (text: string): string => (narrow ? '' : style.dim(pad(text, 10)));
  const room = narrow ? width - 1 : width - 11;
  const row = (name: string, text: string): string => ` ${title(name)}${text}`;

  const lines = [headLine(progress, width, style)];
  if (progress.phase !== 'preparing') {
    lines.push(` ${totalLine(progress, width - 1, unicode, style)}`);
    lines.push(row('objects', joined(counterParts(progress), room, '  ')));
    const average = `average ${formatBytes(progress.averageRate.bytes)}/s`;
    // More than may be were begun before the store asked to slow down.
    const flight = `in flight ${progress.inFlight} of ${Math.max(progress.inFlight, progress.concurrency)}`;
    lines.push(row('speed', joined([rateText(progress), average, flight], room, '  ')));
  }
  lines.push(row('time', fit(etaText(progress), room)));
  const waits = waitText(progress.throttledBy);
  for (const [i, line] of shortened(
    narrow && waits !== '' ? `waiting: ${waits}` : waits,
    room,
    narrow ? 4 : 2,
  ).entries())
    lines.push(row(i === 0 ? 'waiting' : '', style.warn(line)));
  const throttle = throttleText(progress.throttledBy);
  if (throttle !== '') lines.push(row('slowed by', style.warn(fit(narrow ? `slow: ${throttle}` : throttle, room))));
  if (progress.ranges.total > 1) {
    const count = ` ${progress.ranges.done}/${progress.ranges.total}`;
    lines.push(
      row('ranges', strip(progress.ranges, Math.max(8, room - textWidth(count)), unicode, style) + style.dim(count)),
    );
  }
  if (width < SLIM) return lines;
  for (const active of progress.active.slice(0, MAX_LINES - lines.length)) {
    lines.push(activeLine(active, width, unicode, style));
  }
  return lines;
}

function headLine(progress: Progress, width: number, style: Style): string {
  const elapsed = formatDuration(progress.elapsed);
  const name = fit(harmless(progress.task), Math.max(8, width - elapsed.length - progress.phase.length - 5));
  const left = `${name}  ${progress.phase}`;
  const space = Math.max(1, width - 1 - textWidth(left) - elapsed.length);
  return ` ${style.bold(name)}  ${style.accent(progress.phase)}${' '.repeat(space)}${style.dim(elapsed)}`;
}

/** While listing goes on there is no share of the whole: the bar stays open. */
function totalLine(progress: Progress, width: number, unicode: boolean, style: Style): string {
  const { fraction, ofListed } = doneOf(progress);
  const percent = fraction === undefined ? ' ' : `${pad(`${Math.floor(fraction * 100)}%`, 4, 'right')}  `;
  const text = percent + bytesText(progress, width < NARROW);
  const barWidth = Math.min(60, width - textWidth(text) - 1);
  if (barWidth < 5) return fit(text.trimStart(), width);
  const drawn = fraction === undefined ? openBar(ofListed, barWidth, unicode, style) : bar(fraction, barWidth, unicode, style); // prettier-ignore
  return `${drawn} ${text}`;
}

function activeLine({ key, size, done, parts }: ActiveTransfer, width: number, unicode: boolean, style: Style): string {
  const fraction = size > 0 ? done / size : 0;
  const percent = pad(`${Math.floor(fraction * 100)}%`, 4, 'right');
  const sizes = width < NARROW ? pad(formatBytes(size), 8) : pad(`${formatBytes(done)} of ${formatBytes(size)}`, 20);
  const inParts = width < 80 ? '' : pad(parts ? `${parts.done}/${parts.total} parts` : '', 13);
  const facts = `${percent}  ${sizes}${inParts}`;
  const barWidth = width < NARROW ? 6 : 16;
  const keyWidth = Math.max(6, width - textWidth(facts) - barWidth - 6);
  const name = pad(fit(harmless(key), keyWidth), keyWidth);
  return ` ${style.dim(unicode ? '▸' : '>')} ${name} ${bar(fraction, barWidth, unicode, style)} ${facts}`;
}

/** As many parts as fit; the first always, cut where it must be. */
function joined(parts: readonly string[], width: number, separator: string): string {
  let line = fit(parts[0] ?? '', width);
  for (const part of parts.slice(1)) {
    if (textWidth(line) + separator.length + textWidth(part) > width) break;
    line += separator + part;
  }
  return line;
}

/** So many lines at most, the last one shortened; none of no text. */
function shortened(text: string, width: number, most: number): readonly string[] {
  if (text === '') return [];
  const lines = wrapText(text, width);
  const last = lines.slice(most - 1).join(' ');
  return [...lines.slice(0, most - 1), ...(last === '' ? [] : [last])].map((line) => fit(line, width));
}

function withoutStyle(line: string): string {
  return stripVTControlCharacters(line);
}
