import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { FerryError } from '../../model/errors.ts';
import { hexToBase64 } from '../checksum/encoding.ts';
import { createHasher } from '../checksum/hasher.ts';
import type { Hasher } from '../checksum/hasher.ts';
import { EMPTY_SHA256, equalSignatures } from '../sigv4/canonical.ts';
import type { ChunkSigner } from '../sigv4/chunk-signer.ts';
import type { TrailerAlgorithm } from './framing.ts';
import { TRAILER_SIGNATURE, trailerName } from './framing.ts';

export interface DecodeOptions {
  /** `x-amz-decoded-content-length`: the data must come to exactly this. */
  readonly size: number;
  /** Made from the verified request; there exactly where its payload is announced as signed. */
  readonly signer?: ChunkSigner | undefined;
  /** The checksum `x-amz-trailer` announces; it must come, and be right. */
  readonly trailer?: TrailerAlgorithm | undefined;
}

/** Longest line between chunks, bytes: a header with its signature has some 90. */
const MAX_LINE = 256;

/**
 * The data of an aws-chunked body, as views of what `source` yields. Bounded memory: a chunk may be of any size.
 *
 * Data is given out before the signature after it was checked; whoever stores it must drop it where this throws.
 * Malformed: `bad-response`. Signature wrong: `access-denied`. Checksum wrong: `wrong-checksum`. Ends early: `short-read`.
 * Other than `size` bytes of data: `wrong-length`.
 */
export async function* decodeChunked(
  source: AsyncIterable<Uint8Array>,
  options: DecodeOptions,
): AsyncGenerator<Uint8Array> {
  const decoder = new ChunkedDecoder(options);
  for await (const input of source) yield* decoder.take(input);
  decoder.finish();
}

/** The same for whoever has bytes pushed at them: `take` all of the body, then `finish`. */
export class ChunkedDecoder {
  readonly #signer: ChunkSigner | undefined;
  readonly #algorithm: TrailerAlgorithm | undefined;
  readonly #checksum: Hasher | undefined;
  #expect: 'header' | 'data' | 'line-end' | 'trailer' | 'nothing' = 'header';
  /** Data bytes still to come, in the whole body and in this chunk. */
  #missing: number;
  #chunkMissing = 0;
  /** The signature this chunk claims, and the hash of its data so far. */
  #claimed = '';
  #chunkHash: Hash | undefined;
  /** A line of which a part has come. */
  #line = '';
  /** The line of the checksum, once it came. */
  #trailer: string | undefined;
  #trailerSigned = false;

  constructor(options: DecodeOptions) {
    this.#missing = options.size;
    this.#signer = options.signer;
    this.#algorithm = options.trailer;
    this.#checksum = options.trailer === undefined ? undefined : createHasher(options.trailer);
  }

  /** The data in `input`, as views of it, in order. */
  take(input: Uint8Array): Uint8Array[] {
    const data: Uint8Array[] = [];
    for (let at = 0; at < input.byteLength;) {
      if (this.#expect === 'nothing') throw malformed('something follows the last chunk');
      if (this.#expect !== 'data') {
        at = this.#takeLine(input, at);
        continue;
      }
      const piece = input.subarray(at, at + this.#chunkMissing);
      at += piece.byteLength;
      this.#chunkHash?.update(piece);
      this.#checksum?.update(piece);
      this.#chunkMissing -= piece.byteLength;
      if (this.#chunkMissing === 0) this.#expect = 'line-end';
      data.push(piece);
    }
    return data;
  }

  /** Checks that the body was whole. */
  finish(): void {
    if (this.#expect !== 'nothing') throw new FerryError('short-read', { message: 'The chunked body ended early' });
  }

  /** Collects a line from `at` on; handles it once it is whole. Returns where the next byte is. */
  #takeLine(input: Uint8Array, at: number): number {
    const lf = input.indexOf(0x0a, at);
    const end = lf < 0 ? input.byteLength : lf;
    if (this.#line.length + end - at > MAX_LINE) throw malformed('a line is too long');
    this.#line += Buffer.from(input.buffer, input.byteOffset + at, end - at).toString('latin1');
    if (lf < 0) return end;
    if (!this.#line.endsWith('\r')) throw malformed('a line does not end in CR LF');
    const line = this.#line.slice(0, -1);
    this.#line = '';
    if (this.#expect === 'header') this.#header(line);
    else if (this.#expect === 'trailer') this.#trailerLine(line);
    else this.#endOfChunk(line);
    return lf + 1;
  }

  #header(line: string): void {
    const match = /^([0-9A-Fa-f]{1,13})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line);
    if (!match || (match[2] !== undefined) !== (this.#signer !== undefined)) throw malformed('a chunk header is wrong');
    const length = Number.parseInt(match[1]!, 16);
    this.#claimed = match[2] ?? '';
    if (length > 0) {
      if (length > this.#missing) throw wrongLength();
      this.#missing -= length;
      this.#chunkMissing = length;
      this.#chunkHash = this.#signer === undefined ? undefined : createHash('sha256');
      this.#expect = 'data';
      return;
    }
    if (this.#missing > 0) throw wrongLength();
    this.#verifyChunk(EMPTY_SHA256);
    this.#expect = 'trailer';
  }

  #endOfChunk(line: string): void {
    if (line !== '') throw malformed('a chunk is longer than it says');
    if (this.#chunkHash !== undefined) this.#verifyChunk(this.#chunkHash.digest('hex'));
    this.#expect = 'header';
  }

  #verifyChunk(sha256: string): void {
    if (this.#signer !== undefined && !equalSignatures(this.#signer.chunk(sha256), this.#claimed)) throw forged();
  }

  /** The checksum, then its signature where signed, then an empty line; nothing else, and each once. */
  #trailerLine(line: string): void {
    if (line === '') {
      const missing = this.#algorithm !== undefined && this.#trailer === undefined;
      const unsigned = this.#algorithm !== undefined && this.#signer !== undefined && !this.#trailerSigned;
      if (missing || unsigned) throw malformed('the trailer is not complete');
      this.#expect = 'nothing';
      return;
    }
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (this.#trailer === undefined && this.#algorithm !== undefined && name === trailerName(this.#algorithm)) {
      this.#trailer = `${name}:${value}\n`;
      if (value !== hexToBase64(this.#checksum!.hex()))
        throw new FerryError('wrong-checksum', { message: `The body does not match its ${name}` });
      return;
    }
    const signature = this.#trailer !== undefined && !this.#trailerSigned && name === TRAILER_SIGNATURE;
    if (!signature || this.#signer === undefined) throw malformed('a trailer nobody announced');
    if (!equalSignatures(this.#signer.trailer(this.#trailer!), value)) throw forged();
    this.#trailerSigned = true;
  }
}

function malformed(what: string): FerryError {
  return new FerryError('bad-response', { message: `The chunked body cannot be read: ${what}` });
}

function wrongLength(): FerryError {
  return new FerryError('wrong-length', { message: 'The chunked body does not hold as many bytes as announced' });
}

function forged(): FerryError {
  return new FerryError('access-denied', { message: 'A signature within the chunked body is wrong' });
}
