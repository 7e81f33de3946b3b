/**
 * The pieces of AWS Signature Version 4, for whoever signs and whoever verifies.
 * Source: "Signature Calculations for the Authorization Header", Amazon S3 API Reference.
 */
import { createHmac, hash, timingSafeEqual } from 'node:crypto';

export const ALGORITHM = 'AWS4-HMAC-SHA256';
export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';
/** SHA-256 of no bytes. */
export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

export interface CanonicalInput {
  readonly method: string;
  /** Encoded path as on the request line. S3 neither decodes nor normalises it. */
  readonly path: string;
  /** From `canonicalQuery`; of a presigned request without `X-Amz-Signature`. */
  readonly query: string;
  /** The signed headers, names in lower case, in order of name. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly payloadHash: string;
}

export function canonicalRequest(input: CanonicalInput): string {
  let lines = '';
  let names = '';
  for (const [name, value] of input.headers) {
    lines += `${name}:${canonicalValue(value)}\n`;
    names += names === '' ? name : `;${name}`;
  }
  return `${input.method}\n${input.path}\n${input.query}\n${lines}\n${names}\n${input.payloadHash}`;
}

/** `20130524/us-east-1/s3/aws4_request`; `day` as `YYYYMMDD`. */
export function credentialScope(day: string, region: string, service: string): string {
  return `${day}/${region}/${service}/aws4_request`;
}

/** `timestamp` as `YYYYMMDDTHHMMSSZ`. */
export function stringToSign(timestamp: string, scope: string, canonical: string): string {
  return `${ALGORITHM}\n${timestamp}\n${scope}\n${canonicalHash(canonical)}`;
}

/** Hexadecimal SHA-256 of a canonical request, whose characters are the bytes on the wire (latin1). */
export function canonicalHash(canonical: string): string {
  return hash('sha256', NOT_ASCII.test(canonical) ? Buffer.from(canonical, 'latin1') : canonical, 'hex');
}

/** The same where whoever signed took the characters for text, and its UTF-8 for the bytes. */
export function canonicalTextHash(canonical: string): string {
  return hash('sha256', canonical, 'hex');
}

const NOT_ASCII = /[\u0080-\uffff]/;

/** The key all signatures of one day, region and service are made with. */
export function signingKey(secretAccessKey: string, day: string, region: string, service: string): Buffer {
  const date = hmac(`AWS4${secretAccessKey}`, day);
  return hmac(hmac(hmac(date, region), service), 'aws4_request');
}

/** A signature in lower-case hexadecimal. */
export function signature(key: Uint8Array, toSign: string): string {
  return createHmac('sha256', key).update(toSign).digest('hex');
}

/** Compares two signatures in a time that does not depend on where they differ. */
export function equalSignatures(a: string, b: string): boolean {
  const left = Buffer.from(a, 'utf8');
  const right = Buffer.from(b, 'utf8');
  return left.length === right.length && timingSafeEqual(left, right);
}

/** A header value without outer blanks and with inner runs of blanks made one. */
export function canonicalValue(value: string): string {
  return value.includes('  ') || value.includes('\t') || value.startsWith(' ') || value.endsWith(' ')
    ? value.trim().replace(/[ \t]+/g, ' ')
    : value;
}

function hmac(key: string | Uint8Array, message: string): Buffer {
  return createHmac('sha256', key).update(message).digest();
}
