// What of tasks needs no server: their queue, their series, their map, and files read page by page.
import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { keepSeries, keptSeries } from '../../../src/control/tasks/kept-series.ts';
import { keptLimits, LIMITS_PATCH, patched, withKept } from '../../../src/control/tasks/limits.ts';
import { linesFrom, tailOf } from '../../../src/control/tasks/lines.ts';
import { rangeMap } from '../../../src/control/tasks/range-map.ts';
import { Series } from '../../../src/control/tasks/series.ts';
import { textOf, WANTED } from '../../../src/control/tasks/wanted.ts';
import { wantedBy, workOf } from '../../../src/control/tasks/work.ts';
import { isFerryError } from '../../../src/model/errors.ts';
import { openState } from '../../../src/state/sqlite/open.ts';
import type { QueuePage } from '../../../src/state/queue-book.ts';
import { NO_COUNTERS, type StateStore } from '../../../src/state/state-store.ts';

class Kept implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'ferry-queue-'));
  state!: StateStore;

  static async open(): Promise<Kept> {
    const kept = new Kept();
    kept.state = await openState(join(kept.folder, 'ferry.db'));
    return kept;
  }

  async add(name: string, priority = 5, work?: unknown, createdAt = 1): Promise<void> {
    await this.state.queue.create(
      { name, file: '', identity: `copy\nfile ${name}\nmemory`, createdAt },
      { priority, work },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.state[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true });
  }
}

const names = (tasks: readonly { readonly record: { readonly name: string } }[]): string[] =>
  tasks.map(({ record }) => record.name);

test('higher priority first, then who has waited longest', async () => {
  await using kept = await Kept.open();
  const { queue } = kept.state;
  await kept.add('late', 5, { what: 'run' }, 30);
  await kept.add('early', 5, { what: 'run' }, 10);
  await kept.add('urgent', 9, { what: 'run' }, 40);
  await kept.add('resting');
  assert.deepEqual(names(await queue.next(10)), ['urgent', 'early', 'late']);
  assert.ok(await queue.change('late', ['queued'], { priority: 9, since: 5 }));
  assert.deepEqual(names(await queue.next(2)), ['late', 'urgent']);
  await assert.rejects(kept.add('late'), (error) => isFerryError(error, 'already-exists'));
});

test('a place changes only from a state that is meant, and what is not named stays', async () => {
  await using kept = await Kept.open();
  const { queue } = kept.state;
  await kept.add('t', 3, { what: 'run' });
  assert.equal(await queue.change('t', ['idle', 'paused'], { state: 'running' }), false);
  assert.ok(await queue.change('t', ['queued'], { state: 'running', work: { what: 'verify' } }));
  assert.deepEqual(names(await queue.started()), ['t']);
  assert.ok(await queue.change('t', ['running'], { state: 'failed', work: null, result: { outcome: 'failed' } }));
  const { state, priority, work, result } = (await queue.get('t'))!;
  assert.deepEqual(
    { state, priority, work, result },
    { state: 'failed', priority: 3, work: undefined, result: { outcome: 'failed' } },
  );
  assert.deepEqual(await queue.counts(), { failed: 1 });
  assert.equal(await queue.change('nobody', ['queued'], {}), false);
});

test('tasks are listed newest first, by state and by what is in their names and stores', async () => {
  await using kept = await Kept.open();
  const { queue } = kept.state;
  for (let i = 0; i < 10; i++) await kept.add(`Task-${i}`, 5, i % 2 ? { what: 'run' } : undefined);
  const page = async (options: QueuePage): Promise<string[]> => names((await queue.page(options)).tasks);
  const { tasks: first, before } = await queue.page({ limit: 3 });
  assert.deepEqual(names(first), ['Task-9', 'Task-8', 'Task-7']);
  assert.deepEqual(await page({ limit: 2, before }), ['Task-6', 'Task-5']);
  assert.equal((await queue.page({ limit: 7, before })).before, undefined, 'no page follows the last');
  assert.deepEqual(await page({ limit: 9, states: ['queued'] }), ['Task-9', 'Task-7', 'Task-5', 'Task-3', 'Task-1']);
  assert.deepEqual(await page({ limit: 9, search: 'tAsK-4' }), ['Task-4']);
  assert.deepEqual(await page({ limit: 9, search: 'FILE task-2' }), ['Task-2']);
  assert.deepEqual(await page({ limit: 2, search: 'task-', states: ['created'] }), ['Task-8', 'Task-6']);
  assert.deepEqual(await page({ limit: 9, search: '-3' }), ['Task-3'], 'shorter than a trigram');
  for (const nothing of ['%', '"', 'a"b', 'task-4\0', 'AND OR', '*'])
    assert.deepEqual(await page({ limit: 9, search: nothing }), [], nothing);
});

test('a series keeps the whole run in a bounded number of points', () => {
  const series = new Series(0);
  for (let second = 1; second <= 10_000; second++)
    series.add(second * 1000, { bytes: second * 50, objects: second * 2, failed: 0 });
  const points = series.after(0);
  assert.ok(points.length > 300 && points.length <= 720, String(points.length));
  assert.equal(series.step, 16_000);
  for (const { bytes, objects } of points) assert.deepEqual([bytes, objects], [50, 2]);
  assert.equal(series.after(points.at(-1)!.at).length, 0);
});

test('the series of the last run is kept, and nobody misses one that is damaged', async () => {
  await using kept = await Kept.open();
  assert.equal(await keptSeries(kept.folder, 't'), undefined);
  const series = { step: 1000, points: [{ at: 1, bytes: 2, objects: 3, failed: 4 }] };
  await keepSeries(kept.folder, 't', series);
  assert.deepEqual(await keptSeries(kept.folder, 't'), series);
  writeFileSync(join(kept.folder, 'reports', 't', 'series.json'), '{"step":');
  assert.equal(await keptSeries(kept.folder, 't'), undefined);
});

test('the map shows what is done, what is not, and where something failed', async () => {
  await using kept = await Kept.open();
  await kept.add('t');
  const { state } = kept;
  assert.deepEqual(await rangeMap(state, 't', false, false), []);
  const journal = await state.journal(await state.lease('t', 'me'));
  await journal.beginPass([{ after: null, through: null, position: null, done: false }], 1);
  const range = (after: string | null, through: string | null, position: string | null, done = false) => ({ after, through, position, done }); // prettier-ignore
  const failure = { key: 'c', operation: 'read', code: 'network', message: '', remedy: '', at: 1, attempts: 1 };
  await journal.checkpoint({
    ranges: [
      range(null, 'b', 'a'),
      range('b', 'd', 'd', true),
      range('d', 'f', null),
      range('f', 'h', 'h', true),
      range('h', null, 'k'),
    ],
    counters: NO_COUNTERS,
    failed: [failure],
    resolved: [],
  });
  assert.deepEqual(
    (await rangeMap(state, 't', true, false)).map(({ after, through, state: how }) => [after, through, how]),
    [
      [null, 'b', 'active'],
      ['b', 'd', 'failed'],
      ['d', 'f', 'waiting'],
      ['f', 'h', 'done'],
      ['h', null, 'active'],
    ],
  );
  assert.equal((await state.failures('t', { code: 'network' })).length, 1);
  assert.equal((await state.failures('t', { code: 'dns' })).length, 0);
});

test('a file of lines is read page by page, and half a line is left for later', async () => {
  await using kept = await Kept.open();
  const file = join(kept.folder, 'lines');
  assert.equal(await linesFrom(file, 0, 10, () => true), undefined);
  writeFileSync(file, 'one\ntwo\nthree\nfo');
  const wanted = (line: string): boolean => line !== 'two';
  const first = await linesFrom(file, 0, 2, wanted);
  assert.deepEqual(first, { lines: ['one', 'three'], next: 14, last: false });
  assert.deepEqual(await linesFrom(file, 14, 2, wanted), { lines: [], next: 14, last: true });
  appendFileSync(file, 'ur\n');
  assert.deepEqual(await linesFrom(file, 14, 2, wanted), { lines: ['four'], next: 19, last: true });
  assert.equal(await tailOf(file, 8), 14);
  writeFileSync(file, 'anew\n');
  assert.deepEqual((await linesFrom(file, 19, 2, wanted))!.lines, ['anew'], 'it was begun anew');
});

test('limits set by request hold over those of the file', () => {
  const file = { concurrency: 3, objectsPerSecond: 10, bandwidth: [{ minute: 0, bytesPerSecond: 100 }] };
  const kept = patched({}, LIMITS_PATCH.parse({ concurrency: 'auto', bandwidth: '1MiB' }));
  assert.deepEqual(withKept(file, keptLimits(JSON.parse(JSON.stringify(kept)))), {
    concurrency: undefined,
    objectsPerSecond: 10,
    bandwidth: [{ minute: 0, bytesPerSecond: 1024 * 1024 }],
  });
  assert.deepEqual(withKept(file, patched(kept, LIMITS_PATCH.parse({ bandwidth: null, concurrency: 7 }))), {
    concurrency: 7,
    objectsPerSecond: 10,
    bandwidth: [],
  });
});

test('nothing of the machine is read into a task that was sent', () => {
  const sent = WANTED.parse({
    name: 't',
    type: 'copy',
    source: { type: 'file', path: '${file:/etc/passwd}' },
    destination: { store: 'x' },
    set_metadata: { key: '${env:FERRY_SECRET_KEY}' },
  });
  const text = textOf(sent);
  assert.match(text, /\$\$\{file:/);
  assert.match(text, /\$\$\{env:/);
  assert.doesNotMatch(text, /priority|start|name: t\b/);
  assert.equal(WANTED.safeParse({ ...sent, name: 'plan' }).success, false);
});

test('failures are tried again by code or key, all where nothing is said', () => {
  const failure = { key: 'k', code: 'dns', operation: '', message: '', remedy: '', at: 0, attempts: 1 };
  assert.ok(wantedBy({ what: 'retry' })(failure));
  assert.ok(wantedBy({ what: 'retry', codes: ['dns'] })(failure));
  assert.ok(wantedBy({ what: 'retry', codes: [], keys: ['k'] })(failure));
  assert.ok(!wantedBy({ what: 'retry', codes: ['network'], keys: ['l'] })(failure));
  assert.deepEqual(workOf({ what: 'dance' }), { what: 'run' });
});
