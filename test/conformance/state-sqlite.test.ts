import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { isFerryError } from '../../src/model/errors.ts';
import { Database } from '../../src/state/sqlite/database.ts';
import { openState } from '../../src/state/sqlite/open.ts';
import { NO_COUNTERS, type StateStore } from '../../src/state/state-store.ts';
import { change, everyWrite, EVERYTHING, newTask, range, stateSuite } from './state-suite.ts';

class Home implements AsyncDisposable {
  readonly directory: string;
  readonly file: string;

  constructor(directory: string) {
    this.directory = directory;
    this.file = path.join(directory, 'ferry.db');
  }

  static async make(): Promise<Home> {
    return new Home(await mkdtemp(path.join(tmpdir(), 'ferry-state-')));
  }

  open(): Promise<StateStore> {
    return openState(this.file);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true });
  }
}

stateSuite('sqlite', () => Home.make());

test('after kill -9 everything acknowledged is there, and the task is free at once', async () => {
  await using home = await Home.make();
  let token = 0;
  for (let round = 0; round < 5; round++) {
    const said = await killAfter(home.file, 3 + Math.floor(Math.random() * 150));
    assert.ok(said.token > token, 'each lease has a greater token');
    token = said.token;

    await using store = await home.open();
    const task = await store.getTask('t');
    assert.equal(task?.state, 'interrupted');
    assert.equal(task.holder, undefined);
    assert.ok(
      task.counters.listed >= said.step && task.counters.listed <= said.step + 1,
      'at most the one in flight more',
    );
    await using lease = await store.lease('t', 'next');
    const journal = await store.journal(lease);
    const ranges = await journal.ranges();
    assert.equal(ranges[0]!.after, null);
    assert.equal(ranges.at(-1)!.through, null);
    ranges.slice(1).forEach((entry, i) => assert.equal(entry.after, ranges[i]!.through, 'no gap'));
    const parts = new Set((await journal.upload('big'))!.parts.map((part) => part.number));
    for (const part of said.parts) assert.ok(parts.has(part), `part ${part} was acknowledged`);
    token = lease.token;
  }
});

test('another process that holds a task keeps it until it dies', async () => {
  await using home = await Home.make();
  const child = work(home.file, 'pid of the child');
  const died = once(child, 'exit');
  try {
    await once(createInterface(child.stdout!), 'line');
    await using store = await home.open();
    await assert.rejects(
      store.lease('t', 'me'),
      (error) => isFerryError(error, 'task-running') && error.message.includes('pid of the child'),
    );
    assert.equal((await store.getTask('t'))?.holder, 'pid of the child');
    assert.equal((await store.getTask('t'))?.state, 'running');
    await using _other = await otherTask(store);
    child.kill('SIGKILL');
    await died;
    await using lease = await store.lease('t', 'me');
    assert.ok(lease.token > 1);
  } finally {
    child.kill('SIGKILL');
    await died;
  }
});

/** Two processes write at once: each to its own task. */
async function otherTask(store: StateStore): Promise<AsyncDisposable> {
  await store.createTask(newTask('other'));
  const lease = await store.lease('other', 'me');
  const journal = await store.journal(lease);
  await journal.beginPass([EVERYTHING], 1);
  for (let i = 1; i <= 50; i++) await journal.checkpoint(change({ counters: { ...NO_COUNTERS, listed: i } }));
  assert.equal(journal.task.counters.listed, 50);
  return lease;
}

test('who lost the lock writes no more and is told so', async () => {
  await using home = await Home.make();
  await using store = await home.open();
  await store.createTask(newTask('t'));
  const lease = await store.lease('t', 'first');
  const journal = await store.journal(lease);
  await journal.beginPass([EVERYTHING], 1);
  await rm(`${home.file}.locks`, { recursive: true });
  await assert.rejects(store.lease('t', 'first'), /./, 'without its directory there are no locks');
  await using second = await home.open();
  await using thief = await second.lease('t', 'second');
  assert.ok(thief.token > lease.token);
  for (const write of everyWrite(journal))
    await assert.rejects(write, (error) => isFerryError(error, 'task-running') && /second/.test(error.message));
  assert.equal(lease.lost.aborted, true);
  assert.ok(isFerryError(lease.lost.reason, 'task-running'));
  await assert.rejects(store.deleteTask(lease), (error) => isFerryError(error, 'task-running'));
  await lease[Symbol.asyncDispose]();
  assert.equal((await second.getTask('t'))?.holder, 'second', "the loser does not take the winner's name away");
});

test('state stays small: thousands of checkpoints are a few pages', async () => {
  await using home = await Home.make();
  const checkpoints = 2000;
  {
    await using store = await home.open();
    await store.createTask(newTask('t'));
    const journal = await store.journal(await store.lease('t', 'me'));
    await journal.beginPass([EVERYTHING], 1);
    let after: string | null = null;
    for (let i = 1; i <= checkpoints; i++) {
      const at = `some/longer/prefix/of/keys/${String(i).padStart(12, '0')}`;
      await journal.checkpoint(
        change({
          ranges: [range(after, at, { done: true }), range(at, null)],
          counters: { ...NO_COUNTERS, listed: i },
        }),
      );
      after = at;
    }
    assert.ok((await stat(`${home.file}-wal`)).size < 1.2e6, 'the log is folded back as it grows');
  }
  assert.ok((await stat(home.file)).size < 200_000);
});

test('the file is private, and a store that is closed leaves one file behind', async () => {
  await using home = await Home.make();
  await using store = await home.open();
  assert.equal((await stat(home.file)).mode & 0o777, 0o600);
  assert.equal((await stat(`${home.file}.locks`)).mode & 0o777, 0o700);
  await store[Symbol.asyncDispose]();
  await assert.rejects(stat(`${home.file}-wal`), /ENOENT/);
});

test('a file of a newer version is refused, and is left as it is', async () => {
  await using home = await Home.make();
  await (await home.open())[Symbol.asyncDispose]();
  {
    using db = new Database(home.file);
    db.exec('PRAGMA user_version = 999');
  }
  await assert.rejects(
    home.open(),
    (error) => isFerryError(error, 'state') && /newer version.*999/.test(error.message),
  );
});

/** What versions before the gateway and the queue did not have. */
const WITHOUT_GATEWAY = `
  DROP TABLE buckets; DROP TABLE mirror_counters; DROP TABLE mirror_deleted; DROP TABLE mirror_uploads;
  DROP TABLE task_search; DROP TABLE task_counts; DROP INDEX tasks_by_end;
  ${['task_search_in', 'task_search_out', 'task_counts_in', 'task_counts_over', 'task_counts_out']
    .map((trigger) => `DROP TRIGGER ${trigger};`)
    .join(' ')}
  DROP INDEX tasks_by_shown; DROP INDEX tasks_in_turn; DROP INDEX tasks_started;
  ${['shown', 'queue_state', 'priority', 'queued_at', 'work', 'live_limits', 'result', 'origin']
    .map((column) => `ALTER TABLE tasks DROP COLUMN ${column};`)
    .join(' ')}`;

test('a file of the first version is taken over with what is in it', async () => {
  await using home = await Home.make();
  const upload = { key: 'k', uploadId: 'u', partSize: 1, size: 1, sourceVersion: 'v', startedAt: 1, owesTags: false };
  {
    await using store = await home.open();
    await store.createTask(newTask('t'));
    await (await store.journal(await store.lease('t', 'me'))).beginUpload(upload);
  }
  {
    using db = new Database(home.file);
    db.exec('ALTER TABLE parts ADD COLUMN crc32 INTEGER');
    db.exec(`${WITHOUT_GATEWAY} DROP TABLE doubts; DROP INDEX uploads_by_id; DROP TABLE upload_intents`);
    db.exec('ALTER TABLE uploads DROP COLUMN owes_tags; PRAGMA user_version = 1');
  }
  await using store = await home.open();
  assert.deepEqual(await store.uploads('t'), [upload]);
  assert.deepEqual(await store.queue.counts(), { created: 1 });
  assert.equal((await store.queue.page({ limit: 1, search: newTask('t').identity.slice(0, 5) })).tasks.length, 1);
});

test('failures that an earlier version recorded are in doubt', async () => {
  await using home = await Home.make();
  const failed = { key: 'k', operation: 'read', code: 'network', message: '', remedy: '', at: 1, attempts: 1 };
  {
    await using store = await home.open();
    await store.createTask(newTask('t'));
    const journal = await store.journal(await store.lease('t', 'me'));
    await journal.beginPass([EVERYTHING], 1);
    await journal.checkpoint(change({ failed: [failed] }));
  }
  {
    using db = new Database(home.file);
    db.exec(
      `${WITHOUT_GATEWAY} ALTER TABLE parts ADD COLUMN crc32 INTEGER; DROP TABLE doubts; PRAGMA user_version = 3`,
    );
  }
  await using store = await home.open();
  const journal = await store.journal(await store.lease('t', 'me'));
  assert.deepEqual(await journal.doubted(), ['k']);
  await journal.beginPass([EVERYTHING], 2);
  assert.deepEqual(await store.failures('t'), []);
  assert.deepEqual(await journal.doubted(), ['k']);
});

test('a database of something else is refused', async () => {
  await using home = await Home.make();
  {
    using db = new Database(home.file);
    db.exec('CREATE TABLE theirs (a)');
  }
  await assert.rejects(home.open(), (error) => isFerryError(error, 'state') && /not Ferry's/.test(error.message));
  {
    using db = new Database(home.file);
    db.exec('PRAGMA user_version = 1');
  }
  await assert.rejects(home.open(), (error) => isFerryError(error, 'state') && /not Ferry's/.test(error.message));
});

test('damage is noticed: never are other ranges read than were written', async () => {
  await using home = await Home.make();
  const written = Array.from({ length: 300 }, (_, i) => {
    const [after, through] = [i, i + 1].map((n) => `prefix/${String(n).padStart(6, '0')}`);
    return range(after!, through!, { position: i % 2 ? `${after}x` : null });
  });
  {
    await using store = await home.open();
    await store.createTask(newTask('t'));
    await (await store.journal(await store.lease('t', 'me'))).beginPass(written, 1);
  }
  const intact = await readFile(home.file);
  let noticed = 0;
  for (let round = 0; round < 60; round++) {
    const damagedFile = Buffer.from(intact);
    const at = Math.floor(Math.random() * (intact.length - 8));
    for (let i = at; i < at + 1 + (round % 8); i++) damagedFile[i]! ^= 1 << (round % 7);
    await writeFile(home.file, damagedFile);
    try {
      await using store = await home.open();
      await using lease = await store.lease('t', 'me');
      assert.deepEqual(await (await store.journal(lease)).ranges(), written);
    } catch (error) {
      if (!isFerryError(error)) throw error;
      assert.ok(['state', 'task-not-found', 'permission'].includes(error.code), `${error.code}: ${error.message}`);
      noticed++;
    }
  }
  // Where the damage falls is random, and much of the file is empty; some of sixty must have hit.
  assert.ok(noticed > 0);
  await writeFile(home.file, 'not a database at all');
  await assert.rejects(home.open(), (error) => isFerryError(error, 'state') && /away/.test(error.remedy));
});

interface Said {
  readonly token: number;
  readonly step: number;
  readonly parts: readonly number[];
}

/** Lets a process work until it has acknowledged so many writes, kills it, and gives what it had acknowledged. */
async function killAfter(file: string, writes: number): Promise<Said> {
  const child = work(file, 'child');
  const died = once(child, 'exit');
  let token = 0;
  let step = 0;
  const parts: number[] = [];
  let seen = 0;
  for await (const line of createInterface(child.stdout!)) {
    const [what, value] = line.split(' ');
    if (what === 'token') token = Number(value);
    else if (what === 'step') step = Number(value);
    else parts.push(Number(value));
    if (++seen === writes) child.kill('SIGKILL');
  }
  await died;
  assert.ok(seen >= writes, 'the process failed by itself');
  return { token, step, parts };
}

function work(file: string, holder: string): ChildProcess {
  const script = path.join(import.meta.dirname, 'state-process.ts');
  return spawn(process.execPath, [script, file, holder], { stdio: ['ignore', 'pipe', 'inherit'] });
}
