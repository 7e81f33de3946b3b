/**
 * Bytes on their way into a store: all in memory, or opened when needed.
 *
 * A stream can be opened again, so that a failed write can be replayed. A chunk it yields is valid only until the next
 * one is asked for: readers reuse their buffers, and whoever wants to keep a chunk copies it.
 */
export type Body = Uint8Array | StreamBody;

export interface StreamBody {
  /** Exact number of bytes `open` yields. */
  readonly size: number;
  /** Starts from the first byte. May be called again after an attempt failed; earlier streams are then dead. */
  open(): AsyncIterable<Uint8Array>;
}

export function bodySize(body: Body): number {
  return body instanceof Uint8Array ? body.byteLength : body.size;
}
