import { hash } from 'node:crypto';
import type { Body, StreamBody } from '../../model/body.ts';
import { bodySize } from '../../model/body.ts';
import { FerryError } from '../../model/errors.ts';
import { CHECKSUM_BYTES, hexToBase64 } from '../checksum/encoding.ts';
import { createHasher } from '../checksum/hasher.ts';
import type { Hasher } from '../checksum/hasher.ts';
import { EMPTY_SHA256 } from '../sigv4/canonical.ts';
import type { ChunkSigner } from '../sigv4/chunk-signer.ts';
import type { TrailerAlgorithm } from './framing.ts';
import { CHUNK_SIGNATURE, SIGNATURE_LENGTH, TRAILER_SIGNATURE, trailerName } from './framing.ts';

export interface Framing {
  /** Chunks carry signatures. */
  readonly signed: boolean;
  /** The body ends in this checksum. Without signatures there must be one. */
  readonly trailer?: TrailerAlgorithm | undefined;
}

/** Bytes in every chunk but the last two. S3 wants at least 8 KiB. */
const CHUNK = 64 * 1024;
/** Room before the data of a chunk for its header. */
const HEADROOM = 96;

/** Length of the encoded body: its Content-Length, needed before it can be signed. */
export function chunkedSize(size: number, framing: Framing): number {
  const rest = size % CHUNK;
  const full = (size - rest) / CHUNK;
  return full * chunkSize(CHUNK, framing) + (rest > 0 ? chunkSize(rest, framing) : 0) + endSize(framing);
}

/**
 * Encodes a body. `signer` comes from the signature of the request (`SigV4Signer.chunkSigner`) and is there exactly where
 * the framing is signed; it starts anew with each `open`, so only the latest stream is good. Copies each byte once, into
 * one buffer of 64 KiB.
 */
export function encodeChunked(body: Body, framing: Framing, signer?: ChunkSigner): StreamBody {
  if (framing.signed !== (signer !== undefined) || !(framing.signed || framing.trailer !== undefined))
    throw new FerryError('internal', { message: 'aws-chunked needs a signer where signed, a trailer where not' });
  return {
    size: chunkedSize(bodySize(body), framing),
    open: () => encode(body, framing, signer),
  };
}

async function* encode(body: Body, framing: Framing, signer: ChunkSigner | undefined): AsyncGenerator<Uint8Array> {
  signer?.restart();
  const hasher = framing.trailer === undefined ? undefined : createHasher(framing.trailer);
  const buffer = Buffer.allocUnsafe(HEADROOM + Math.min(CHUNK, bodySize(body)) + 2);
  let filled = 0;
  let missing = bodySize(body);
  for await (const piece of body instanceof Uint8Array ? [body] : body.open()) {
    missing -= piece.byteLength;
    if (missing < 0) throw new FerryError('wrong-length', { message: 'The body is longer than was said' });
    hasher?.update(piece);
    for (let from = 0; from < piece.byteLength;) {
      const taken = piece.subarray(from, from + CHUNK - filled);
      buffer.set(taken, HEADROOM + filled);
      filled += taken.byteLength;
      from += taken.byteLength;
      if (filled < CHUNK) continue;
      yield frame(buffer, filled, signer);
      filled = 0;
    }
  }
  if (missing > 0) throw new FerryError('short-read', { message: `The body ended ${missing} bytes early` });
  if (filled > 0) yield frame(buffer, filled, signer);
  yield Buffer.from(ending(framing, hasher, signer), 'latin1');
}

/** Puts header and line end around the data in `buffer`. */
function frame(buffer: Buffer, length: number, signer: ChunkSigner | undefined): Uint8Array {
  let header = length.toString(16);
  if (signer !== undefined) {
    const data = buffer.subarray(HEADROOM, HEADROOM + length);
    header += CHUNK_SIGNATURE + signer.chunk(hash('sha256', data, 'hex'));
  }
  const start = HEADROOM - header.length - 2;
  buffer.write(`${header}\r\n`, start, 'latin1');
  buffer.write('\r\n', HEADROOM + length, 'latin1');
  return buffer.subarray(start, HEADROOM + length + 2);
}

/** The empty chunk, the trailer and the empty line. */
function ending(framing: Framing, hasher: Hasher | undefined, signer: ChunkSigner | undefined): string {
  let text = signer === undefined ? '0\r\n' : `0${CHUNK_SIGNATURE}${signer.chunk(EMPTY_SHA256)}\r\n`;
  if (framing.trailer !== undefined && hasher !== undefined) {
    const line = `${trailerName(framing.trailer)}:${hexToBase64(hasher.hex())}`;
    text += `${line}\r\n`;
    if (signer !== undefined) text += `${TRAILER_SIGNATURE}:${signer.trailer(`${line}\n`)}\r\n`;
  }
  return `${text}\r\n`;
}

function chunkSize(length: number, framing: Framing): number {
  return headerSize(length, framing) + length + 2;
}

function headerSize(length: number, framing: Framing): number {
  return length.toString(16).length + (framing.signed ? CHUNK_SIGNATURE.length + SIGNATURE_LENGTH : 0) + 2;
}

function endSize(framing: Framing): number {
  const end = headerSize(0, framing) + 2;
  if (framing.trailer === undefined) return end;
  const base64 = Math.ceil(CHECKSUM_BYTES[framing.trailer] / 3) * 4;
  const trailer = trailerName(framing.trailer).length + 1 + base64 + 2;
  return end + trailer + (framing.signed ? TRAILER_SIGNATURE.length + 1 + SIGNATURE_LENGTH + 2 : 0);
}
