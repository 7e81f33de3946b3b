// Ten million keys on both sides, compared and found equal: what it takes does not depend on how many there are.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diskBytes, measure } from '../peers/measure.ts';
import { unavailable } from '../peers/servers.ts';
import { Ferry } from './ferry.ts';

/** Peak resident set of the whole process, Node.js included. */
const MEMORY = 256 * 1_000_000;
const STATE = 10 * 1_000_000;
/** How much more ten times the keys may take: what garbage collection makes of a longer run, measured up to 1.2. */
const SHARE = 1.3;

/** Protects the promise that any number of objects is compared in bounded memory, with bounded state. */
test('comparing 10,000,000 keys takes no more than 1,000,000 do', { skip: unavailable('time') }, async () => {
  const costs: number[] = [];
  for (const count of [1_000_000, 10_000_000]) {
    using ferry = new Ferry();
    const task = ferry.task({
      type: 'copy',
      source: { type: 'generated', options: { count } },
      destination: { type: 'generated', options: { count, discard: true } },
    });
    const { memory } = await measure(ferry.command('run', 'compare', '-t', task));
    const { state, counters } = await ferry.status('compare');
    assert.deepEqual([state, counters.compared, counters.copied], ['finished', count, 0]);
    assert.ok(memory < MEMORY, `${count} keys took ${megabytes(memory)}`);
    const disk = diskBytes(ferry.home);
    assert.ok(disk < STATE, `the state of ${count} keys takes ${megabytes(disk)}`);
    costs.push(memory);
  }
  const [less, more] = costs as [number, number];
  assert.ok(more < less * SHARE, `${megabytes(less)} for 1,000,000 keys, ${megabytes(more)} for 10,000,000`);
});

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
