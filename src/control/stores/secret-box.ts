/**
 * Secrets that have to be kept are sealed: AES-256-GCM under a key that stands in a file of its own, or in the
 * environment, so that a copy of the database alone gives none of them away.
 *
 * Each is bound to the place it is of (associated data): moved to another name it opens no more. A sealed text begins
 * with a mark of its key, so that a wrong key is told from a damaged text.
 */
import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { FerryError } from '../../model/errors.ts';

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const SEALED = /^v1\.([\w-]{8})\.([\w-]+)$/;

export interface SecretBoxOptions {
  /** `$FERRY_HOME/secret.key`: made, for its owner only, by `ready`. */
  readonly file: string;
  /** `FERRY_SECRET_KEY`: in place of the file; 32 bytes as base64 or hexadecimal. */
  readonly fromEnvironment: string | undefined;
}

export class SecretBox {
  readonly #options: SecretBoxOptions;
  #key: Buffer | undefined;

  constructor(options: SecretBoxOptions) {
    this.#options = options;
  }

  /**
   * Makes the key where there is none and nothing was sealed with one before. Rejects with `configuration` where there
   * was, or the key is none; `disk-full`, `permission`.
   */
  async ready(isAnythingSealed: () => Promise<boolean>): Promise<void> {
    if (this.#find() !== undefined) return;
    if (await isAnythingSealed()) throw this.#missing();
    this.#make();
  }

  /** Seals a text for the place `of`. Throws `configuration` where there is no key, or one that is none. */
  seal(of: string, text: string): string {
    const key = this.#find();
    if (key === undefined) throw this.#missing();
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(of, 'utf8'));
    const sealed = Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return `v1.${markOf(key)}.${sealed.toString('base64url')}`;
  }

  /** The text again. Throws `configuration` where the key is missing or another one, or the text was not sealed for `of`. */
  open(of: string, sealed: string): string {
    const key = this.#find();
    if (key === undefined) throw this.#missing();
    const [, mark, rest] = SEALED.exec(sealed) ?? [];
    if (mark !== undefined && mark !== markOf(key))
      throw this.#wrong(`${of} was sealed with another key than ${this.#place}`);
    try {
      const bytes = Buffer.from(rest ?? '', 'base64url');
      const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
        .setAAD(Buffer.from(of, 'utf8'))
        .setAuthTag(bytes.subarray(-TAG_BYTES));
      return decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
    } catch {
      throw this.#wrong(`${of} cannot be opened: it was damaged, or sealed for something else`);
    }
  }

  get #place(): string {
    return this.#options.fromEnvironment === undefined ? this.#options.file : 'FERRY_SECRET_KEY';
  }

  #find(): Buffer | undefined {
    if (this.#key !== undefined) return this.#key;
    const { file, fromEnvironment } = this.#options;
    const text = fromEnvironment ?? readIfThere(file);
    if (text === undefined) return undefined;
    const trimmed = text.trim();
    const key = Buffer.from(trimmed, /^[0-9a-f]{64}$/i.test(trimmed) ? 'hex' : 'base64');
    if (key.length !== KEY_BYTES)
      throw new FerryError('configuration', {
        message: `${this.#place} holds no key of 32 bytes, as base64 or hexadecimal`,
        remedy: 'Put back the key the secrets were sealed with; without it, give the secrets anew.',
      });
    return (this.#key = key);
  }

  /** Another process may do it at the same moment: the first one's counts. */
  #make(): Buffer {
    const { file } = this.#options;
    const temporary = `${file}.${process.pid}.tmp`;
    try {
      const handle = openSync(temporary, 'w', 0o600);
      try {
        writeSync(handle, `${randomBytes(KEY_BYTES).toString('base64')}\n`);
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      linkSync(temporary, file);
      syncDirectory(path.dirname(file));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      if (code !== 'EEXIST')
        throw new FerryError(code === 'ENOSPC' ? 'disk-full' : 'permission', {
          message: `the key file ${file} cannot be made (${code})`,
          cause: error,
        });
    } finally {
      rmSync(temporary, { force: true });
    }
    return this.#find()!;
  }

  #missing(): FerryError {
    return new FerryError('configuration', {
      message: `there are sealed secrets, and their key is missing: ${this.#options.file} is not there, and FERRY_SECRET_KEY is not set`,
      remedy:
        'Put the key file back, or set FERRY_SECRET_KEY. Where the key is lost for good, write 32 random bytes there as base64, and give every secret of stores, tasks, users and event sources anew.',
    });
  }

  #wrong(message: string): FerryError {
    return new FerryError('configuration', {
      message,
      remedy: 'Put back the key it was sealed with, or give the secret anew.',
    });
  }
}

function markOf(key: Buffer): string {
  return hash('sha256', key, 'base64url').slice(0, 8);
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new FerryError('permission', { message: `the key file ${file} cannot be read`, cause: error });
  }
}

function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
