// What is SQLite's own in sharing a moving bucket: other processes, restarts of the machine, the disk.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { isFerryError } from '../../../src/model/errors.ts';
import type { MovingBook, MovingBucket } from '../../../src/state/moving-bucket.ts';
import { Database } from '../../../src/state/sqlite/database.ts';
import { LogSync } from '../../../src/state/sqlite/moving/log-sync.ts';
import { openMoving } from '../../../src/state/sqlite/moving/open.ts';
import { FakeClock } from '../store/fake-clock.ts';

const LEASE = 1000;
const LINGER = 10_000;

class Home implements AsyncDisposable {
  readonly dir = mkdtempSync(path.join(tmpdir(), 'ferry-moving-'));
  readonly file = path.join(this.dir, 'moving.db');
  readonly #books: MovingBook[] = [];

  async open(clock: FakeClock, boot = 'first'): Promise<MovingBook> {
    const book = await openMoving(this.file, { clock, now: () => 1e12 + clock.now(), lease: LEASE, boot });
    this.#books.push(book);
    return book;
  }

  async photos(clock: FakeClock, boot?: string): Promise<MovingBucket> {
    return await (await this.open(clock, boot)).bucket('photos', { writeBack: true, linger: LINGER });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const book of this.#books) await book[Symbol.asyncDispose]();
    rmSync(this.dir, { recursive: true });
  }
}

async function toMigrating(bucket: MovingBucket): Promise<void> {
  for (const phase of ['tracking', 'switching', 'pending', 'migrating'] as const)
    await bucket.change((await bucket.record()).epoch, phase);
}

test('buckets are apart from each other, and known by name; only the owner reads the file', async () => {
  await using home = new Home();
  const book = await home.open(new FakeClock());
  const [a, b] = [
    await book.bucket('a', { writeBack: true, linger: LINGER }),
    await book.bucket('b', { writeBack: false, linger: LINGER }),
  ];
  assert.deepEqual(await book.names(), ['a', 'b']);
  await toMigrating(a);
  assert.equal((await b.record()).phase, 'created');
  const [one, other] = [await a.join('one'), await b.join('other')];
  await using intent = await one.keys.intend('k');
  await intent.touch();
  await one.keys.recordUpload('u');
  assert.equal(await other.keys.isTouched('k'), false);
  assert.equal(await other.keys.isNewUpload('u'), false);
  await a.setFact('copied', { at: 1 });
  assert.deepEqual([await a.fact('copied'), await b.fact('copied')], [{ at: 1 }, undefined]);
  await a.setFact('copied', undefined);
  assert.equal(await a.fact('copied'), undefined);
  assert.equal(statSync(home.file).mode & 0o777, 0o600);
});

test('after a restart of the machine nobody lives, what they held lingers, and what is recorded stands', async () => {
  await using home = new Home();
  const before = new FakeClock();
  await before.advance(5_000_000);
  const bucket = await home.photos(before);
  await toMigrating(bucket);
  const dead = await bucket.join('dead');
  {
    await using intent = await dead.keys.intend('touched');
    await intent.touch();
  }
  await dead.keys.claim('held');
  await dead.keys.beginWrite('written');

  const clock = new FakeClock();
  const after = await home.photos(clock, 'second');
  assert.equal((await after.record()).phase, 'migrating');
  assert.deepEqual(
    (await after.members()).map(({ name, live }) => [name, live]),
    [['dead', false]],
  );
  const member = await after.join('alive');
  assert.equal(await member.keys.isTouched('touched'), true);
  assert.equal(await member.keys.tryClaim('held'), undefined);
  assert.deepEqual(await member.keys.dirty(undefined, 10), [], 'the write may yet be carried out');
  await clock.advance(LINGER);
  const heir = await after.join('heir');
  assert.notEqual(await heir.keys.tryClaim('held'), undefined);
  assert.deepEqual(
    (await heir.keys.dirty(undefined, 10)).map(({ key }) => key),
    ['written'],
  );
  assert.deepEqual(
    (await after.members()).map(({ name }) => name),
    ['alive', 'heir'],
  );
});

test('a file of a newer version, or of something else, is refused', async () => {
  await using home = new Home();
  {
    using db = new Database(home.file);
    db.exec('PRAGMA user_version = 99');
  }
  await assert.rejects(
    home.open(new FakeClock()),
    (error) => isFerryError(error, 'state') && /newer/.test(error.message),
  );
});

test('who asks for the disk while a sync is under way shares the next one', async () => {
  await using home = new Home();
  using db = new Database(home.file);
  db.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (a)');
  using sync = new LogSync(home.file);
  const first = sync.done();
  const [second, third] = [sync.done(), sync.done()];
  assert.equal(second, third);
  assert.notEqual(first, second);
  await Promise.all([first, second]);
  await sync.done();
});

test('where the log is gone nobody is told that it is on disk', async () => {
  await using home = new Home();
  using sync = new LogSync(path.join(home.dir, 'nowhere.db'));
  await assert.rejects(sync.done(), (error) => isFerryError(error, 'state'));
  await assert.rejects(sync.done(), (error) => isFerryError(error, 'state'));
});

test('who stands still in the middle of a transaction is waited for as long as a lease, once', async () => {
  await using home = new Home();
  // The wait is SQLite's own, by the real clock.
  const bucket = await home.photos(new FakeClock());
  const member = await bucket.join('m');
  using stopped = new Database(home.file);
  stopped.exec('BEGIN IMMEDIATE');
  const locked = async (): Promise<number> => {
    const since = performance.now();
    await assert.rejects(member.renew(), (error) => isFerryError(error, 'state') && /locked/.test(error.message));
    return performance.now() - since;
  };
  assert.ok((await locked()) >= LEASE * 0.9, 'nobody is live any more');
  for (let i = 0; i < 5; i++) assert.ok((await locked()) < LEASE / 4, 'the process does not stand still again');
  stopped.exec('ROLLBACK');
  assert.equal((await member.renew()).phase, 'created');
  stopped.exec('BEGIN IMMEDIATE');
  assert.ok((await locked()) >= LEASE * 0.9, 'waited for anew');
  stopped.exec('ROLLBACK');
});

test('what cannot be given back at once is given back as soon as the file can be written', async () => {
  await using home = new Home();
  const clock = new FakeClock();
  const bucket = await home.photos(clock);
  await toMigrating(bucket);
  await using member = await bucket.join('one');
  await member.renew();
  await member.acknowledge((await bucket.record()).epoch, []);
  const [claim, write] = [await member.keys.claim('k'), await member.keys.beginWrite('l')];
  using other = new Database(home.file);
  other.exec("CREATE TRIGGER full BEFORE DELETE ON standings BEGIN SELECT RAISE(ABORT, 'full'); END");
  for (const standing of [claim, write])
    await assert.rejects(async () => await standing[Symbol.asyncDispose](), { code: 'state' });
  const standing = async (): Promise<number> => {
    const { claims, writes } = await bucket.counts();
    return claims + writes;
  };
  await clock.advance(LEASE * 0.6);
  assert.equal(await standing(), 2);
  await member.renew();
  other.exec('DROP TRIGGER full');
  await clock.advance(LEASE * 0.6);
  assert.equal(await standing(), 0);
});
