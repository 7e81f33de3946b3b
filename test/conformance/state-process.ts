/**
 * A process that works on a task until it is killed. It prints a line for every write once it is acknowledged, so that
 * whoever kills it knows what must be there afterwards. Arguments: the database file and the holder's name.
 */
import { writeSync } from 'node:fs';
import { openState } from '../../src/state/sqlite/open.ts';
import { NO_COUNTERS } from '../../src/state/state-store.ts';
import { change, newTask, range } from './state-suite.ts';

const [file, holder] = process.argv.slice(2);
const turn = new Int32Array(new SharedArrayBuffer(4));
const store = await openState(file!);
await store.createTask(newTask('t'));
const lease = await store.lease('t', holder!);
const journal = await store.journal(lease);

if ((await journal.ranges()).length === 0) await journal.beginPass([range(null, null)], 1);
if (!(await journal.upload('big'))) {
  await journal.beginUpload({
    key: 'big',
    uploadId: 'u',
    partSize: 1,
    size: 1,
    sourceVersion: 'v',
    startedAt: 1,
    owesTags: false,
  });
}
let after: string | null = (await journal.ranges()).at(-1)!.after;
say(`token ${lease.token}`);

for (let step = journal.task.counters.listed + 1; ; step++) {
  // Cut the last range at a growing key and finish its left half: the classic course of a listing.
  const at = String(step).padStart(9, '0');
  const ranges = [range(after, at, { done: step % 3 > 0 }), range(at, null)];
  await journal.checkpoint(change({ ranges, counters: { ...NO_COUNTERS, listed: step } }));
  after = at;
  say(`step ${step}`);
  const part = (number: number): Promise<void> =>
    journal.recordPart('big', { number, etag: `etag ${number}`, size: 1 }).then(() => say(`part ${number}`));
  await Promise.all([part(step * 3), part(step * 3 + 1), part(step * 3 + 2)]);
}

/** Waits where the reader is slow: the pipe does not block, and says EAGAIN. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, `${line}\n`);
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
      Atomics.wait(turn, 0, 0, 1);
    }
  }
}
