/** How an error reads for people: what, where, why, and what to do about it. */
import { ERROR_CATALOGUE, type FerryError } from '../../model/errors.ts';
import { causesOf } from './json.ts';
import { harmless } from './text.ts';
import type { Style } from './terminal-io.ts';

/** Several lines, the last one ended. Every field passes `harmless`: messages quote keys and servers. */
export function errorText(error: FerryError, style: Style): string {
  const where = [
    ...(error.store ? [error.store] : []),
    ...(error.operation ? [error.operation] : []),
    ...(error.key === undefined ? [] : [`key ${JSON.stringify(error.key)}`]),
  ];
  const why = causesOf(error);
  const rows: (readonly [string, string])[] = [
    ...(where.length > 0 ? [['where', where.join(', ')] as const] : []),
    // The message of a mistake in writing says it all; a general cause would only stand in its way.
    ...(why.length > 0 || error.code !== 'configuration'
      ? [['cause', why.length > 0 ? why.join(': ') : ERROR_CATALOGUE[error.code].cause] as const]
      : []),
    ['remedy', error.remedy],
  ];
  // All mistakes of a task file are told at once, a line each.
  const lines = error.code === 'configuration' ? error.message.split('\n') : [error.message];
  const message = lines.map((line) => style.bold(harmless(line))).join('\n       ');
  const head = `${style.bad('ferry:')} ${message} ${style.dim(`[${error.code}]`)}`;
  return `${head}\n${rows.map(([title, text]) => `  ${style.dim(title.padEnd(6))}  ${harmless(text)}\n`).join('')}`;
}
