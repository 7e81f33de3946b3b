import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FerryError } from '../../../src/model/errors.ts';
import { GroupCommit } from '../../../src/state/sqlite/group-commit.ts';

class CountingDatabase {
  transactions = 0;
  failure: Error | undefined;

  transaction<T>(work: () => T): T {
    this.transactions++;
    const result = work();
    if (this.failure) throw this.failure;
    return result;
  }
}

test('what one turn of the event loop adds shares one transaction', async () => {
  const db = new CountingDatabase();
  const group = new GroupCommit(db, ['task-running']);
  const done: number[] = [];
  await Promise.all(Array.from({ length: 100 }, (_, i) => group.add(() => done.push(i))));
  assert.equal(db.transactions, 1);
  assert.equal(done.length, 100);
  await group.add(() => done.push(100));
  assert.equal(db.transactions, 2);
});

test('a refused write fails alone; a failed commit fails every one', async () => {
  const db = new CountingDatabase();
  const group = new GroupCommit(db, ['task-running']);
  const mixed = await Promise.allSettled([group.add(() => {}), group.add(refuse), group.add(() => {})]);
  assert.deepEqual(
    mixed.map((outcome) => outcome.status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  db.failure = new FerryError('disk-full');
  const lost = await Promise.allSettled([group.add(() => {}), group.add(() => {})]);
  assert.ok(lost.every((outcome) => outcome.status === 'rejected' && outcome.reason === db.failure));
});

function refuse(): void {
  throw new FerryError('task-running');
}

test('flush commits at once and leaves nothing for later', async () => {
  const db = new CountingDatabase();
  const group = new GroupCommit(db, ['task-running']);
  const write = group.add(() => {});
  group.flush();
  assert.equal(db.transactions, 1);
  await write;
  group.flush();
  assert.equal(db.transactions, 1);
});
