// However many tasks there are, what is asked of them is found by an index, and what is looked through is bounded.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openState } from '../../../src/state/sqlite/open.ts';
import type { StateStore } from '../../../src/state/state-store.ts';
import { writeHistory } from '../../peers/task-history.ts';

const TASKS = 20_000;
const folder = mkdtempSync(join(tmpdir(), 'ferry-history-'));
const file = join(folder, 'ferry.db');
/** Every statement the state prepared. */
const statements: string[] = [];
let state: StateStore;

before(async () => {
  await (await openState(file))[Symbol.asyncDispose]();
  writeHistory(file, TASKS, Date.now());
  // oxlint-disable-next-line typescript/unbound-method -- it is called with its own `this` below.
  const { prepare } = DatabaseSync.prototype;
  DatabaseSync.prototype.prepare = function (sql) {
    statements.push(sql);
    return prepare.call(this, sql);
  };
  state = await openState(file);
  DatabaseSync.prototype.prepare = prepare;
});

after(async () => {
  await state[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** Of the command line, which tells of all tasks; and of a start without the key of sealed secrets. */
const WHOLE = ['SELECT * FROM tasks ORDER BY name', 'SELECT 1 AS found FROM tasks WHERE instr(file, ?) > 0 LIMIT 1'];
/** Indexes of those that wait or run, and of no others. */
const FEW = /USING (COVERING )?INDEX tasks_(in_turn|started)$/;

test('no statement goes through all tasks, or sorts them', () => {
  using db = new DatabaseSync(file);
  const asked = statements.filter(
    (sql) => /^\s*(SELECT|UPDATE|DELETE)\b[^]*\btasks\b/.test(sql) && !WHOLE.includes(sql),
  );
  assert.ok(asked.length > 15, `${asked.length}`);
  for (const sql of asked) {
    const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all().map(({ detail }) => String(detail)); // prettier-ignore
    const scans = plan.filter(
      (step) => (/^SCAN tasks\b/.test(step) && !FEW.test(step)) || (/TEMP B-TREE/.test(step) && !/json_each/.test(sql)),
    );
    assert.deepEqual(scans, [], `${sql}\n${plan.join('\n')}`);
  }
});

test('a text is found wherever it is, newest first', async () => {
  const { queue } = state;
  const found = async (search: string, states?: string[]): Promise<string[]> =>
    (await queue.page({ limit: 3, search, states })).tasks.map(({ record }) => record.name);
  assert.deepEqual(await found('nightly-'), ['nightly-19999', 'nightly-19998', 'nightly-19997']);
  assert.deepEqual(await found('ghtly-77'), ['nightly-7799', 'nightly-7798', 'nightly-7797']);
  assert.deepEqual(await found('Backup/30', ['finished']), ['nightly-19994', 'nightly-19963', 'nightly-19932']);
  assert.deepEqual(await found('photos-0/', ['failed']), ['nightly-0']);
  assert.deepEqual(await found('y-1', ['failed']), ['nightly-19000', 'nightly-18000', 'nightly-17000']);
  assert.deepEqual(await queue.counts(), { failed: 20, finished: 19_980 });
});

test('a page that looked through enough ends, and the next goes on', async () => {
  const { queue } = state;
  const first = await queue.page({ limit: 3, search: '_' });
  assert.deepEqual([first.tasks.length, first.before], [0, 10_001]);
  const second = await queue.page({ limit: 3, search: '_', before: first.before });
  assert.deepEqual([second.tasks.length, second.before], [0, 1]);
  // All trigrams of it are in every task, but not the text.
  const third = await queue.page({ limit: 3, search: 'photos-26/s3' });
  assert.equal(third.tasks.length, 0);
  const seen: string[] = [];
  for (let at: number | undefined = Number.MAX_SAFE_INTEGER; at !== undefined;) {
    const page = await queue.page({ limit: 100, search: 'photos-7/', before: at });
    seen.push(...page.tasks.map(({ record }) => record.name));
    at = page.before;
  }
  assert.deepEqual(seen, Array.from({ length: 21 }, (_, i) => `nightly-${7 + 997 * (20 - i)}`).filter((name) => Number(name.slice(8)) < TASKS)); // prettier-ignore
});
