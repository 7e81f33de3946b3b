/**
 * `ferry check`: tries everything a task needs, one thing after the other, and says what to do about what fails.
 *
 * At the destination it writes and removes one scratch key.
 */
import { randomUUID } from 'node:crypto';
import type { Capabilities } from '../model/capabilities.ts';
import { isFerryError, toFerryError, type FerryError } from '../model/errors.ts';
import type { Filters } from '../model/task.ts';
import { formatBytes, TiB } from '../model/units.ts';
import type { ListPage, Store } from '../store/store.ts';
import type { EngineContext } from './engine.ts';
import { sampleEtags } from './etags.ts';
import { fetchFallback } from './fetching.ts';
import { probeDestination, type Probed } from './probe.ts';
import type { CheckResult } from './progress.ts';

type Side = CheckResult['endpoint'];

/** Failures that are of the way to the store, not of a permission, and what they are called. */
const STAGES: readonly (readonly [name: string, codes: readonly FerryError['code'][]])[] = [
  ['name resolution', ['dns']],
  ['connection', ['network', 'timeout', 'proxy']],
  ['TLS', ['tls']],
  ['clock', ['clock-skew']],
  ['credentials', ['bad-credentials', 'expired-credentials', 'no-credentials']],
];

/** One result after the other; the last ones say what was measured. */
export async function* checkEndpoints(context: Omit<EngineContext, 'task'>): AsyncGenerator<CheckResult> {
  const { source, destination, spec, signal } = context;
  yield* checkSource(source, spec.filters, signal);
  yield* checkDestination(destination, spec.type === 'delete', signal);
  const fallback = fetchFallback(spec, source, destination);
  const fetching = new Step('destination', 'fetch');
  if (fallback) yield fetching.skipped(`${fallback.message}. ${fallback.remedy}`);
  else if (spec.type === 'fetch') yield fetching.ok('it can read from the source by itself');
}

/** What a task needs of a source. */
export async function* checkSource(
  store: Store,
  { prefix, keysFile }: Pick<Filters, 'prefix' | 'keysFile'>,
  signal: AbortSignal,
): AsyncGenerator<CheckResult> {
  const listing = new Step('source', 'list');
  let first: string | undefined;
  try {
    const page = await store.list({ limit: 100, ...(prefix === undefined ? {} : { prefix }) }, signal);
    yield* passed('source');
    yield* resembles('source', store, signal);
    first = page.entries.find((entry) => !entry.directory && entry.irregular === undefined && !entry.badName)?.key;
    yield listing.ok(foundText(page));
    if (store.capabilities.list?.order === 'utf8') yield listing.as('order').ok('keys come in UTF-8 byte order');
    else yield listing.as('order').ok('no order of its own: it will be listed to the end and sorted first');
  } catch (thrown) {
    yield* failed(listing, toFerryError(thrown));
    return;
  }
  const reading = new Step('source', 'read');
  if (first === undefined) {
    yield reading.skipped('no object to read');
    return;
  }
  try {
    const { meta, body } = await store.read(first, undefined, signal);
    body.cancel();
    yield reading.ok(`${JSON.stringify(first)}, ${formatBytes(meta.size)}`);
    if (keysFile === undefined) yield* checkEtags(store, prefix, signal);
  } catch (thrown) {
    yield* failed(reading, toFerryError(thrown));
  }
}

/** What stands for nothing but other keys, or is no object, is not counted. */
function foundText({ entries, next }: ListPage): string {
  const objects = entries.filter(({ directory, irregular }) => !directory && irregular === undefined).length;
  if (next !== undefined) return `${objects} or more objects`;
  return objects === 0 ? 'nothing there' : objects === 1 ? '1 object' : `${objects} objects`;
}

/** What a task needs of a destination. `onMeasured` is told what a scratch key showed. */
export async function* checkDestination(
  store: Store,
  removesOnly: boolean,
  signal: AbortSignal,
  onMeasured?: (measured: Probed['capabilities']) => void,
): AsyncGenerator<CheckResult> {
  const listing = new Step('destination', 'list');
  if (store.capabilities.list) {
    try {
      const page = await store.list({ limit: 1 }, signal);
      yield* passed('destination');
      yield* resembles('destination', store, signal);
      yield listing.ok(page.entries.length === 0 ? 'nothing there yet' : 'holds objects already');
    } catch (thrown) {
      yield* failed(listing, toFerryError(thrown));
      return;
    }
  }
  if (removesOnly) return;
  const key = `.ferry-check-${randomUUID()}`;
  const writing = new Step('destination', 'write');
  try {
    await store.write(key, Buffer.from('ferry check\n'), undefined, signal);
    yield writing.ok('a scratch key was written');
  } catch (thrown) {
    yield* failed(writing, toFerryError(thrown));
    return;
  }
  const removing = new Step('destination', 'remove');
  try {
    await store.remove(key, signal);
    yield removing.ok('and removed');
  } catch (thrown) {
    yield removing.failed(toFerryError(thrown));
  }
  const measuring = new Step('destination', 'measured');
  try {
    const { capabilities, surprises } = await probeDestination(store, signal);
    onMeasured?.(capabilities);
    const can = [
      capabilities.writeIfAbsent ? 'creates without replacing' : 'cannot create without replacing',
      capabilities.verifiesMd5 ? 'checks MD5 before storing' : 'does not check MD5',
      MEASURED_ETAGS[capabilities.etag],
      partsOf(store),
      store.capabilities.metadata.tags ? 'tags' : 'no tags',
      store.capabilities.metadata.userBytes > 0 ? 'user metadata' : 'no user metadata',
    ];
    yield measuring.ok([...can, ...surprises.map((surprise) => `(${surprise})`)].join('; '));
  } catch (thrown) {
    yield measuring.failed(toFerryError(thrown));
  }
}

const MEASURED_ETAGS: Readonly<Record<Capabilities['etag'], string>> = {
  md5: 'ETags are MD5s',
  sampled: 'ETags are MD5s of what was written whole',
  unknown: 'what ETags are is not known',
  opaque: 'ETags tell nothing of the bytes',
  none: 'no ETags',
};

/** Where nobody says what ETags are, a few objects do. */
async function* checkEtags(store: Store, prefix: string | undefined, signal: AbortSignal): AsyncGenerator<CheckResult> {
  if (store.capabilities.etag !== 'unknown') return;
  const step = new Step('source', 'etags');
  const { etag, agreed } = await sampleEtags(store, prefix, signal);
  if (etag === 'sampled') yield step.ok(`MD5s of the bytes, by ${agreed} objects that were read`);
  else if (etag === 'opaque') yield step.ok('no MD5s of the bytes; objects are compared by other means');
  else yield step.skipped('no small object to find out what they are');
}

/** A hint, and no more: whatever is wrong shows in the other steps. */
async function* resembles(endpoint: Side, store: Store, signal: AbortSignal): AsyncGenerator<CheckResult> {
  const step = new Step(endpoint, 'service');
  const found = await store.recognise?.(signal).catch(() => undefined);
  if (found) yield step.ok(`looks like ${found.title}; with \`${found.setting}\` Ferry would know its habits`);
}

function partsOf({ capabilities: { multipart } }: Store): string {
  if (!multipart) return 'no parts';
  return multipart.maxPart > TiB ? 'parts of any size' : `parts up to ${formatBytes(multipart.maxPart)}`;
}

/** The way to the store as a row of steps that all went well. */
function* passed(endpoint: Side): Generator<CheckResult> {
  yield new Step(endpoint, 'reach').ok('it answers and lets us in');
}

/** The step that failed on the way, or the permission that is missing. */
function* failed(step: Step, error: FerryError): Generator<CheckResult> {
  const stage = STAGES.find(([, codes]) => codes.includes(error.code));
  yield stage ? step.as(stage[0]).failed(error) : step.failed(error);
}

class Step {
  readonly #endpoint: Side;
  readonly #name: string;
  readonly #started: number;

  constructor(endpoint: Side, name: string, started = performance.now()) {
    this.#endpoint = endpoint;
    this.#name = name;
    this.#started = started;
  }

  as(name: string): Step {
    return new Step(this.#endpoint, name, this.#started);
  }

  ok(detail: string): CheckResult {
    return { ...this.#base(), ok: true, detail };
  }

  skipped(detail: string): CheckResult {
    return { ...this.#base(), ok: 'skipped', detail };
  }

  failed(error: FerryError): CheckResult {
    const where = isFerryError(error, 'internal') ? `${error.code}: ` : '';
    return { ...this.#base(), ok: false, detail: `${where}${error.message}`, error };
  }

  #base(): Pick<CheckResult, 'endpoint' | 'name' | 'milliseconds'> {
    return { endpoint: this.#endpoint, name: this.#name, milliseconds: Math.round(performance.now() - this.#started) };
  }
}
