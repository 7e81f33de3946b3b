/** Pages of files of lines that may be long: one buffer is read, from where the page before ended. */
import { open } from 'node:fs/promises';

export interface LinePage {
  readonly lines: readonly string[];
  /** Where the next page begins, bytes. */
  readonly next: number;
  /** Nothing was there behind it. */
  readonly last: boolean;
}

/** Bytes read for a page at most; a longer line is left out. */
const BUFFER = 256 * 1024;

/**
 * At most `limit` lines that are wanted, from a byte on that begins one; lines not wanted count for nothing. A line that
 * is not whole yet is left for later. Undefined where there is no file. From behind its end: from its beginning, for it
 * was begun anew.
 */
export async function linesFrom(
  file: string,
  from: number,
  limit: number,
  wanted: (line: string) => boolean,
): Promise<LinePage | undefined> {
  try {
    await using handle = await open(file, 'r');
    const { size } = await handle.stat();
    const start = from > size ? 0 : from;
    const buffer = Buffer.alloc(Math.min(BUFFER, size - start));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
    const lines: string[] = [];
    let at = 0;
    while (lines.length < limit) {
      const end = buffer.subarray(0, bytesRead).indexOf(LINE_FEED, at);
      if (end < 0) {
        // No line is so long: it is passed over.
        if (at === 0 && bytesRead === BUFFER) at = bytesRead;
        break;
      }
      const line = buffer.toString('utf8', at, end);
      if (wanted(line)) lines.push(line);
      at = end + 1;
    }
    return { lines, next: start + at, last: start + at >= size || at === 0 };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

const LINE_FEED = 10;

/** Where the last `bytes` of a file begin, at the beginning of a line. */
export async function tailOf(file: string, bytes: number): Promise<number> {
  try {
    await using handle = await open(file, 'r');
    const { size } = await handle.stat();
    if (size <= bytes) return 0;
    const buffer = Buffer.alloc(Math.min(BUFFER, bytes));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, size - bytes);
    return size - bytes + buffer.subarray(0, bytesRead).indexOf(LINE_FEED) + 1;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0;
    throw error;
  }
}
