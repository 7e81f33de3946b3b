/**
 * Text laid out for a window: broken between words, and what belongs to a title indented beneath it.
 *
 * `columns` is infinite where nobody looks through a window: a pipe gets one line for each thing. Text must be
 * `harmless` already and hold no colours; titles may.
 */
import { stripVTControlCharacters } from 'node:util';
import { pad, textWidth } from './text.ts';
import type { Style } from './terminal-io.ts';

/** Indent of what has no room beside its title. */
const BENEATH = 4;

export interface Row {
  /** Empty for what goes on with the row before. */
  readonly title: string;
  readonly text: string;
}

/** Rows with their titles in a column of `width`, two columns from the edge. Lines without their end. */
export function titledRows(rows: readonly Row[], width: number, columns: number, style: Style): string[] {
  return rows.flatMap(({ title, text }) => hanging(`  ${style.dim(pad(title, width))} `, text, columns));
}

/**
 * `text` after `prefix`; further lines hang as deep as the prefix is wide, or beneath it where a word needs more room.
 * `paint` colours each line.
 */
export function hanging(prefix: string, text: string, columns: number, paint = asIs): string[] {
  const indent = textWidth(stripVTControlCharacters(prefix));
  const longest = Math.max(...text.split(' ').map(textWidth));
  if (longest > columns - indent && indent > BENEATH) {
    const beneath = wrapText(text, columns - BENEATH).map((line) => ' '.repeat(BENEATH) + paint(line));
    return stripVTControlCharacters(prefix).trim() === '' ? beneath : [prefix, ...beneath];
  }
  const [first = '', ...rest] = wrapText(text, columns - indent);
  return [prefix + paint(first), ...rest.map((line) => ' '.repeat(indent) + paint(line))];
}

function asIs(text: string): string {
  return text;
}

/** A word with the spaces before it; `77.5 MiB/s` is one. */
const WORD = / *[^ ]+(?:(?<=\d) [KMGT]?i?B[^ ]*)?/g;

/** Lines of at most `width` columns, broken between words; paths behind `/`. What has no such place stays whole. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  const place = (piece: string): void => {
    if (line !== '' && textWidth(line + piece) > width) {
      lines.push(line);
      line = piece.trimStart();
    } else line += piece;
  };
  for (const word of text.match(WORD) ?? []) {
    if (textWidth(word.trimStart()) <= width) place(word);
    else for (const piece of word.split(/(?<=\/)/)) place(piece);
  }
  return [...lines, line];
}
