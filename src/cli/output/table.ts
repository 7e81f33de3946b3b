/** Columns of text; a header in grey, cells made harmless. */
import type { Style } from './terminal-io.ts';
import { fit, harmless, pad, textWidth } from './text.ts';

export interface Column {
  readonly title: string;
  readonly right?: boolean;
  /** Left out where the window is too narrow; those with the highest number first. */
  readonly spare?: number | undefined;
  readonly cells: readonly string[];
}

const GAP = 2;
/** A first column is cut down to so many columns of the window. */
const LEAST = 8;

/** Lines with their ends, no wider than `columns`: what may be spared is left out, then the first column is cut. */
export function table(all: readonly Column[], columns: number, style: Style): string {
  const widths = new Map(all.map((column) => [column, widthOf(column)]));
  const kept = new Set(all);
  const excess = (): number => [...kept].reduce((sum, each) => sum + widths.get(each)! + GAP, -GAP) - columns;
  const spare = all.filter((each) => each.spare !== undefined).sort((a, b) => b.spare! - a.spare!);
  for (const each of spare) if (excess() > 0) kept.delete(each);
  const [first] = kept;
  if (first && excess() > 0) widths.set(first, Math.max(LEAST, widths.get(first)! - excess()));

  const line = (cell: (column: Column) => string): string =>
    [...kept]
      .map((column) => {
        const width = widths.get(column)!;
        return pad(fit(harmless(cell(column)), width), width, column.right ? 'right' : 'left');
      })
      .join(' '.repeat(GAP))
      .trimEnd();
  const rows = Array.from({ length: first?.cells.length ?? 0 }, (_, i) => line(({ cells }) => cells[i] ?? ''));
  return `${[style.dim(line(({ title }) => title)), ...rows].join('\n')}\n`;
}

function widthOf({ title, cells }: Column): number {
  return cells.reduce((most, cell) => Math.max(most, textWidth(harmless(cell))), textWidth(title));
}
