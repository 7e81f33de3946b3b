import type { BodySender } from '../body-sender.ts';

/**
 * Sends a body whose length nobody knows: in chunks (RFC 9112 section 7.1), or as it is, up to the end of the
 * connection, to clients of HTTP/1.0. True when all is sent, false when stopped.
 */
export async function sendChunked(
  sender: BodySender,
  body: AsyncIterable<Uint8Array>,
  chunked: boolean,
): Promise<boolean> {
  for await (const chunk of body) {
    if (chunk.length === 0) continue;
    if (!(await sender.piece(chunked ? framed(chunk) : chunk))) return false;
  }
  return await sender.piece(chunked ? LAST : new Uint8Array(0));
}

const LAST = Buffer.from('0\r\n\r\n', 'latin1');

function framed(chunk: Uint8Array): Uint8Array {
  const size = `${chunk.length.toString(16)}\r\n`;
  const whole = Buffer.allocUnsafe(size.length + chunk.length + 2);
  whole.write(size, 0, 'latin1');
  whole.set(chunk, size.length);
  whole.write('\r\n', size.length + chunk.length, 'latin1');
  return whole;
}
