/** Percent-encoding as Signature V4 wants it: everything but `A-Z a-z 0-9 - . _ ~`, in UTF-8, upper-case hexadecimal. */
import { FerryError } from '../../model/errors.ts';

const PLAIN = /^[A-Za-z0-9\-._~]*$/;
const PLAIN_PATH = /^[A-Za-z0-9\-._~/]*$/;
/** What `encodeURIComponent` leaves alone and S3 does not. */
const LEFT_OVER = /[!'()*]/g;

/**
 * A key or query value as it goes on the wire and into the canonical request. `keepSlash` for paths.
 * Rejects with `bad-key` what has no UTF-8 form (a lone surrogate).
 */
export function uriEncode(text: string, keepSlash: boolean): string {
  if ((keepSlash ? PLAIN_PATH : PLAIN).test(text)) return text;
  let encoded: string;
  try {
    encoded = encodeURIComponent(text);
  } catch (error) {
    throw new FerryError('bad-key', { key: text, message: 'The text holds half a surrogate pair', cause: error });
  }
  encoded = encoded.replace(LEFT_OVER, percent);
  return keepSlash ? encoded.replaceAll('%2F', '/') : encoded;
}

/** Query parameters encoded and in canonical order; a parameter without a value (`uploads`) has the value ''. */
export function canonicalQuery(pairs: readonly (readonly [string, string])[]): string {
  if (pairs.length === 0) return '';
  if (pairs.length === 1) return `${uriEncode(pairs[0]![0], false)}=${uriEncode(pairs[0]![1], false)}`;
  const encoded = pairs.map(([name, value]) => [uriEncode(name, false), uriEncode(value, false)] as const);
  encoded.sort(([nameA, valueA], [nameB, valueB]) => order(nameA, nameB) || order(valueA, valueB));
  return encoded.map(([name, value]) => `${name}=${value}`).join('&');
}

function order(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
