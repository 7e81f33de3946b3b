/**
 * A process that works on a task until it is killed. It prints a line for every write once it is acknowledged, so that
 * whoever kills it knows what must be there afterwards. Arguments: the database file and the holder's name.
 */
import { writeSync } from 'node:fs';
import { openState } from '../../src/state/sqlite/open.ts';
import { change, newTask, range, ZERO } from './state-suite.ts';

const [file, holder] = process.argv.slice(2);
const store = await openState(file!);
await store.createTask(newTask('t'));
const lease = await store.lease('t', holder!);
const journal = await store.journal(lease);
const say = (line: string): void => void writeSync(1, `${line}\n`);

if ((await journal.ranges()).length === 0) await journal.beginPass([range(null, null)], 1);
if (!(await journal.upload('big'))) {
  await journal.beginUpload({ key: 'big', uploadId: 'u', partSize: 1, size: 1, sourceVersion: 'v', startedAt: 1 });
}
let after: string | null = (await journal.ranges()).at(-1)!.after;
say(`token ${lease.token}`);

for (let step = journal.task.counters.listed + 1; ; step++) {
  // Cut the last range at a growing key and finish its left half: the classic course of a listing.
  const at = String(step).padStart(9, '0');
  const ranges = [range(after, at, { done: step % 3 > 0 }), range(at, null)];
  await journal.checkpoint(change({ ranges, counters: { ...ZERO, listed: step } }));
  after = at;
  say(`step ${step}`);
  const part = (number: number): Promise<void> =>
    journal.recordPart('big', { number, etag: `etag ${number}`, size: 1 }).then(() => say(`part ${number}`));
  await Promise.all([part(step * 3), part(step * 3 + 1), part(step * 3 + 2)]);
}
