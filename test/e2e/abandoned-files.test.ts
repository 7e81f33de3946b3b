// Temporary files of a process that was killed go with the next run or `ferry clean`; those of a living one stay.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startFaultServer, type FaultServer } from '../faults/fault-server.ts';
import { BUCKET } from '../faults/harness.ts';
import { assertHolds, bucketOf, contents, fill } from './endpoints.ts';
import { Ferry, type Running } from './ferry.ts';

test('temporary files of the killed are removed by the next run and by clean, never those of the living', async () => {
  const objects = contents(20, 0);
  await using destination = await startFaultServer({ buckets: [BUCKET] });
  await using sources = new AsyncDisposableStack();
  using ferry = new Ferry();
  const temporary = join(ferry.dir, 'tmp');
  mkdirSync(temporary);
  ferry.env['TMPDIR'] = temporary;
  /** A run of a source of its own that has sorted its listing and waits for the first object. */
  const stalled = async (name: string): Promise<Running & { readonly source: FaultServer }> => {
    const source = sources.use(await startFaultServer({ buckets: [BUCKET] }));
    fill(source, objects);
    source.setRules([{ op: 'GetObject', fault: { do: 'stall', after: 'nothing' } }]);
    const reading = new Promise<void>((resolve) => {
      source.onRequest = ({ operation }) => {
        if (operation === 'GetObject') resolve();
      };
    });
    const end = bucketOf(source);
    const unordered = { ...end, options: { ...end.options, list_order: 'unordered' } };
    const task = ferry.task({ type: 'copy', source: unordered, destination: bucketOf(destination) }, name);
    const running = ferry.start('run', name, '-t', task);
    await Promise.race([reading, running.exit]);
    return { ...running, source };
  };
  const folders = (): string[] => readdirSync(temporary).toSorted();
  const kill = async (running: Running): Promise<void> => {
    running.child.kill('SIGKILL');
    await running.exit;
  };

  const first = await stalled('first');
  await kill(first);
  const [dead] = folders();
  assert.match(readdirSync(join(temporary, dead!)).join(' '), /sorted-/);

  const living = await stalled('living');
  const [alive, ...others] = folders();
  assert.deepEqual(others, [], 'only the folder of the living process is left');
  assert.notEqual(alive, dead);

  const second = await stalled('second');
  assert.equal(folders().length, 2);
  await kill(second);
  const { code, output } = await ferry.run('clean', '--yes');
  assert.equal(code, 0, output);
  assert.match(output, /temporary files of 1 process/i);
  assert.deepEqual(folders(), [alive]);
  assert.equal(living.child.exitCode, null);
  await kill(living);

  first.source.setRules([]);
  const last = await ferry.run('run', 'first');
  assert.equal(last.code, 0, last.output);
  assert.deepEqual(folders(), []);
  assertHolds(destination, objects);
});
