import type { HttpAnswer } from '../../wire/http/server/server.ts';

/** An answer without a body. */
export function empty(status: number, headers: readonly string[] = []): HttpAnswer {
  return { status, headers };
}

export function xml(document: string, headers: readonly string[] = [], status = 200): HttpAnswer {
  return { status, headers: [...headers, 'Content-Type', 'application/xml'], body: Buffer.from(document) };
}

/** An ETag as headers and documents hold it. */
export function quoted(etag: string): string {
  return `"${etag}"`;
}

/** Text as the bytes of a header: UTF-8, one character per byte. */
export function headerText(text: string): string {
  return NOT_ASCII.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}

/** What the bytes of a header say: UTF-8 where they are, else latin1. */
export function textOfHeader(value: string): string {
  if (!NOT_ASCII.test(value)) return value;
  const bytes = Buffer.from(value, 'latin1');
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : value;
}

const NOT_ASCII = /[\u0080-\uffff]/;
