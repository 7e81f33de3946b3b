// Tasks that ended long ago are forgotten; what somebody has use for stays.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Retention } from '../../../src/control/tasks/retention.ts';
import type { KeepTasksSpec } from '../../../src/model/control.ts';
import type { Log } from '../../../src/observe/log.ts';
import { openState } from '../../../src/state/sqlite/open.ts';
import type { StateStore } from '../../../src/state/state-store.ts';
import { systemClock } from '../../../src/store/clock.ts';
import { RunningFerry } from './running.ts';

const NOW = 1_000_000;
const KEPT: KeepTasksSpec = { age: 1000, count: undefined, failed: false };

class Kept implements AsyncDisposable {
  readonly home = mkdtempSync(join(tmpdir(), 'ferry-retention-'));
  readonly needed = new Set<string>();
  readonly counted: Record<string, number> = {};
  state!: StateStore;

  static async open(): Promise<Kept> {
    const kept = new Kept();
    kept.state = await openState(join(kept.home, 'ferry.db'));
    return kept;
  }

  /** A task made over the API that came to this end; with a report. */
  async add(name: string, endedAt: number, state: 'finished' | 'failed' = 'finished'): Promise<void> {
    await this.state.queue.create({ name, file: '', identity: 'x', createdAt: 1 }, { priority: 5 });
    await end(this.state, name, endedAt, state);
    mkdirSync(join(this.home, 'reports', name), { recursive: true });
    writeFileSync(join(this.home, 'reports', name, 'series.json'), '{}');
  }

  async sweep(spec: KeepTasksSpec): Promise<string[]> {
    const silent = (): void => undefined;
    const log: Log = { wants: () => false, debug: silent, info: silent, warn: silent, error: silent, fatal: silent, child: () => log }; // prettier-ignore
    await using retention = new Retention({
      spec,
      queue: this.state.queue,
      home: this.home,
      forget: async (name) => {
        await using lease = await this.state.lease(name, 'test');
        return await this.state.deleteTask(lease, ['idle', 'failed']);
      },
      isNeeded: async (name) => this.needed.has(name),
      clock: systemClock,
      now: () => NOW,
      log,
      forgotten: (state, count) => (this.counted[state] = (this.counted[state] ?? 0) + count),
    });
    await retention.sweep();
    return (await this.state.listTasks()).map(({ name }) => name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.state[Symbol.asyncDispose]();
    rmSync(this.home, { recursive: true });
  }
}

async function end(state: StateStore, name: string, at: number, how: 'finished' | 'failed'): Promise<void> {
  await using lease = await state.lease(name, 'test');
  const journal = await state.journal(lease);
  await journal.beginPass([{ after: null, through: null, position: null, done: true }], at - 1);
  await journal.endPass(how, at);
}

test('what ended too long ago goes, with its reports; the rest stays', async () => {
  await using kept = await Kept.open();
  // More than a step of those that stay, before those that go.
  for (let i = 0; i < 30; i++) {
    await kept.add(`needed-${i}`, 10);
    kept.needed.add(`needed-${i}`);
  }
  for (let i = 0; i < 25; i++) await kept.add(`old-${i}`, 10);
  await kept.add('just', NOW - 1000);
  await kept.add('broken', 10, 'failed');
  await kept.add('waits', 10);
  await kept.state.queue.change('waits', ['idle'], { state: 'queued', work: { what: 'run' } });
  await kept.state.createTask({ name: 'typed', file: '', identity: 'x', createdAt: 1 });
  await end(kept.state, 'typed', 10, 'finished');
  const left = await kept.sweep(KEPT);
  assert.deepEqual(left.filter((name) => !name.startsWith('needed-')), ['broken', 'just', 'typed', 'waits']); // prettier-ignore
  assert.equal(left.length, 34);
  assert.equal(existsSync(join(kept.home, 'reports', 'old-3')), false);
  assert.ok(existsSync(join(kept.home, 'reports', 'just')));
  assert.deepEqual(kept.counted, { finished: 25 });
});

test('the newest so many stay, and what failed goes where that is said', async () => {
  await using kept = await Kept.open();
  for (let i = 0; i < 8; i++) await kept.add(`t${i}`, NOW - i, i % 2 ? 'failed' : 'finished');
  assert.equal((await kept.sweep({ age: undefined, count: 4, failed: false })).length, 8);
  assert.deepEqual(await kept.sweep({ age: undefined, count: 2, failed: true }), ['t0', 't1', 't2', 't3']);
  assert.equal((await kept.sweep({ age: undefined, count: undefined, failed: true })).length, 4);
  assert.deepEqual(await kept.sweep({ age: 1, count: 1, failed: true }), ['t0', 't1']);
});

test('a server forgets when it starts, but not what a schedule names or somebody verified lately', async () => {
  await using ferry = await RunningFerry.start({ gateway: false });
  const ends = { source: { type: 'memory', options: { name: 'a' } }, destination: { type: 'memory', options: { name: 'b' } } }; // prettier-ignore
  const state = await ferry.services.state();
  for (const name of ['old', 'scheduled', 'recent', 'verified']) {
    assert.equal((await ferry.ask('POST', '/v1/tasks', { json: { name, type: 'copy', ...ends } })).status, 201);
    await end(state, name, name === 'recent' ? Date.now() : 1000, 'finished');
  }
  const result = { what: 'verify', outcome: 'finished', at: Date.now() };
  await state.queue.change('verified', ['idle'], { result });
  const made = await ferry.ask('POST', '/v1/schedules', { json: { task: 'scheduled', cron: '0 3 * * *' } });
  assert.equal(made.status, 201, JSON.stringify(made.json));
  await ferry.stop();
  const again = await ferry.services.serve();
  while ((await state.getTask('old')) !== undefined) await new Promise((resolve) => void setTimeout(resolve, 10));
  await again.stop();
  assert.deepEqual(
    (await state.listTasks()).map(({ name }) => name),
    ['recent', 'scheduled', 'verified'],
  );
});
