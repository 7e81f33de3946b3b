// What is told of task files is read once for each text.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KnownFiles } from '../../../src/control/tasks/known-files.ts';
import { FerryError } from '../../../src/model/errors.ts';
import { NO_COUNTERS, type TaskRecord } from '../../../src/state/state-store.ts';
import { copySpec } from '../../peers/task-spec.ts';

const record = (name: string, file: string): TaskRecord => ({
  name,
  file,
  identity: '',
  createdAt: 0,
  state: 'created',
  passes: 0,
  counters: NO_COUNTERS,
});

class Parser {
  readonly read: string[] = [];
  gone = false;

  async parseTask(text: string) {
    this.read.push(text);
    if (this.gone) throw new FerryError('configuration', { message: 'there is no such store' });
    return { spec: { ...copySpec('memory'), limits: { bandwidth: [], concurrency: text.length } }, text, secrets: [] };
  }
}

test('a file is read when it is first asked for, and when its text is another', async () => {
  const parser = new Parser();
  const files = new KnownFiles(parser);
  assert.equal((await files.of(record('a', 'xx')))?.limits.concurrency, 2);
  assert.equal((await files.of(record('a', 'xx')))?.limits.concurrency, 2);
  assert.equal((await files.of(record('a', 'xxx')))?.limits.concurrency, 3);
  assert.deepEqual(parser.read, ['xx', 'xxx']);
});

test('what could not be read is tried again', async () => {
  const parser = new Parser();
  const files = new KnownFiles(parser);
  parser.gone = true;
  assert.equal(await files.of(record('a', 'xx')), undefined);
  parser.gone = false;
  assert.equal((await files.of(record('a', 'xx')))?.limits.concurrency, 2);
});

test('so many are remembered, those asked for last', async () => {
  const parser = new Parser();
  const files = new KnownFiles(parser);
  await files.of(record('kept', 'kept'));
  for (let i = 0; i < 9_999; i++) await files.of(record('t', `file ${i}`));
  await files.of(record('kept', 'kept'));
  assert.equal(parser.read.length, 10_000);
  await files.of(record('t', 'one more'));
  await files.of(record('t', 'file 0'));
  await files.of(record('kept', 'kept'));
  assert.equal(parser.read.length, 10_002);
});
