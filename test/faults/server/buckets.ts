/** What the fault server holds: objects and unfinished uploads, in memory. Tests decide how much that is. */
import { createHash } from 'node:crypto';

export interface StoredObject {
  readonly body: Buffer;
  /** Without quotes. */
  readonly etag: string;
  readonly modified: number;
  /** Everything that travels with it: Content-Type and the like, `x-amz-meta-*`, lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tags: ReadonlyMap<string, string>;
  /** Sizes of the parts it was uploaded in; absent where it came whole. */
  readonly parts?: readonly number[] | undefined;
}

export interface Upload {
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly begun: number;
  /** Who began it. */
  readonly by: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly tags: ReadonlyMap<string, string>;
  readonly parts: Map<number, { readonly body: Buffer; readonly etag: string }>;
}

export class Bucket {
  readonly name: string;
  readonly uploads = new Map<string, Upload>();
  /** What it says when asked; no versions are kept. */
  versioning: 'Enabled' | 'Suspended' | undefined;
  readonly #objects = new Map<string, StoredObject>();
  readonly #onStored: (key: string, object: StoredObject) => void;
  #sorted: string[] | undefined;

  /** `onStored` is told of every object the moment it becomes visible. */
  constructor(name: string, onStored: (key: string, object: StoredObject) => void) {
    this.name = name;
    this.#onStored = onStored;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): StoredObject | undefined {
    return this.#objects.get(key);
  }

  put(key: string, object: StoredObject): void {
    if (!this.#objects.has(key)) this.#sorted = undefined;
    this.#objects.set(key, object);
    this.#onStored(key, object);
  }

  delete(key: string): void {
    if (this.#objects.delete(key)) this.#sorted = undefined;
  }

  /** In UTF-8 byte order. */
  keys(): readonly string[] {
    this.#sorted ??= [...this.#objects.keys()]
      .map((key) => [key, Buffer.from(key)] as const)
      .sort(([, a], [, b]) => Buffer.compare(a, b))
      .map(([key]) => key);
    return this.#sorted;
  }
}

export function md5Hex(data: Uint8Array): string {
  return createHash('md5').update(data).digest('hex');
}

/** The ETag S3 gives an object uploaded in parts with these ETags. */
export function multipartEtag(etags: readonly string[]): string {
  return `${md5Hex(Buffer.from(etags.join(''), 'hex'))}-${etags.length}`;
}
