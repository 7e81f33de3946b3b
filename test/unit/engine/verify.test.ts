import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Evidence } from '../../../src/engine/evidence.ts';
import type { RunSummary } from '../../../src/engine/progress.ts';
import { override } from '../../../src/engine/override.ts';
import { verifyTask, type VerifyMode } from '../../../src/engine/verify.ts';
import type { Store } from '../../../src/store/store.ts';
import type { TaskSpec } from '../../../src/model/task.ts';
import { checkEndpoints } from '../../../src/engine/check.ts';
import { assertSame, bench, contents, type Bench } from './harness.ts';

async function verify(
  b: Bench,
  mode: VerifyMode,
  repair = false,
): Promise<{ summary: RunSummary; evidence: Evidence[] }> {
  const evidence: Evidence[] = [];
  await using context = await b.context();
  const summary = await verifyTask({ ...context, mode, repair, evidence: { add: (e) => void evidence.push(e) } });
  return { summary, evidence };
}

async function bothSides(b: Bench): Promise<void> {
  for (let i = 0; i < 40; i++) {
    const bytes = Buffer.from(`object ${i}`);
    await b.source.write(`k/${i}`, bytes);
    await b.destination.write(`k/${i}`, bytes);
  }
}

test('equal sides are equal by whatever method, and each object says by which', async () => {
  await using b = await bench();
  await bothSides(b);
  for (const [mode, method] of [
    ['size', 'size'],
    ['checksum', 'etag'],
    ['full', 'full-read'],
  ] as const) {
    const { summary, evidence } = await verify(b, mode);
    assert.equal(summary.outcome, 'finished');
    assert.equal(evidence.length, 40);
    assert.ok(evidence.every((e) => e.result === 'equal' && e.method === method));
  }
});

test('missing, extra, shorter and altered objects are found, and repaired where asked', async () => {
  await using b = await bench();
  await bothSides(b);
  await b.destination.remove('k/1');
  await b.destination.write('k/extra', Buffer.from('x'));
  await b.destination.write('k/2', Buffer.from('short'));
  await b.destination.write('k/3', Buffer.from('OBJECT 3'));
  const kinds = async (mode: VerifyMode, repair = false) => {
    b.events.length = 0;
    const { summary } = await verify(b, mode, repair);
    const found = b.events.flatMap((e) =>
      e.type === 'difference' ? [`${e.difference.key} ${e.difference.kind}`] : [],
    );
    return { outcome: summary.outcome, found: found.sort() };
  };
  const all = ['k/1 missing', 'k/2 size', 'k/3 checksum', 'k/extra extra'];
  assert.deepEqual(await kinds('checksum'), { outcome: 'differences', found: all });
  assert.deepEqual(await kinds('full'), { outcome: 'differences', found: all });
  assert.deepEqual(
    (await kinds('size')).found,
    all.filter((line) => !line.includes('checksum')),
  );
  assert.equal((await kinds('checksum', true)).outcome, 'differences', 'what only the destination has is left alone');
  await b.destination.remove('k/extra');
  assert.equal((await kinds('full')).outcome, 'finished');
  await assertSame(b.source, b.destination);
});

test('sides whose ETags cannot be compared are read', async () => {
  await using b = await bench({ etag: 'opaque' });
  await bothSides(b);
  await b.destination.write('k/3', Buffer.from('OBJECT 3'));
  const { summary, evidence } = await verify(b, 'checksum');
  assert.equal(summary.outcome, 'differences');
  assert.equal(evidence.filter((e) => e.result === 'equal' && e.method === 'md5-read').length, 39);
  assert.equal(evidence.find((e) => e.result === 'different')?.key, 'k/3');
});

test('check passes on stores that work and leaves nothing behind', async () => {
  await using b = await bench();
  await b.source.write('a', Buffer.from('x'));
  await using context = await b.context();
  const results = await Array.fromAsync(checkEndpoints(context));
  assert.ok(
    results.every(({ ok }) => ok === true),
    JSON.stringify(results),
  );
  assert.equal((await contents(b.destination)).size, 0);
});

async function repairAndRemove(b: Bench, spec: Partial<TaskSpec> = {}): Promise<RunSummary> {
  await using context = await b.context({ deleteExtraneous: true, ...spec });
  return await verifyTask({ ...context, mode: 'checksum', repair: true, evidence: { add: () => undefined } });
}

test('repair removes nothing where the source looks broken, and tells what is extra', async () => {
  await using b = await bench();
  for (let i = 0; i < 5; i++) await b.destination.write(`k${i}`, Buffer.from('x'));
  const summary = await repairAndRemove(b);
  assert.deepEqual([summary.outcome, summary.error?.code, summary.counters.deleted], ['failed', 'guard', 0]);
  assert.equal((await contents(b.destination)).size, 5);
  assert.equal(b.events.filter((e) => e.type === 'difference' && !e.difference.repaired).length, 5);
  assert.equal((await repairAndRemove(b, { deleteGuard: false })).outcome, 'finished');
  assert.equal((await contents(b.destination)).size, 0);
});

test('repair copies and removes in one go, and what filters leave out stays', async () => {
  await using b = await bench();
  await bothSides(b);
  await b.destination.remove('k/7');
  for (const key of ['extra', 'mine/a']) await b.destination.write(key, Buffer.from('x'));
  const summary = await repairAndRemove(b, { filters: { include: [], exclude: ['mine/**'] } });
  assert.deepEqual([summary.outcome, summary.counters.copied, summary.counters.deleted], ['finished', 1, 1]);
  await b.destination.remove('mine/a');
  await assertSame(b.source, b.destination);
});

test('objects of an origin that tells no sizes are compared by their bytes', async () => {
  await using b = await bench({ etag: 'opaque' });
  for (const store of [b.source, b.destination]) {
    for (const key of ['k1', 'k2']) await store.write(key, Buffer.from(key));
  }
  const source = (store: Store): Store =>
    override(store, {
      list: async (request, signal) => {
        const page = await store.list(request, signal);
        return { ...page, entries: page.entries.map(({ key }) => ({ key })) };
      },
      stat: async (key, signal) => {
        const meta = await store.stat(key, signal);
        return meta && { ...meta, size: -1, etag: undefined };
      },
    });
  for (const changed of [false, true]) {
    if (changed) await b.destination.write('k2', Buffer.from('K2'));
    for (const mode of ['size', 'checksum', 'full'] as const) {
      b.events.length = 0;
      await using context = await b.context({}, { source });
      const { outcome } = await verifyTask({ ...context, mode, repair: false, evidence: { add: () => undefined } });
      assert.equal(outcome, changed ? 'differences' : 'finished', mode);
      assert.deepEqual(
        b.events.flatMap((e) => (e.type === 'difference' ? [e.difference.key] : [])),
        changed ? ['k2'] : [],
      );
    }
  }
});

test('a name of a list that leads nowhere at the source is a difference, whatever the destination has', async () => {
  await using b = await bench();
  await bothSides(b);
  await b.destination.write('only-there', Buffer.from('x'));
  for (const mode of ['size', 'checksum', 'full'] as const) {
    b.events.length = 0;
    await using context = await b.context();
    const keysFile = join(context.tmpdir(), 'keys');
    await writeFile(keysFile, 'k/1\nonly-there\nnowhere\n');
    const spec = { ...context.spec, filters: { ...context.spec.filters, keysFile } };
    const evidence: Evidence[] = [];
    const add = (e: Evidence): void => void evidence.push(e);
    const summary = await verifyTask({ ...context, spec, mode, repair: false, evidence: { add } });
    assert.deepEqual([summary.outcome, summary.counters.skipped], ['differences', 1], mode);
    const told = b.events.flatMap((e) => (e.type === 'difference' ? [`${e.difference.key} ${e.difference.kind}`] : []));
    assert.deepEqual(told.toSorted(), ['nowhere missing', 'only-there unreadable'], mode);
    assert.equal(evidence.find(({ key }) => key === 'only-there')?.result, 'unreadable', mode);
  }
});
