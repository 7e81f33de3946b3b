/** How the single lines of a run read: notices, failed objects, differences. */
import type { Difference, RunEvent } from '../../engine/progress.ts';
import { DIFFERENCE_KINDS } from '../../report/words.ts';
import { harmless } from './text.ts';
import type { Style } from './terminal-io.ts';

/** Failures and differences shown one by one; after that they are only counted. */
const SHOWN = 10;

/** Turns events into lines for people, and grows quiet where there are too many. */
export class NotableLines {
  readonly #style: Style;
  #failed = 0;
  #differences = 0;

  constructor(style: Style) {
    this.#style = style;
  }

  /** The lines an event is worth; none for progress and summary. */
  of(event: RunEvent): readonly string[] {
    const { bold, dim, warn, bad } = this.#style;
    switch (event.type) {
      case 'started': {
        const how = event.resumed ? `goes on (pass ${event.pass})` : `starts (pass ${event.pass})`;
        return [`${bold(harmless(event.task))} ${how}: ${harmless(event.source)} → ${harmless(event.destination)}`];
      }
      case 'notice':
        return [
          warn('note: ') + harmless(event.message),
          ...(event.remedy ? [dim(`      ${harmless(event.remedy)}`)] : []),
        ];
      case 'failed': {
        this.#failed++;
        if (this.#failed === SHOWN + 1)
          return [dim('More objects failed; the summary counts them, `ferry failures` lists them.')];
        if (this.#failed > SHOWN) return [];
        const { error } = event;
        return [`${bad('failed: ')}${harmless(event.key)}: ${harmless(error.message)} ${dim(`[${error.code}]`)}`];
      }
      case 'difference': {
        this.#differences++;
        if (this.#differences === SHOWN + 1) return [dim('More objects differ; the report lists them.')];
        if (this.#differences > SHOWN) return [];
        return [warn('differs: ') + differenceText(event.difference)];
      }
      case 'progress':
      case 'summary':
        return [];
    }
  }
}

export function differenceText(difference: Difference): string {
  const { key, kind, source, destination, detail, repaired } = difference;
  const values = source !== undefined || destination !== undefined ? ` (${source ?? '–'} ≠ ${destination ?? '–'})` : '';
  const why = detail ? `: ${detail}` : '';
  return harmless(`${key}: ${DIFFERENCE_KINDS[kind]}${values}${why}${repaired ? ', repaired' : ''}`);
}
