/**
 * Text as a terminal shows it: how wide it is, and how to show names that hold anything at all.
 *
 * Widths follow East Asian Width (Unicode Annex 11) as terminals commonly draw it: wide and emoji two columns,
 * combining marks none. Object keys come from strangers; `harmless` keeps them from moving the cursor, changing colours,
 * hiding text or reordering it.
 */

const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;
const ZERO = /^[\p{Mn}\p{Me}\p{Cf}\p{Variation_Selector}]+$/u;
const ASCII = /^[\x20-\x7e]*$/;
// Controls (C0, C1), format characters (bidirectional overrides, zero-width), line separators, lone surrogates.
const HARMFUL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Columns `text` takes. Colour sequences must not be in it. */
export function textWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment);
  return width;
}

/** `text` with whatever could harm a terminal or a log line written as `\n`, `\x1b`, `\u202e`. */
export function harmless(text: string): string {
  return ASCII.test(text) ? text : text.replace(HARMFUL, escaped);
}

/** At most `width` columns: the middle is cut out, because the ends of a key tell most. */
export function fit(text: string, width: number, ellipsis = '…'): string {
  if (textWidth(text) <= width) return text;
  const room = width - textWidth(ellipsis);
  if (room <= 0) return takeColumns(text, width);
  const head = takeColumns(text, Math.ceil(room / 2));
  return head + ellipsis + takeLastColumns(text, room - textWidth(head));
}

/** Filled with spaces up to `width` columns. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, width - textWidth(text)));
  return align === 'left' ? text + space : space + text;
}

/** `1234567` → `1,234,567`. */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 object`, `1,204 objects`. */
export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : plural}`;
}

function graphemeWidth(grapheme: string): number {
  if (ZERO.test(grapheme)) return 0;
  // U+FE0F asks for the emoji form, which is wide.
  return WIDE.test(grapheme) || grapheme.includes('\ufe0f') ? 2 : 1;
}

function takeColumns(text: string, width: number): string {
  let taken = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    used += graphemeWidth(segment);
    if (used > width) break;
    taken += segment;
  }
  return taken;
}

function takeLastColumns(text: string, width: number): string {
  const segments = Array.from(graphemes.segment(text), (s) => s.segment);
  let used = 0;
  let start = segments.length;
  while (start > 0) {
    used += graphemeWidth(segments[start - 1]!);
    if (used > width) break;
    start--;
  }
  return segments.slice(start).join('');
}

function escaped(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\r') return '\\r';
  if (character === '\t') return '\\t';
  const point = character.codePointAt(0)!;
  if (point < 0x100) return `\\x${point.toString(16).padStart(2, '0')}`;
  return point < 0x10000 ? `\\u${point.toString(16).padStart(4, '0')}` : `\\u{${point.toString(16)}}`;
}
