/**
 * Bodies of answers: between the connection, which pushes bytes as they land, and the reader, which pulls chunks.
 * Nothing lands that was not asked for, but for what the first read brought along with the head.
 */
import { FerryError } from '../../model/errors.ts';
import { KiB } from '../../model/units.ts';
import type { HttpBody } from './client.ts';

/** What the connection needs of a body while its bytes arrive. */
export interface IncomingBody extends HttpBody {
  /** All bytes are here: the connection is free. */
  readonly arrived: boolean;
  /** Reading may go on; where false the body calls `BodySource.resume` when it wants more. */
  readonly wantsMore: boolean;
  /** Somebody waits for bytes, so that their absence is the server's fault. */
  readonly hungry: boolean;
  /** Where the next bytes may land without copying; undefined: anywhere. */
  target(): Buffer | undefined;
  /** Takes what belongs to the body from `bytes[from, to)`; returns the index after it. Keeps no reference to `bytes` unless it is `target()`. */
  take(bytes: Buffer, from: number, to: number): number;
  /** The server sends no more. */
  ended(cause?: Error): void;
  fail(error: FerryError): void;
}

/** What a body needs of its connection. */
export interface BodySource {
  /** Bytes are wanted (again). */
  resume(): void;
  /** The rest is not wanted. */
  cut(): void;
}

/** A longer rest than this is cut, since a new connection costs less than reading it. */
export const LONGEST_DISCARD = 64 * KiB;

export const NO_MORE: Promise<IteratorReturnResult<undefined>> = Promise.resolve({ done: true, value: undefined });

export function shortRead(got: number, length: number | undefined, cause: Error | undefined): FerryError {
  const message =
    length === undefined
      ? `The connection ended before the body did, after ${got} bytes`
      : `The connection ended after ${got} of ${length} bytes`;
  return new FerryError('short-read', { message, cause });
}

export function tooLarge(limit: number): FerryError {
  return new FerryError('too-large', { message: `The answer is larger than ${limit} bytes` });
}
