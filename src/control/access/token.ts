/** Tokens of the API: `ferry_ID_SECRET`. The id finds it, the secret proves it. */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

export interface FreshToken {
  readonly id: string;
  /** What its owner sends; shown once, and kept nowhere. */
  readonly text: string;
  /** SHA-256 of the secret, hexadecimal: of 256 random bits nothing can be guessed from it. */
  readonly digest: string;
}

export function freshToken(): FreshToken {
  const id = randomBytes(9).toString('base64url').replaceAll('_', 'x');
  const secret = freshSecret();
  return { id, text: `ferry_${id}_${secret}`, digest: digestOf(secret) };
}

/** Names of tokens are for people. */
export function isTokenName(name: string): boolean {
  return /^[\w.@ -]{1,64}$/u.test(name);
}

/** 256 random bits, as text. */
export function freshSecret(): string {
  return randomBytes(32).toString('base64url');
}

export function digestOf(secret: string): string {
  return hash('sha256', secret);
}

/** Undefined where it has not the form of a token. */
export function parseToken(text: string): { readonly id: string; readonly digest: string } | undefined {
  const match = /^ferry_([A-Za-z0-9-]{12})_([A-Za-z0-9_-]{43})$/.exec(text);
  return match === null ? undefined : { id: match[1]!, digest: digestOf(match[2]!) };
}

/** Takes as long wherever they differ. */
export function sameDigest(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8')];
  return left.length === right.length && timingSafeEqual(left, right);
}
