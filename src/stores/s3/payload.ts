/** Hashes of bodies. */
import { createHash, hash } from 'node:crypto';
import type { Body } from '../../model/body.ts';
import { abortable } from '../../store/abort.ts';

/** SHA-256 in hexadecimal. A stream is read to its end for it, and is opened again to be sent. */
export function sha256Of(body: Body, signal: AbortSignal | undefined): string | Promise<string> {
  if (body instanceof Uint8Array) return hash('sha256', body, 'hex');
  return abortable(sha256OfStream(body.open()), signal);
}

async function sha256OfStream(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const digest = createHash('sha256');
  for await (const chunk of chunks) digest.update(chunk);
  return digest.digest('hex');
}

/** MD5 of a small document, in the base64 of `Content-MD5`. */
export function contentMd5(document: Uint8Array): string {
  return hash('md5', document, 'base64');
}

/** A hexadecimal checksum as the base64 of S3's headers. */
export function base64OfHex(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}
