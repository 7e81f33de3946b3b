import { createHmac } from 'node:crypto';

/**
 * `Ferry-Signature` of a message: `t=SECONDS,v1=HEX`, where HEX is the HMAC-SHA256 of `SECONDS.BODY`. Whoever gets it
 * computes the same, compares in constant time, and refuses what is older than it likes.
 */
export function signatureOf(secret: string, body: string, now: number): string {
  const seconds = Math.floor(now / 1000);
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}
