/**
 * A text file read line by line from any line on, in bounded memory: lists of keys and of URLs may have millions.
 *
 * Blank lines are passed over, CRLF ends a line as LF does, and a byte order mark at the beginning is no part of it.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { openPlace, type FileReach } from './file-reach.ts';
import { FerryError, isFerryError, toFerryError } from '../model/errors.ts';

export interface Line {
  /** Offset of its first byte in the file. */
  readonly offset: number;
  readonly text: string;
  /** Why it cannot be used; `text` is then only to show. */
  readonly problem?: string | undefined;
}

export interface LinePage {
  readonly lines: readonly Line[];
  /** Where the next line begins; absent at the end. */
  readonly next?: number | undefined;
}

/** What is read at once, and more than a line may have, bytes. */
const BLOCK = 64 * 1024;
/** Of a line that cannot be used, characters to show. */
const SHOWN = 80;

export class LineFile implements AsyncDisposable {
  readonly #handle: FileHandle;
  readonly #buffer = Buffer.allocUnsafeSlow(BLOCK);
  /** Reads share one buffer, so they take turns. */
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * `option` is the option that names the file, for the message. With `reach` it is looked at where what was opened
   * really is. Rejects with `configuration`, `outside-file-roots`.
   */
  static async open(path: string, option: string, reach?: FileReach): Promise<LineFile> {
    reach?.check({ at: ['options', option], path });
    try {
      const handle = await open(path, 'r');
      try {
        reach?.check({ at: ['options', option], path: openPlace(handle.fd) ?? path });
      } catch (thrown) {
        await handle.close();
        throw thrown;
      }
      return new LineFile(handle);
    } catch (thrown) {
      if (isFerryError(thrown, 'outside-file-roots')) throw thrown;
      const message = `\`${option}\`: ${path} cannot be read`;
      throw new FerryError('configuration', { message, cause: thrown });
    }
  }

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** At most `most` lines from `offset` on, which must be where a line begins. */
  read(offset: number, most: number): Promise<LinePage> {
    const page = this.#turn
      .then(() => this.#read(offset, most))
      .catch((thrown: unknown) => {
        throw toFerryError(thrown, 'configuration');
      });
    this.#turn = page.catch(() => undefined);
    return page;
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn;
    await this.#handle.close();
  }

  async #read(offset: number, most: number): Promise<LinePage> {
    await this.#mustBeLineStart(offset);
    const lines: Line[] = [];
    let at = offset;
    while (lines.length < most) {
      const block = await this.#block(at);
      if (block.byteLength === 0) return { lines };
      let from = 0;
      for (let end = block.indexOf(0x0a); end >= 0 && lines.length < most; end = block.indexOf(0x0a, from)) {
        push(lines, block.subarray(from, end), at + from);
        from = end + 1;
      }
      if (from === 0 && block.byteLength === BLOCK) {
        const text = `${block.toString('utf8', 0, SHOWN)}…`;
        lines.push({ offset: at, text, problem: `the line is longer than ${BLOCK} bytes` });
        at = await this.#afterLine(at + BLOCK);
      } else if (lines.length < most && block.byteLength < BLOCK) {
        push(lines, block.subarray(from), at + from);
        return { lines };
      } else at += from;
    }
    return { lines, next: at };
  }

  async #mustBeLineStart(offset: number): Promise<void> {
    if (offset === 0) return;
    const { bytesRead } = await this.#handle.read(this.#buffer, 0, 1, offset - 1);
    if (bytesRead === 1 && this.#buffer[0] === 0x0a) return;
    throw new FerryError('bad-listing', {
      message: 'the list was changed since this listing began',
      remedy: 'Delete the task and run it again with the list as it is now; what is there already is not copied again.',
    });
  }

  /** A full block, or what is left of the file. */
  async #block(at: number): Promise<Buffer> {
    let length = 0;
    while (length < BLOCK) {
      const { bytesRead } = await this.#handle.read(this.#buffer, length, BLOCK - length, at + length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return this.#buffer.subarray(0, length);
  }

  async #afterLine(at: number): Promise<number> {
    for (let from = at; ; from += BLOCK) {
      const block = await this.#block(from);
      const end = block.indexOf(0x0a);
      if (end >= 0) return from + end + 1;
      if (block.byteLength < BLOCK) return from + block.byteLength;
    }
  }
}

function push(lines: Line[], bytes: Buffer, offset: number): void {
  let text = bytes.toString('utf8');
  if (text.includes('\uFFFD') && !Buffer.from(text).equals(bytes)) {
    lines.push({ offset, text: text.slice(0, SHOWN), problem: 'the line is not UTF-8' });
    return;
  }
  if (offset === 0 && text.startsWith('\uFEFF')) text = text.slice(1);
  if (text.endsWith('\r')) text = text.slice(0, -1);
  if (text.trim() !== '') lines.push({ offset, text });
}
