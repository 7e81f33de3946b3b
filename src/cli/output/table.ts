/** Columns of text; a header in grey, cells made harmless. */
import type { Style } from './terminal-io.ts';
import { harmless, pad, textWidth } from './text.ts';

export interface Column {
  readonly title: string;
  readonly right?: boolean;
}

export function table(columns: readonly Column[], rows: readonly (readonly string[])[], style: Style): string {
  const cells = rows.map((row) => row.map(harmless));
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...cells.map((row) => textWidth(row[i] ?? ''))));
  const line = (row: readonly string[]): string =>
    columns
      .map(({ right }, i) => pad(row[i] ?? '', widths[i]!, right ? 'right' : 'left'))
      .join('  ')
      .trimEnd();
  return [style.dim(line(columns.map(({ title }) => title))), ...cells.map(line)].join('\n') + '\n';
}
