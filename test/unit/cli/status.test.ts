// Where tasks are as a server left them, seen without it.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { test } from 'node:test';
import { openState } from '../../../src/state/sqlite/open.ts';
import { Ferry } from './in-process.ts';

test('tasks that wait, are paused or could not begin at a server are shown so, and are not cleaned away', async () => {
  using ferry = new Ferry();
  mkdirSync(ferry.at('home'));
  {
    await using state = await openState(ferry.at('home', 'ferry.db'));
    for (const name of ['waits', 'rests', 'never', 'done']) {
      const task = { name, file: '', identity: 'copy\na\nb', createdAt: 1 };
      await state.queue.create(task, { priority: 5, work: { what: 'run' } });
    }
    await state.queue.change('rests', ['queued'], { state: 'paused' });
    const error = { code: 'configuration', message: 'there is no store' };
    const result = { what: 'run', outcome: 'failed', at: 1, error };
    await state.queue.change('never', ['queued'], { state: 'failed', work: null, result });
    await state.queue.change('done', ['queued'], { state: 'idle', work: null });
    await using lease = await state.lease('waits', 'test');
    const journal = await state.journal(lease);
    await journal.beginPass([{ after: null, through: null, position: null, done: true }], 1);
    await journal.endPass('finished', 2);
  }
  const lines = (await ferry.run('status', '--json')).out.trim().split('\n');
  const shown = lines.map((line): unknown => {
    const { name, state } = JSON.parse(line);
    return [name, state];
  });
  assert.deepEqual(shown, [['done', 'created'], ['never', 'failed'], ['rests', 'paused'], ['waits', 'queued']]); // prettier-ignore
  assert.match((await ferry.run('status', 'waits')).out, /it waits for its turn/);
  assert.match((await ferry.run('status', 'never')).out, /there is no store \[configuration\]/);
  await ferry.run('clean', '--yes');
  assert.equal((await ferry.run('status', '--names')).out, 'done\nnever\nrests\nwaits\n');
});
