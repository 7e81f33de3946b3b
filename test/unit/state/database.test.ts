import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { isFerryError } from '../../../src/model/errors.ts';
import { Database, isBusy } from '../../../src/state/sqlite/database.ts';
import { FileLock } from '../../../src/state/sqlite/file-lock.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'ferry-database-'));
after(() => rmSync(directory, { recursive: true }));

test('a full disk is said so, and the transaction is undone', () => {
  using db = new Database(path.join(directory, 'full.db'));
  db.exec('CREATE TABLE t (a TEXT) STRICT; PRAGMA max_page_count = 4');
  const insert = db.prepare('INSERT INTO t VALUES (?)');
  assert.throws(
    () =>
      db.transaction(() => {
        for (let i = 0; i < 10; i++) insert.run('x'.repeat(4000));
      }),
    (error) => isFerryError(error, 'disk-full') && error.message.includes('full.db'),
  );
  assert.deepEqual(db.prepare<{ n: number }>('SELECT count(*) AS n FROM t').get()?.n, 0);
  db.transaction(() => insert.run('fits'));
});

test('a transaction that throws leaves nothing', () => {
  using db = new Database(path.join(directory, 'undo.db'));
  db.exec('CREATE TABLE t (a INTEGER) STRICT');
  assert.throws(() =>
    db.transaction(() => {
      db.exec('INSERT INTO t VALUES (1)');
      throw new Error('changed my mind');
    }),
  );
  assert.equal(db.prepare<{ n: number }>('SELECT count(*) AS n FROM t').get()?.n, 0);
});

test('a lock of another connection is busy, not broken', () => {
  const file = path.join(directory, 'busy.db');
  using one = new Database(file);
  using two = new Database(file, { timeout: 0 });
  one.exec('BEGIN IMMEDIATE');
  assert.throws(
    () => two.transaction(() => {}),
    (error) => isBusy(error) && isFerryError(error, 'state'),
  );
});

test('a file that cannot be opened names the file and the remedy', () => {
  assert.throws(
    () => new Database(path.join(directory, 'no', 'such.db')),
    (error) => isFerryError(error, 'permission') && error.message.includes('such.db'),
  );
});

test('a file lock is held once, seen by others, and free after release', () => {
  const file = path.join(directory, 'a.lock');
  assert.equal(FileLock.isHeld(file), false);
  const lock = FileLock.tryAcquire(file);
  assert.ok(lock);
  assert.equal(FileLock.tryAcquire(file), undefined);
  assert.equal(FileLock.isHeld(file), true);
  lock.release();
  assert.equal(FileLock.isHeld(file), false);
  FileLock.tryAcquire(file)?.release();
});
