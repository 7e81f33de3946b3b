/** A symbolic link that is kept holds where it leads, and no bytes: that is what has to arrive and is verified. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runTask } from '../../../src/engine/run.ts';
import { verifyTask, type VerifyMode } from '../../../src/engine/verify.ts';
import type { TaskSpec } from '../../../src/model/task.ts';
import type { Store } from '../../../src/store/store.ts';
import { bench, SPEC, type Bench } from './harness.ts';

const link = (store: Store, to: string): Promise<unknown> =>
  store.write('link', new Uint8Array(), { meta: { posix: { mode: 0o120_777, link: to } } });

async function run(b: Bench, spec: Partial<TaskSpec>) {
  await using context = await b.context(spec);
  return await runTask({ ...context, baseline: undefined });
}

async function verify(b: Bench, mode: VerifyMode, repair = false) {
  await using context = await b.context();
  const evidence = { add: () => undefined };
  return (await verifyTask({ ...context, mode, repair, evidence })).outcome;
}

for (const etag of ['md5', 'opaque']) {
  test(`a link that leads elsewhere differs, and is repaired (ETags: ${etag})`, async () => {
    await using b = await bench({ etag }, { etag: 'opaque' });
    await link(b.source, 'here');
    await link(b.destination, 'there');
    for (const mode of ['checksum', 'full'] as const) assert.equal(await verify(b, mode), 'differences', mode);
    assert.deepEqual(
      b.events.flatMap((e) => (e.type === 'difference' ? [e.difference.source] : [])),
      ['link: here', 'link: here'],
    );
    assert.equal(await verify(b, 'checksum', true), 'finished');
    assert.equal((await b.destination.stat('link'))?.posix?.link, 'here');
    for (const mode of ['checksum', 'full'] as const) assert.equal(await verify(b, mode), 'finished', mode);
  });
}

test('a link that leads elsewhere is copied where checksums are compared', async () => {
  await using b = await bench({ etag: 'opaque' }, { etag: 'opaque' });
  await link(b.source, 'here');
  await link(b.destination, 'there');
  assert.equal((await run(b, { compare: 'checksum' })).counters.copied, 1);
  assert.equal((await b.destination.stat('link'))?.posix?.link, 'here');
  assert.equal((await run(b, { compare: 'checksum' })).counters.copied, 0);
});

test('a link stays one where metadata are dropped', async () => {
  await using b = await bench();
  await link(b.source, 'here');
  await run(b, { fidelity: { ...SPEC.fidelity, metadata: 'drop' } });
  assert.deepEqual((await b.destination.stat('link'))?.posix, { link: 'here' });
});
