import { STATUS_CODES } from 'node:http';
import { FerryError } from '../../../model/errors.ts';
import { FIELD_NAME, FIELD_VALUE } from '../fields.ts';
import type { HttpAnswer } from './server.ts';

/** How the length of an answer is told. */
export type Framing = number | 'chunked' | 'none';

/**
 * The head of an answer as it goes on the wire, one character per byte. Throws `internal` where a field holds what
 * could be read as another line.
 */
export function answerHead(answer: HttpAnswer, framing: Framing, date: string, close: boolean): string {
  let head = `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? 'Unknown'}\r\nDate: ${date}\r\n`;
  const { headers } = answer;
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at]!;
    const value = headers[at + 1]!;
    if (!FIELD_NAME.test(name) || !FIELD_VALUE.test(value))
      throw new FerryError('internal', { message: `An answer cannot hold the header ${JSON.stringify(name)}` });
    head += `${name}: ${value}\r\n`;
  }
  if (framing === 'chunked') head += 'Transfer-Encoding: chunked\r\n';
  else if (framing !== 'none') head += `Content-Length: ${framing}\r\n`;
  return close ? `${head}Connection: close\r\n\r\n` : `${head}\r\n`;
}
