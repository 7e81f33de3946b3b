/** RFC 2047 encoded words, the form in which Amazon S3 and R2 answer user metadata that is not ASCII. */

/** One base64 word. RFC 2047 limits a word to 75 characters for mail; S3 takes any length. */
export function encodeWord(text: string): string {
  return `=?UTF-8?B?${Buffer.from(text, 'utf8').toString('base64')}?=`;
}

/** Words of UTF-8 or ISO-8859-1, base64 or quoted, as text; everything else stays as it is. */
export function decodeWords(value: string): string {
  if (!value.includes('=?')) return value;
  // Blanks between two words belong to neither (RFC 2047, 6.2).
  return value.replace(/\?=[ \t]+(?==\?)/g, '?=').replace(WORDS, (run) => decodeRun(run));
}

export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7e) return false;
  return true;
}

const WORD = /=\?(utf-8|iso-8859-1|us-ascii)\?([bq])\?([^?\s]*)\?=/gi;
const WORDS = /(?:=\?(?:utf-8|iso-8859-1|us-ascii)\?[bq]\?[^?\s]*\?=)+/gi;

/** Bytes of neighbouring words are put together first: a character may be cut by their border. */
function decodeRun(run: string): string {
  const bytes: Buffer[] = [];
  let latin1 = false;
  for (const [, charset, coding, text] of run.matchAll(WORD)) {
    latin1 ||= charset!.toLowerCase() === 'iso-8859-1';
    bytes.push(coding!.toLowerCase() === 'b' ? Buffer.from(text!, 'base64') : unquote(text!));
  }
  return Buffer.concat(bytes).toString(latin1 ? 'latin1' : 'utf8');
}

function unquote(text: string): Buffer {
  const plain = text
    .replaceAll('_', ' ')
    .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(plain, 'latin1');
}
