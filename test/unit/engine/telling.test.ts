// What a run tells of itself while it goes on, and when it was stopped.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Evidence } from '../../../src/engine/evidence.ts';
import { verifyTask } from '../../../src/engine/verify.ts';
import { override } from '../../../src/engine/override.ts';
import type { Progress, RunEvent } from '../../../src/engine/progress.ts';
import { retryFailures, runTask } from '../../../src/engine/run.ts';
import { FerryError } from '../../../src/model/errors.ts';
import { compose } from '../../../src/store/compose.ts';
import type { Store } from '../../../src/store/store.ts';
import { bench } from './harness.ts';

/** Sleeps between attempts for a minute, as far as a test is concerned: for ever. */
const PATIENT = { retry: { base: 60_000, cap: 60_000, random: () => 1 } };

test('while it waits because a store fails, it tells why and how long, from its first request on', async () => {
  await using b = await bench();
  await b.source.write('a', Buffer.from('a'));
  await using context = await b.context();
  const stop = new AbortController();
  const told = Promise.withResolvers<Progress>();
  const refused = new FerryError('network', { message: 'Cannot connect to far.example:443: refused' });
  const away = override(b.destination, { write: () => Promise.reject(refused) });
  const emit = (event: RunEvent): void => {
    if (event.type !== 'progress' || event.progress.throttledBy.every(({ what }) => what !== 'retrying')) return;
    told.resolve(event.progress);
    stop.abort();
  };
  const running = runTask({ ...context, destination: compose(away, PATIENT), signal: stop.signal, emit });
  const { phase, throttledBy } = await told.promise;
  assert.equal(phase, 'preparing', 'the probe is what waits');
  const waiting = throttledBy.find(({ what }) => what === 'retrying');
  assert.partialDeepStrictEqual(waiting, { waiting: 1, cause: refused.message });
  assert.ok(waiting?.what === 'retrying' && waiting.next > 50_000 && waiting.next <= 60_000);
  assert.equal((await running).outcome, 'interrupted');
});

test('the numbers of an interrupted run are those that were saved', async () => {
  await using b = await bench();
  for (let i = 0; i < 50; i++) await b.source.write(`k${String(i).padStart(2, '0')}`, Buffer.from('x'));
  const stop = new AbortController();
  let passed = 0;
  // The tenth object takes for ever: what was copied behind it is done again, and so not counted.
  const destination = (store: Store): Store =>
    override(store, {
      async write(key, body, options, signal) {
        if (key === 'k09') return await new Promise((_, reject) => signal?.addEventListener('abort', reject));
        const result = await store.write(key, body, options, signal);
        if (key.startsWith('k') && ++passed === 40) stop.abort();
        return result;
      },
    });
  await using context = await b.context({ limits: { bandwidth: [], concurrency: 4 } }, { signal: stop.signal, destination }); // prettier-ignore
  const summary = await runTask(context);
  assert.equal(summary.outcome, 'interrupted');
  assert.equal(context.journal.task.counters.copied, 9);
  assert.deepEqual({ ...summary.counters }, context.journal.task.counters);
});

test('another try for failures does not pretend to list', async () => {
  await using b = await bench();
  await b.source.write('a', Buffer.from('a'));
  const refuse = (store: Store): Store =>
    override(store, {
      write: (key, body, options, signal) =>
        key === 'a' ? Promise.reject(new FerryError('access-denied')) : store.write(key, body, options, signal),
    });
  {
    await using context = await b.context({}, { destination: refuse });
    assert.equal((await runTask(context)).outcome, 'finished-with-failures');
  }
  b.events.length = 0;
  await using context = await b.context();
  assert.equal((await retryFailures(context)).outcome, 'finished');
  const last = b.events.findLast((event) => event.type === 'progress');
  assert.partialDeepStrictEqual(last, { progress: { phase: 'retrying', listingDone: true } });
});

test('each thing that is no regular file is named, by run, verify and delete', async () => {
  await using b = await bench();
  await b.source.write('k', Buffer.from('k'));
  const source = (store: Store): Store =>
    override(store, {
      list: async (request, signal) => {
        const page = await store.list(request, signal);
        const odd = ['pipe', 'socket'].map((key) => ({ key, irregular: `it is a ${key}` }));
        return { ...page, entries: [...page.entries, ...odd] };
      },
    });
  const evidence: Evidence[] = [];
  const sink = { add: (each: Evidence): void => void evidence.push(each) };
  for (const how of ['run', 'verify', 'delete'] as const) {
    b.events.length = 0;
    evidence.length = 0;
    await using context = await b.context({ type: how === 'delete' ? 'delete' : 'copy' }, { source });
    const summary =
      how === 'verify'
        ? await verifyTask({ ...context, mode: 'checksum', repair: false, evidence: sink })
        : await runTask(context, sink);
    assert.deepEqual([summary.outcome, summary.counters.irregular], ['finished', 2], how);
    const named = b.events.flatMap((event) => (event.type === 'irregular' ? [`${event.key}: ${event.reason}`] : []));
    assert.deepEqual(named, ['pipe: it is a pipe', 'socket: it is a socket'], how);
    const kept = evidence.filter(({ result }) => result === 'unverified').map(({ key }) => key);
    assert.deepEqual(kept, how === 'delete' ? [] : ['pipe', 'socket'], how);
  }
});
