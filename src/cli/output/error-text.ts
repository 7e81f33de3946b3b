/** How an error reads for people: what, where, why, and what to do about it. */
import { concernsWholeStore, ERROR_CATALOGUE, type FerryError } from '../../model/errors.ts';
import { causesOf } from './json.ts';
import { hanging, titledRows, type Row } from './layout.ts';
import { harmless } from './text.ts';
import type { Style } from './terminal-io.ts';

/** Several lines, the last one ended. Every field passes `harmless`: messages quote keys and servers. */
export function errorText(error: FerryError, style: Style, columns: number): string {
  const where = [
    ...(error.store ? [error.store] : []),
    ...(error.operation ? [error.operation] : []),
    ...(error.key === undefined || concernsWholeStore(error) ? [] : [`key ${JSON.stringify(error.key)}`]),
  ];
  const why = causesOf(error);
  const rows: Row[] = [
    ...(where.length > 0 ? [{ title: 'where', text: where.join(', ') }] : []),
    // The message of a mistake in writing says it all; a general cause would only stand in its way.
    ...(why.length > 0 || error.code !== 'configuration'
      ? [{ title: 'cause', text: why.length > 0 ? why.join(': ') : ERROR_CATALOGUE[error.code].cause }]
      : []),
    { title: 'remedy', text: error.remedy },
  ].map(({ title, text }) => ({ title, text: harmless(text) }));
  // All mistakes of a task file are told at once, a line each.
  const lines = error.code === 'configuration' ? error.message.split('\n') : [error.message];
  const head = lines.flatMap((line, i) => {
    const text = harmless(line) + (i === lines.length - 1 ? ` [${error.code}]` : '');
    return hanging(i === 0 ? `${style.bad('ferry:')} ` : ' '.repeat(7), text, columns, style.bold);
  });
  return [...head, ...titledRows(rows, 7, columns, style)].map((line) => `${line}\n`).join('');
}
