/** How the single lines of a run read: notices, failed objects, differences. */
import { stripVTControlCharacters } from 'node:util';
import type { Difference, RunEvent } from '../../engine/progress.ts';
import { DIFFERENCE_KINDS } from '../../report/words.ts';
import { hanging } from './layout.ts';
import { harmless, textWidth } from './text.ts';
import { styleOf, type Display, type Style } from './terminal-io.ts';

/** Failures, differences and things left out shown one by one; after that they are only counted. */
const SHOWN = 10;

/** Turns events into lines for people, and grows quiet where there are too many. */
export class NotableLines {
  readonly #display: Display;
  readonly #style: Style;
  #failed = 0;
  #differences = 0;
  #irregular = 0;

  /** `display` is where the lines will be shown. */
  constructor(display: Display) {
    this.#display = display;
    this.#style = styleOf(display);
  }

  /** The lines an event is worth; none for progress and summary. */
  of(event: RunEvent): readonly string[] {
    const { bold, dim, warn, bad } = this.#style;
    const columns = this.#display.columns();
    switch (event.type) {
      case 'started': {
        const how = event.resumed ? `goes on (pass ${event.pass})` : `starts (pass ${event.pass})`;
        const start = `${bold(harmless(event.task))} ${how}:`;
        const way = [harmless(event.source), `→ ${harmless(event.destination)}`];
        const line = `${start} ${way.join(' ')}`;
        if (textWidth(stripVTControlCharacters(line)) <= columns) return [line];
        return [start, ...way.flatMap((end) => hanging('  ', end, columns))];
      }
      case 'notice':
        return [
          ...hanging(warn('note: '), harmless(event.message), columns),
          ...(event.remedy ? hanging('      ', harmless(event.remedy), columns, dim) : []),
        ];
      case 'irregular': {
        this.#irregular++;
        if (this.#irregular === SHOWN + 1)
          return [dim('More things are no regular files; the summary counts them, report and log name them.')];
        if (this.#irregular > SHOWN) return [];
        return hanging(warn('left out: '), `${harmless(event.key)}: ${harmless(event.reason)}`, columns);
      }
      case 'failed': {
        this.#failed++;
        if (this.#failed === SHOWN + 1)
          return [dim('More objects failed; the summary counts them, `ferry failures` lists them.')];
        if (this.#failed > SHOWN) return [];
        const { error } = event;
        return hanging(bad('failed: '), `${harmless(event.key)}: ${harmless(error.message)} [${error.code}]`, columns);
      }
      case 'difference': {
        this.#differences++;
        if (this.#differences === SHOWN + 1) return [dim('More objects differ; the report lists them.')];
        if (this.#differences > SHOWN) return [];
        return hanging(warn('differs: '), differenceText(event.difference), columns);
      }
      case 'progress':
      case 'summary':
        return [];
    }
  }
}

export function differenceText(difference: Difference): string {
  const { key, kind, source, destination, detail, repaired } = difference;
  // Of what is on one side only there is nothing to compare.
  const both = source !== undefined && destination !== undefined;
  const values = both ? ` (${source} ≠ ${destination})` : '';
  const why = detail ? `: ${detail}` : '';
  return harmless(`${key}: ${DIFFERENCE_KINDS[kind]}${values}${why}${repaired ? ', repaired' : ''}`);
}
