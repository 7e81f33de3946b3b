// What else ends a run before its time: a polite signal, a second process.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFaultServer, type FaultServer } from '../faults/fault-server.ts';
import { BUCKET } from '../faults/harness.ts';
import { assertHolds, contents, expectOnly, fill, bucketOf } from './endpoints.ts';
import { Ferry } from './ferry.ts';

async function serverWith(objects: ReadonlyMap<string, Buffer>): Promise<FaultServer> {
  const server = await startFaultServer({ buckets: [BUCKET] });
  fill(server, objects);
  return server;
}

/** Resolves when so many more requests have come. */
function requests(server: FaultServer, count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    server.onRequest = () => {
      if (--left === 0) resolve();
    };
  });
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} saves the state and exits 130; the same command goes on`, async () => {
    const objects = contents(1500, 2);
    await using source = await serverWith(objects);
    await using destination = await startFaultServer({ buckets: [BUCKET] });
    expectOnly(destination, objects);
    using ferry = new Ferry();
    const task = ferry.task({ type: 'copy', source: bucketOf(source), destination: bucketOf(destination) });
    const { child, exit } = ferry.start('run', 'move', '-t', task);
    await requests(destination, 300);
    child.kill(signal);
    const { code, output } = await exit;
    assert.equal(code, 130, output);
    assert.match((await ferry.run('status', 'move')).output, /interrupted/);
    const copied = destination.bucket(BUCKET).size;
    const before = destination.count('PutObject');
    const resumed = await ferry.run('run', 'move', '-t', task);
    assert.equal(resumed.code, 0, resumed.output);
    assertHolds(destination, objects);
    const again = destination.count('PutObject') - before;
    assert.ok(again <= objects.size - copied + 10, `${again} objects sent again`);
  });
}

test('a second process on the same task exits 75 and disturbs nothing; a killed holder is no obstacle', async () => {
  const objects = contents(300, 0);
  await using source = await serverWith(objects);
  await using destination = await startFaultServer({ buckets: [BUCKET] });
  using ferry = new Ferry();
  const task = ferry.task({ type: 'copy', source: bucketOf(source), destination: bucketOf(destination) });
  source.setRules([{ op: 'GetObject', fault: { do: 'stall', after: 'nothing' } }]);
  const first = ferry.start('run', 'move', '-t', task);
  await requests(source, 3);
  const second = await ferry.run('run', 'move', '-t', task);
  assert.equal(second.code, 75, second.output);
  assert.equal(first.child.exitCode, null);
  first.child.kill('SIGKILL');
  await first.exit;
  source.setRules([]);
  const third = await ferry.run('run', 'move', '-t', task);
  assert.equal(third.code, 0, third.output);
  assertHolds(destination, objects);
});

test('a source that goes away for good ends the run in time, with a temporary exit code', async () => {
  const objects = contents(300, 0);
  const source = await serverWith(objects);
  await using destination = await startFaultServer({ buckets: [BUCKET] });
  using ferry = new Ferry();
  const options = bucketOf(source);
  const task = ferry.task({ type: 'copy', source: options, destination: bucketOf(destination), attempts: 3 });
  const { exit } = ferry.start('run', 'move', '-t', task);
  await requests(source, 100);
  await source[Symbol.asyncDispose]();
  const { code, output } = await exit;
  assert.ok(code === 75 || code === 3, `${code}: ${output}`);
});
