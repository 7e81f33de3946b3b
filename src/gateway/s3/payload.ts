/**
 * The body of an upload: announced, signed and checked in one of many ways, and given to the store only as far as it is
 * what was announced. A store makes an object visible after its body has ended well, so one that turns out wrong at its
 * last byte is never seen.
 */
import type { Body, StreamBody } from '../../model/body.ts';
import { FerryError, isFerryError, type ErrorCode } from '../../model/errors.ts';
import type { ChecksumAlgorithm } from '../../model/object.ts';
import { KiB } from '../../model/units.ts';
import { base64ToHex, hexToBase64, S3_CHECKSUM_NAMES } from '../../wire/checksum/encoding.ts';
import { createHasher, type Hasher } from '../../wire/checksum/hasher.ts';
import { ChunkedDecoder, decodeChunked, type DecodeOptions } from '../../wire/chunked/decode.ts';
import {
  STREAMING_SIGNED,
  STREAMING_SIGNED_TRAILER,
  STREAMING_UNSIGNED_TRAILER,
  trailerName,
  type TrailerAlgorithm,
} from '../../wire/chunked/framing.ts';
import { UNSIGNED_PAYLOAD } from '../../wire/sigv4/canonical.ts';
import type { Identity } from '../access/authenticate.ts';
import { S3Error, toS3Error, type S3ErrorCode } from './error.ts';
import type { S3Request } from './request.ts';

export interface Payload {
  /** What was wrong with the body, once a store failed for it. */
  readonly failure: () => S3Error | undefined;
  readonly size: number;
  /** Can be opened again where it is short; a long one is read once, as it comes. */
  readonly body: Body;
  /** Hex of `Content-MD5`, which the body has been, or will be, checked against. */
  readonly md5: string | undefined;
  /** The checksum the client sent, or announced for the end; `hex` is known once the body was read. */
  readonly checksum: { readonly algorithm: TrailerAlgorithm; hex(): string | undefined } | undefined;
}

/** Up to here a body is taken into memory, so that it can be sent again. */
const IN_MEMORY = 128 * KiB;
/** aws-chunked adds a signature of some 90 bytes to chunks of at least 8 KiB (but for the last), and a trailer. */
const FRAMING = 64 * KiB;

/** Throws `S3Error` where what is announced cannot be. Resolves, for a short body, once it is here and right. */
export async function readPayload(request: S3Request, identity: Identity): Promise<Payload> {
  const { headers, body } = request.http;
  const checks = new Checks();
  const md5 = contentMd5(headers.get('content-md5'));
  if (md5 !== undefined) checks.add('md5', md5, () => new S3Error('BadDigest'));
  const given = givenChecksum(request);
  const payload = identity.payload ?? UNSIGNED_PAYLOAD;
  const framing = chunkedFraming(payload, request, identity);
  const size = framing?.size ?? body.length;
  if (size === undefined) throw new S3Error('MissingContentLength');
  if (framing === undefined && payload !== UNSIGNED_PAYLOAD) {
    if (!/^[0-9a-f]{64}$/.test(payload))
      throw new S3Error('InvalidArgument', { message: 'x-amz-content-sha256 is no SHA-256' });
    checks.add('sha256', payload, () => new S3Error('XAmzContentSHA256Mismatch'));
  }
  if (given?.hex !== undefined) checks.add(given.algorithm, given.hex, () => new S3Error('BadDigest'));
  else if (given !== undefined && framing?.trailer === undefined) checks.watch(given.algorithm);
  const trailer = framing?.trailer;
  if (trailer !== undefined) checks.watch(trailer);
  const algorithm = trailer ?? given?.algorithm;
  const checksum = algorithm === undefined ? undefined : { algorithm, hex: () => checks.hex(algorithm) };
  const common = { size, md5, checksum };
  if (size > IN_MEMORY) {
    const stream = new CheckedStream(framed(body, framing), checks, size);
    return { ...common, body: stream, failure: () => stream.failure };
  }
  try {
    const raw = await body.bytes(framing === undefined ? IN_MEMORY : IN_MEMORY + FRAMING);
    const bytes = framing === undefined ? raw : decoded(raw, framing);
    checks.update(bytes);
    checks.finish();
    return { ...common, body: bytes, failure: () => undefined };
  } catch (thrown) {
    throw bodyError(thrown);
  }
}

/** The outcome of a write of this body: what was wrong with the body wins over what the store made of it. */
export async function storing<T>(payload: Payload, write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (thrown) {
    throw payload.failure() ?? thrown;
  }
}

/** The headers that tell a client the checksum it asked for. */
export function checksumHeaders(checksum: Payload['checksum']): string[] {
  const hex = checksum?.hex();
  return hex === undefined ? [] : [trailerName(checksum!.algorithm), hexToBase64(hex)];
}

/** What the bytes must come to. */
class Checks {
  readonly #hashers = new Map<ChecksumAlgorithm, Hasher>();
  readonly #wanted: { readonly algorithm: ChecksumAlgorithm; readonly hex: string; readonly error: () => S3Error }[] =
    [];
  readonly #results = new Map<ChecksumAlgorithm, string>();

  add(algorithm: ChecksumAlgorithm, hex: string, error: () => S3Error): void {
    this.watch(algorithm);
    this.#wanted.push({ algorithm, hex, error });
  }

  /** Computed without anything to compare with. */
  watch(algorithm: ChecksumAlgorithm): void {
    if (!this.#hashers.has(algorithm)) this.#hashers.set(algorithm, createHasher(algorithm));
  }

  update(bytes: Uint8Array): void {
    for (const hasher of this.#hashers.values()) hasher.update(bytes);
  }

  finish(): void {
    for (const [algorithm, hasher] of this.#hashers) this.#results.set(algorithm, hasher.hex());
    for (const { algorithm, hex, error } of this.#wanted) if (this.#results.get(algorithm) !== hex) throw error();
  }

  hex(algorithm: ChecksumAlgorithm): string | undefined {
    return this.#results.get(algorithm);
  }
}

/** A client sends its body once: what has to be sent again is the client's to send again. */
class CheckedStream implements StreamBody {
  readonly size: number;
  failure: S3Error | undefined;
  readonly #source: AsyncIterable<Uint8Array>;
  readonly #checks: Checks;
  #opened = false;

  constructor(source: AsyncIterable<Uint8Array>, checks: Checks, size: number) {
    this.#source = source;
    this.#checks = checks;
    this.size = size;
  }

  open(): AsyncIterable<Uint8Array> {
    const again = 'The store failed while it took the body, which came only once';
    if (this.#opened) throw new FerryError('unavailable', { message: again, retryable: 'exhausted' });
    this.#opened = true;
    return this.#read();
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    let got = 0;
    try {
      for await (const bytes of this.#source) {
        got += bytes.byteLength;
        this.#checks.update(bytes);
        yield bytes;
      }
      if (got !== this.size) throw new S3Error('IncompleteBody');
      this.#checks.finish();
    } catch (thrown) {
      this.failure = bodyError(thrown);
      throw new FerryError('interrupted', { message: this.failure.message, retryable: 'never', cause: thrown });
    }
  }
}

/** What is wrong with a body, in words of S3. */
function bodyError(thrown: unknown): S3Error {
  const code = isFerryError(thrown) ? BODY_ERRORS.get(thrown.code) : undefined;
  if (code === undefined) return toS3Error(thrown);
  return new S3Error(code, { message: isFerryError(thrown) ? thrown.message : undefined, cause: thrown });
}

const BODY_ERRORS: ReadonlyMap<ErrorCode, S3ErrorCode> = new Map([
  ['access-denied', 'SignatureDoesNotMatch'],
  ['bad-response', 'InvalidRequest'],
  ['network', 'IncompleteBody'],
  ['short-read', 'IncompleteBody'],
  ['timeout', 'RequestTimeout'],
  ['too-large', 'InvalidRequest'],
  ['wrong-checksum', 'BadDigest'],
  ['wrong-length', 'IncompleteBody'],
]);

function framed(source: AsyncIterable<Uint8Array>, framing: DecodeOptions | undefined): AsyncIterable<Uint8Array> {
  return framing === undefined ? source : decodeChunked(source, framing);
}

function decoded(bytes: Uint8Array, framing: DecodeOptions): Uint8Array {
  const decoder = new ChunkedDecoder(framing);
  const pieces = decoder.take(bytes);
  decoder.finish();
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}

function contentMd5(base64: string | undefined): string | undefined {
  if (base64 === undefined) return undefined;
  const hex = base64ToHex(base64, 'md5');
  if (hex === undefined) throw new S3Error('InvalidDigest');
  return hex;
}

function chunkedFraming(payload: string, { http, query }: S3Request, identity: Identity): DecodeOptions | undefined {
  if (!payload.startsWith('STREAMING-')) return undefined;
  const { headers } = http;
  const signed = payload === STREAMING_SIGNED || payload === STREAMING_SIGNED_TRAILER;
  if (!signed && payload !== STREAMING_UNSIGNED_TRAILER)
    throw new S3Error('NotImplemented', { message: `Bodies cannot be signed by ${payload.slice(0, 60)} here` });
  const length = headers.get('x-amz-decoded-content-length') ?? query.get('x-amz-decoded-content-length');
  if (length === undefined || !/^\d{1,15}$/.test(length)) throw new S3Error('MissingContentLength');
  const name = payload === STREAMING_SIGNED ? undefined : headers.get('x-amz-trailer')?.trim().toLowerCase();
  const trailer = name === undefined ? undefined : ALGORITHMS.find((algorithm) => trailerName(algorithm) === name);
  if (name !== undefined && trailer === undefined)
    throw new S3Error('InvalidRequest', { message: `The trailer ${name.slice(0, 60)} is not known` });
  if (payload === STREAMING_UNSIGNED_TRAILER && trailer === undefined)
    throw new S3Error('InvalidRequest', { message: 'A body that is not signed has to end in a checksum' });
  if (signed && identity.chunkSigner === undefined)
    throw new S3Error('AccessDenied', { message: 'Chunks are signed although the request is not' });
  return { size: Number(length), signer: signed ? identity.chunkSigner!() : undefined, trailer };
}

/** `x-amz-checksum-…` with its value, or the algorithm alone of `x-amz-sdk-checksum-algorithm`. */
function givenChecksum({ http }: S3Request): { algorithm: TrailerAlgorithm; hex: string | undefined } | undefined {
  let found: { algorithm: TrailerAlgorithm; hex: string } | undefined;
  for (const algorithm of ALGORITHMS) {
    const value = http.headers.get(trailerName(algorithm));
    if (value === undefined) continue;
    const hex = base64ToHex(value, algorithm);
    if (hex === undefined) throw new S3Error('InvalidRequest', { message: `${trailerName(algorithm)} is no checksum` });
    if (found !== undefined)
      throw new S3Error('InvalidRequest', { message: 'Several checksums are given; one is enough' });
    found = { algorithm, hex };
  }
  if (found !== undefined) return found;
  const name = http.headers.get('x-amz-sdk-checksum-algorithm')?.toUpperCase();
  const algorithm = ALGORITHMS.find((other) => S3_CHECKSUM_NAMES[other] === name);
  return algorithm === undefined ? undefined : { algorithm, hex: undefined };
}

const ALGORITHMS: readonly TrailerAlgorithm[] = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'];
