/** What is believed of ETags nobody has said the meaning of, and what is not. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { checkEndpoints } from '../../../src/engine/check.ts';
import { judge, judgeContent } from '../../../src/engine/compare.ts';
import { override } from '../../../src/engine/override.ts';
import { planTask } from '../../../src/engine/plan.ts';
import { probeDestination } from '../../../src/engine/probe.ts';
import { runTask } from '../../../src/engine/run.ts';
import { verifyTask } from '../../../src/engine/verify.ts';
import { FerryError } from '../../../src/model/errors.ts';
import type { Capabilities } from '../../../src/model/capabilities.ts';
import type { TaskSpec } from '../../../src/model/task.ts';
import { MEMORY_CAPABILITIES } from '../../../src/stores/memory/store.ts';
import type { Multipart, Store } from '../../../src/store/store.ts';
import { assertSame, bench, contents, SPEC, type Bench, type ContextOptions } from './harness.ts';

const UNKNOWN = { etag: 'unknown' };
const OBJECTS = 20;
const never = new AbortController().signal;

async function run(b: Bench, spec: Partial<TaskSpec> = {}, options: ContextOptions = {}) {
  await using context = await b.context(spec, options);
  // Nothing an earlier pass knew decides.
  return await runTask({ ...context, baseline: undefined });
}

interface Verified {
  readonly outcome: string;
  readonly methods: ReadonlySet<string>;
  readonly differences: readonly string[];
}

async function verify(b: Bench, options: ContextOptions & { readonly recall?: boolean } = {}): Promise<Verified> {
  b.events.length = 0;
  const methods = new Set<string>();
  await using context = await b.context({}, options);
  const summary = await verifyTask({
    ...context,
    mode: 'checksum',
    repair: false,
    recall: options.recall ? (fact) => context.journal.getFact(fact) : undefined,
    evidence: { add: ({ method }) => void methods.add(method) },
  });
  const differences = b.events.flatMap((e) => (e.type === 'difference' ? [e.difference.key] : []));
  return { outcome: summary.outcome, methods, differences };
}

async function filled(sourceOptions: Record<string, unknown>, destinationOptions: Record<string, unknown>) {
  const b = await bench(sourceOptions, destinationOptions);
  for (let i = 0; i < OBJECTS; i++) await b.source.write(`k/${i}`, Buffer.from(`object ${i}`));
  return b;
}

/** Keys of objects whose bytes were read. */
function watched(keys: Set<string>): (store: Store) => Store {
  return (store) =>
    override(store, {
      read: (key, ...rest) => {
        keys.add(key);
        return store.read(key, ...rest);
      },
    });
}

/** ETags that look like MD5s and are none. */
function lookalike(store: Store): Store {
  const disguise = <T extends { readonly etag?: string | undefined }>(of: T): T =>
    of.etag === undefined ? of : { ...of, etag: createHash('md5').update(`not ${of.etag}`).digest('hex') };
  return override(store, {
    list: async (...given) => {
      const page = await store.list(...given);
      return { ...page, entries: page.entries.map(disguise) };
    },
    stat: async (...given) => {
      const meta = await store.stat(...given);
      return meta && disguise(meta);
    },
    read: async (key, options, signal) => {
      const { meta, body } = await store.read(key, { ...options, ifMatch: undefined }, signal);
      return { meta: disguise(meta), body };
    },
    write: async (...given) => disguise(await store.write(...given)),
  });
}

async function putParts(store: Store, key: string, bytes: Buffer): Promise<void> {
  const upload = { key, uploadId: await store.multipart!.begin(key) };
  const part = await store.multipart!.put(upload, 1, bytes);
  await store.multipart!.complete(upload, [{ number: 1, ...part }]);
}

test('a second run without a past, and a verification, decide from listings where ETags turn out to be MD5s', async () => {
  await using b = await filled(UNKNOWN, UNKNOWN);
  await putParts(b.source, 'in-parts', Buffer.from('parts'));
  assert.equal((await run(b)).counters.copied, OBJECTS + 1);
  await assertSame(b.source, b.destination);

  const keys = new Set<string>();
  const again = await run(b, {}, { source: watched(keys) });
  assert.deepEqual([again.counters.skipped, again.counters.copied], [OBJECTS + 1, 0]);
  assert.ok(keys.size <= 3, `${keys.size} objects were read`);

  keys.clear();
  const options = { source: watched(keys), destination: watched(keys), recall: true };
  const verified = await verify(b, options);
  assert.deepEqual(verified, { outcome: 'finished', methods: new Set(['etag']), differences: [] });
  assert.ok(keys.size <= 3, `${keys.size} objects were read`);
});

test('a plan sees what a run would skip', async () => {
  await using b = await filled(UNKNOWN, UNKNOWN);
  await run(b);
  await using context = await b.context();
  const plan = await planTask({ ...context, baseline: undefined });
  assert.deepEqual([plan.skip.objects, plan.overwrite.objects], [OBJECTS, 0]);
});

test('large objects keep ETags that a sample showed to be MD5s', async () => {
  await using b = await filled(UNKNOWN, UNKNOWN);
  const multipart = { ...SPEC.multipart, threshold: 1000 };
  await b.source.write('large', Buffer.alloc(5000, 'l'));
  const { losses } = await run(b, { multipart });
  assert.deepEqual(losses, {});
  await assertSame(b.source, b.destination);
});

test('where ETags only look like MD5s nothing is called equal or different by them', async () => {
  for (const sides of [['source'], ['destination'], ['source', 'destination']] as const) {
    await using b = await filled(UNKNOWN, UNKNOWN);
    const options = Object.fromEntries(sides.map((side) => [side, lookalike]));
    const summary = await run(b, {}, options);
    assert.deepEqual([summary.outcome, summary.counters.copied], ['finished', OBJECTS]);
    await assertSame(b.source, b.destination);
    const verified = await verify(b, { ...options, recall: true });
    assert.deepEqual(verified, { outcome: 'finished', methods: new Set(['md5-read']), differences: [] }, sides.join());
    await b.destination.write('k/7', Buffer.from('OBJECT 7'));
    assert.deepEqual((await verify(b, { ...options, recall: true })).differences, ['k/7']);
  }
});

test('a bucket that is said to give MD5s and does not is found out when it is written to', async () => {
  await using b = await filled({}, {});
  const summary = await run(b, {}, { destination: lookalike });
  assert.equal(summary.outcome, 'finished', summary.error?.message);
  assert.ok(b.events.some((event) => event.type === 'notice' && /ETags that are not the MD5/.test(event.message)));
  await assertSame(b.source, b.destination);
});

test('one side alone proves equality; difference takes the word of both', () => {
  const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
  const store = (etag: Capabilities['etag']): Capabilities => ({ ...MEMORY_CAPABILITIES, etag });
  const verdicts = (x: string, y: string, auto = false): Record<string, string> => {
    const table: Record<string, string> = {};
    for (const here of ['md5', 'sampled', 'unknown', 'opaque'] as const) {
      for (const there of ['md5', 'sampled', 'unknown', 'opaque'] as const) {
        const [a, b] = [
          { size: 1, etag: x, modified: 1 },
          { size: 1, etag: y, modified: 2 },
        ];
        const sides = { source: store(here), destination: store(there) };
        table[`${here} ${there}`] = auto
          ? judge({ method: 'auto', ...sides, baseline: 3 }, a, b)
          : judgeContent(sides.source, sides.destination, a, b);
      }
    }
    return table;
  };
  const those = (table: Record<string, string>, verdict: string): string[] =>
    Object.keys(table).filter((pair) => table[pair] === verdict);
  const equal = ['md5 md5', 'md5 sampled', 'md5 unknown', 'sampled md5', 'sampled sampled', 'sampled unknown', 'unknown md5', 'unknown sampled']; // prettier-ignore
  assert.deepEqual(those(verdicts(md5('a'), md5('a')), 'equal'), equal);
  assert.deepEqual(those(verdicts(md5('a'), md5('b')), 'different'), ['md5 md5']);
  assert.deepEqual(those(verdicts(md5('a'), md5('b')), 'equal'), []);
  // Of parts a sample tells nothing.
  const parts = `${md5('a')}-2`;
  assert.deepEqual(
    those(verdicts(parts, parts), 'equal'),
    equal.filter((pair) => pair.includes('md5')),
  );
  assert.deepEqual(those(verdicts(parts, `${md5('a')}-3`), 'different'), []);
  // An earlier pass vouches for what nothing tells; not against what a sample makes likely.
  const copied = ['md5 md5', 'md5 sampled', 'sampled md5', 'sampled sampled'];
  assert.deepEqual(those(verdicts(md5('a'), md5('b'), true), 'different'), copied);
});

test('uploads in parts are believed only after one was measured, or a run has measured it', async () => {
  await using b = await bench(UNKNOWN, UNKNOWN);
  for (const store of [b.source, b.destination]) await putParts(store, 'k', Buffer.from('parts'));
  assert.deepEqual((await verify(b)).methods, new Set(['md5-read']));
  assert.equal((await run(b)).counters.skipped, 1);
  assert.deepEqual((await verify(b)).methods, new Set(['md5-read']), 'nobody remembers');
  assert.deepEqual((await verify(b, { recall: true })).methods, new Set(['etag']));
});

test('a probe measures whole writes and parts, where nobody said what ETags are', async () => {
  const b = await bench({}, UNKNOWN);
  const etagOf = async (store: Store): Promise<string> => (await probeDestination(store, never)).capabilities.etag;
  const withParts = (replaced: Partial<Multipart>): Store => {
    const inner = b.destination.multipart!;
    return override(b.destination, {
      multipart: {
        begin: (...given) => inner.begin(...given),
        put: (...given) => inner.put(...given),
        complete: (...given) => inner.complete(...given),
        abort: (...given) => inner.abort(...given),
        ...replaced,
      },
    });
  };
  assert.equal(await etagOf(b.destination), 'md5');
  assert.equal(await etagOf(withParts({ complete: async () => ({ etag: 'other-1' }) })), 'sampled');
  const fails = withParts({ complete: () => Promise.reject(new FerryError('access-denied')) });
  assert.equal(await etagOf(fails), 'sampled');
  const whole = { ...b.destination.capabilities, multipart: undefined };
  assert.equal(await etagOf(override(b.destination, { capabilities: whole })), 'md5');
  assert.equal(await etagOf(lookalike(b.destination)), 'opaque');
  const opaque = { ...b.destination.capabilities, etag: 'opaque' } as const;
  assert.equal(await etagOf(override(b.destination, { capabilities: opaque })), 'opaque');
  assert.equal((await contents(b.destination)).size, 0);
  await b[Symbol.asyncDispose]();
});

test('an upload of a probe that was killed is aborted by the next run', async () => {
  await using b = await filled({}, UNKNOWN);
  const aborted: string[] = [];
  let completing = 0;
  const destination = (store: Store): Store => {
    const inner = store.multipart!;
    return override(store, {
      multipart: {
        begin: (...given) => inner.begin(...given),
        put: (...given) => inner.put(...given),
        abort: async (upload, signal) => {
          // As if nobody had been left to do it.
          if (completing === 1) throw new FerryError('interrupted');
          aborted.push(upload.uploadId);
          await inner.abort(upload, signal);
        },
        complete: async (...given) => {
          if (++completing === 1) throw new FerryError('interrupted');
          return await inner.complete(...given);
        },
      },
    });
  };
  await using context = await b.context({}, { destination });
  await probeDestination(context.destination, never, {
    key: 'scratch',
    record: { uploads: context.journal, now: context.now, retries: () => 0 },
  });
  await context.journal.setFact('scratch-key', 'scratch');
  const left = await context.journal.uploads();
  assert.equal(left.length, 1);
  completing = 2;
  assert.equal((await runTask(context)).outcome, 'finished');
  assert.deepEqual(aborted, [left[0]!.uploadId]);
  assert.deepEqual(await context.journal.uploads(), []);
});

test('objects that may not be read prove nothing, and do not stop the run', async () => {
  await using b = await filled(UNKNOWN, UNKNOWN);
  const archived = new Set(['k/0', 'k/1', 'k/2']);
  const source = (store: Store): Store =>
    override(store, {
      read: (key, ...rest) =>
        archived.has(key) ? Promise.reject(new FerryError('access-denied', { key })) : store.read(key, ...rest),
    });
  const summary = await run(b, {}, { source });
  assert.deepEqual([summary.outcome, summary.counters.failed], ['finished-with-failures', 3]);
});

test('check tells what ETags are', async () => {
  const told = async (options: ContextOptions): Promise<string> => {
    await using b = await filled(UNKNOWN, UNKNOWN);
    await using context = await b.context({}, options);
    const results = await Array.fromAsync(checkEndpoints(context));
    return results.map(({ endpoint, name, detail }) => `${endpoint} ${name}: ${detail}`).join('\n');
  };
  const good = await told({});
  assert.match(good, /source etags: MD5s of the bytes, by 3 objects that were read/);
  assert.match(good, /destination measured: .*ETags are MD5s/);
  const bad = await told({ source: lookalike, destination: lookalike });
  assert.match(bad, /source etags: no MD5s of the bytes; /);
  assert.match(bad, /destination measured: .*ETags tell nothing of the bytes/);
});

test('objects encrypted with keys of their own arrive and are verified, though listings show their ETags', async () => {
  await using b = await filled({}, {});
  const opaque = createHash('md5').update('a secret key').digest('hex');
  const source = (store: Store): Store =>
    override(store, {
      list: async (request, signal) => {
        const page = await store.list(request, signal);
        return { ...page, entries: page.entries.map((entry) => ({ ...entry, etag: opaque })) };
      },
      stat: async (key, signal) => {
        const meta = await store.stat(key, signal);
        return meta && { ...meta, etag: opaque, etagOpaque: true };
      },
      read: async (key, options, signal) => {
        const { meta, body } = await store.read(key, { ...options, ifMatch: undefined }, signal);
        return { meta: { ...meta, etag: opaque, etagOpaque: true }, body };
      },
    });
  const { outcome, counters } = await run(b, {}, { source });
  assert.deepEqual([outcome, counters.copied], ['finished', OBJECTS]);
  const { differences, methods, ...verified } = await verify(b, { source });
  assert.deepEqual([verified.outcome, differences, [...methods]], ['finished', [], ['md5-read']]);
  await b.destination.write('k/3', Buffer.from('OBJECT 3'));
  assert.deepEqual((await verify(b, { source })).differences, ['k/3']);
});
