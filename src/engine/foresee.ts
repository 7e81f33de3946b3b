/** How objects will fare at the destination, as far as listings and a sample of metadata tell. */
import { FerryError, toFerryError } from '../model/errors.ts';
import type { ObjectEntry, ObjectMeta } from '../model/object.ts';
import { keyBytes } from '../model/key.ts';
import type { Store } from '../store/store.ts';
import { contentEtag } from './compare.ts';
import { etagParts } from '../wire/multipart.ts';
import type { EngineContext } from './engine.ts';
import { stopsTheRun } from './failures.ts';
import { outfit } from './move/metadata.ts';
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

/** Why the destination will refuse an object; undefined where nothing is known against it. */
export function foreseeFailure(
  { key, size, directory }: ObjectEntry,
  { destination }: Pick<EngineContext, 'destination'>,
): { readonly what: string; readonly reason: string } | undefined {
  const { keys, maxWrite, multipart } = destination.capabilities;
  const refused = keys.refuse?.(key);
  if (refused !== undefined) return { what: 'names', reason: refused };
  if (keyBytes(key) > keys.maxBytes) return { what: 'names', reason: `longer than ${keys.maxBytes} bytes` };
  const largest = multipart ? multipart.maxObject : maxWrite;
  if (size !== undefined && size > largest)
    return { what: 'size', reason: `larger than ${largest} bytes, the destination's limit` };
  if (keys.directories === 'directories' && key.endsWith('/') && !directory && (size ?? 0) > 0)
    return { what: 'names', reason: 'ends in `/` and has bytes; at the destination it would be a directory' };
  return undefined;
}

export function foreseeLoss(
  book: ForesightBook,
  entry: ObjectEntry,
  { source, destination, spec }: Pick<EngineContext, 'source' | 'destination' | 'spec'>,
): void {
  const { keys, maxWrite, etag: etags } = destination.capabilities;
  const { key, size } = entry;
  if (entry.directory && keys.directories === 'none')
    book.add('directories', 'the destination keeps no empty directories', key);
  const etag = contentEtag(source.capabilities, entry, 'sampled');
  // What is `unknown` before a run may keep them all.
  if (etag === undefined || etags === 'unknown') return;
  if (etags !== 'md5' && etags !== 'sampled') book.add('etag', 'ETags of the destination are no checksums', key);
  else if (!spec.multipart.keepEtag && (etagParts(etag) !== undefined || (size ?? 0) > spec.multipart.threshold)) {
    book.add('etag', 'keep_etag is off, so parts are laid out anew', key);
  } else if (etagParts(etag) === undefined && (size ?? 0) > maxWrite) {
    book.add('etag', 'too large for one write at the destination', key);
  }
}

/** Asks the source about a sample, and tells what of it the destination cannot keep; `on_loss: fail` makes it fail. */
export async function lookAtMetadata(
  { source, destination, spec, signal }: Pick<EngineContext, 'source' | 'destination' | 'spec' | 'signal'>,
  entries: readonly ObjectEntry[],
  books: { readonly losses: ForesightBook; readonly failures: ForesightBook },
): Promise<void> {
  const report = { ...spec.fidelity, onLoss: 'report' as const };
  let looked = 0;
  const found = new Map<string, string[]>();
  const note = (kind: string, key: string): void => void found.set(kind, [...(found.get(kind) ?? []), key]);
  const look = async ({ key }: ObjectEntry): Promise<void> => {
    const meta = await statOrError(source, key, signal);
    if (meta === undefined) return;
    if (meta instanceof FerryError) return books.failures.add('reading', `${meta.message} [${meta.code}]`, key);
    looked++;
    const tags = meta.tagCount ? { tag: '' } : undefined;
    for (const kind of outfit(meta, tags, report, destination.capabilities).losses) note(kind, key);
  };
  for (let i = 0; i < entries.length; i += 16) await Promise.all(entries.slice(i, i + 16).map(look));
  const book = spec.fidelity.onLoss === 'fail' ? books.failures : books.losses;
  for (const [kind, keys] of found) {
    book.sampled(kind.replace('-', ' '), `of ${looked} objects looked at; the destination cannot keep it`, keys);
  }
}

/** What the source tells of a key, or why it does not; rejects where it would not tell of any other either. */
export async function statOrError(
  source: Store,
  key: string,
  signal: AbortSignal,
): Promise<ObjectMeta | FerryError | undefined> {
  try {
    return await source.stat(key, signal);
  } catch (thrown) {
    const error = toFerryError(thrown);
    if (signal.aborted || stopsTheRun(error)) throw thrown;
    return error;
  }
}
