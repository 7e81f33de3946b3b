/** Bars of text. */
import type { RangeSummary } from '../../engine/progress.ts';
import type { Style } from './terminal-io.ts';

/** A bar of `width` columns; half columns where the terminal can show them. */
export function bar(fraction: number, width: number, unicode: boolean, style: Style): string {
  const share = Math.min(1, Math.max(0, fraction));
  if (!unicode) {
    const full = Math.floor(share * width);
    return style.accent('#'.repeat(full)) + style.dim('.'.repeat(width - full));
  }
  const halves = Math.floor(share * width * 2);
  const full = Math.floor(halves / 2);
  const half = halves % 2;
  const rest = width - full - half;
  return style.accent('━'.repeat(full) + '╸'.repeat(half)) + style.dim('─'.repeat(rest));
}

/** A bar of `width` columns whose end nobody knows yet: `fraction` of what is known is in its first two thirds. */
export function openBar(fraction: number, width: number, unicode: boolean, style: Style): string {
  const known = Math.floor((width * 2) / 3);
  const tail = unicode ? '┄' : '-';
  return bar(fraction, known, unicode, style) + style.dim(tail.repeat(width - known));
}

/** Key ranges as one strip: done, under way, waiting. */
export function strip({ total, done, active }: RangeSummary, width: number, unicode: boolean, style: Style): string {
  if (total === 0) return '';
  const cells = Math.min(width, total);
  const doneCells = Math.floor((done / total) * cells);
  const activeCells = Math.min(cells - doneCells, active > 0 ? Math.max(1, Math.round((active / total) * cells)) : 0);
  const [full, part, none] = unicode ? (['█', '▓', '░'] as const) : (['#', '+', '.'] as const);
  return (
    style.good(full.repeat(doneCells)) +
    style.accent(part.repeat(activeCells)) +
    style.dim(none.repeat(cells - doneCells - activeCells))
  );
}
