// One object that cannot be read costs the others nothing: the next run to a tree, which tells no checksums, copies only it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startFaultServer } from '../faults/fault-server.ts';
import { BUCKET } from '../faults/harness.ts';
import { bucketOf, contents, fill } from './endpoints.ts';
import { Ferry } from './ferry.ts';

test('after a run with one failure the next copies that object alone, also where it was killed', async () => {
  const objects = contents(200, 0);
  const [bad, worse] = [...objects.keys()].toSorted().filter((_, i) => i === 20 || i === 150);
  await using source = await startFaultServer({ buckets: [BUCKET] });
  fill(source, objects);
  using ferry = new Ferry();
  const to = join(ferry.dir, 'to');
  const task = ferry.task({ type: 'copy', source: bucketOf(source), destination: { type: 'file', path: to } });
  const refuse = (...keys: (string | undefined)[]): void =>
    source.setRules(
      keys.map((key) => ({ op: 'GetObject', key: key!, fault: { do: 'refuse', status: 403, code: 'AccessDenied' } })),
    );
  const done = async (code: number, ...more: string[]): Promise<number[]> => {
    const { counters } = await ferry.summary(code, 'run', 'one', ...more);
    return [counters.copied, counters.skipped, counters.failed];
  };
  const failed = async (): Promise<unknown[]> => (await ferry.json(0, 'failures', 'one')).map(({ key }) => key);
  const toCopy = async (): Promise<unknown> => {
    const plan = (await ferry.json(0, 'plan', 'one')).find(({ type }) => type === 'plan');
    assert.ok(plan);
    return (plan['copy'] as { objects: number }).objects;
  };

  refuse(bad, worse);
  assert.deepEqual(await done(3, '-t', task), [198, 0, 2]);
  assert.deepEqual(await failed(), [bad, worse]);
  assert.equal(await toCopy(), 2);

  refuse(worse);
  assert.deepEqual(await done(3), [1, 198, 1]);
  assert.deepEqual(await failed(), [worse]);

  source.setRules([{ op: 'GetObject', key: worse!, fault: { do: 'stall', after: 'nothing' } }]);
  const asked = new Promise<void>((resolve) => {
    source.onRequest = ({ operation, key }) => {
      if (operation === 'GetObject' && key === worse) resolve();
    };
  });
  const stalled = ferry.start('run', 'one');
  await Promise.race([asked, stalled.exit]);
  stalled.child.kill('SIGKILL');
  await stalled.exit;
  source.setRules([]);
  assert.deepEqual(await failed(), [], 'nothing failed in this pass');
  assert.equal(await toCopy(), 1);
  assert.deepEqual(await done(0), [1, 199, 0]);
  assert.deepEqual(await done(0), [0, 200, 0]);
  for (const [key, body] of objects) assert.ok(readFileSync(join(to, key)).equals(body), key);
});
