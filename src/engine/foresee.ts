/** What can be told from a listing alone about how an object will fare at the destination. */
import type { ObjectEntry } from '../model/object.ts';
import { keyBytes } from '../model/key.ts';
import { contentEtag } from './compare.ts';
import { etagParts } from '../wire/multipart.ts';
import type { EngineContext } from './engine.ts';
import type { Foreseen } from './progress.ts';

const EXAMPLES = 5;

type Entry = { what: string; reason: string; objects: number; examples: string[] };

/** What was foreseen, by kind and reason. Memory: a few keys for each pair. */
export class ForesightBook {
  readonly #entries = new Map<string, Entry>();

  add(what: string, reason: string, key: string): void {
    const id = `${what}\n${reason}`;
    const entry = this.#entries.get(id) ?? { what, reason, objects: 0, examples: [] };
    this.#entries.set(id, entry);
    entry.objects++;
    if (entry.examples.length < EXAMPLES) entry.examples.push(key);
  }

  sampled(what: string, reason: string, keys: readonly string[]): void {
    for (const key of keys) this.add(what, reason, key);
  }

  entries(): readonly Foreseen[] {
    return [...this.#entries.values()].sort((a, b) => b.objects - a.objects);
  }
}

export function foreseeLoss(book: ForesightBook, entry: ObjectEntry, context: EngineContext): void {
  const { source, destination, spec } = context;
  const { keys, maxWrite, multipart, etag: etags } = destination.capabilities;
  const { key, size } = entry;
  const refused = keys.refuse?.(key);
  if (refused !== undefined) book.add('names', refused, key);
  else if (keyBytes(key) > keys.maxBytes) book.add('names', `longer than ${keys.maxBytes} bytes`, key);
  const largest = multipart ? multipart.maxObject : maxWrite;
  if (size !== undefined && size > largest)
    book.add('size', `larger than ${largest} bytes, the destination's limit`, key);
  if (entry.directory && keys.directories === 'none')
    book.add('directories', 'the destination keeps no empty directories', key);
  const etag = contentEtag(source.capabilities, entry);
  if (etag === undefined) return;
  if (etags !== 'md5') book.add('etag', 'ETags of the destination are no checksums', key);
  else if (!spec.multipart.keepEtag && (etagParts(etag) !== undefined || (size ?? 0) > spec.multipart.threshold)) {
    book.add('etag', 'keep_etag is off, so parts are laid out anew', key);
  } else if (etagParts(etag) === undefined && (size ?? 0) > maxWrite) {
    book.add('etag', 'too large for one write at the destination', key);
  }
}
