import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { isFerryError } from '../../../src/model/errors.ts';
import { Secret } from '../../../src/model/secret.ts';
import { createLogger, type LogOptions } from '../../../src/observe/log.ts';

async function inDirectory(body: (file: string, options: LogOptions) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(path.join(tmpdir(), 'ferry-log-'));
  const file = path.join(directory, 'logs', 'ferry.log');
  try {
    await body(file, { level: 'info', file, maxSize: 1e6, keep: 2, now: () => 0 });
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function lines(file: string): Promise<unknown[]> {
  const text = await readFile(file, 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line));
}

test('a line is JSON with time, level, process and message; lesser levels are left out', () =>
  inDirectory(async (file, options) => {
    {
      await using log = await createLogger(options);
      log.debug('too small');
      log.info('started', { task: 't', objects: 3 });
      log.child({ task: 'child' }).fatal('over', { error: new Error('why') });
    }
    const [first, second, ...none] = await lines(file);
    const common = { time: '1970-01-01T00:00:00.000Z', pid: process.pid };
    assert.deepEqual(first, { level: 'info', ...common, task: 't', objects: 3, message: 'started' });
    assert.partialDeepStrictEqual(second, { level: 'fatal', task: 'child', error: { message: 'why' } });
    assert.deepEqual(none, []);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
  }));

test('no secret gets into the file: not by type, name, value, URL, cause or child', () =>
  inDirectory(async (file, options) => {
    {
      await using log = await createLogger({ ...options, level: 'debug' });
      const secret = new Secret('hunter2/+x');
      log.conceal([secret, new Secret('abc')]);
      const child = log.child({ secret, proxy: 'http://u:hunter2/+x@proxy' });
      for (const each of [log, child]) {
        each.debug(`the password is ${secret.reveal()}`, { options: { secret_access_key: 'hunter2/+x' } });
        each.info(`in a URL ${encodeURIComponent(secret.reveal())}`, { secret, [secret.reveal()]: 1 });
        each.warn('nested', { error: new Error('a', { cause: new Error(`b ${secret.reveal()}`) }) });
        each.error('signed', { url: 'https://h/?X-Amz-Signature=hunter2&a=b' });
      }
      log.info('abc is too short to be hidden everywhere');
    }
    const text = await readFile(file, 'utf8');
    assert.doesNotMatch(text, /hunter2/);
    assert.match(text, /abc is too short/);
    assert.equal((await lines(file)).length, 9);
  }));

test('a full file starts anew, and only so many old ones are kept', () =>
  inDirectory(async (file, options) => {
    for (let round = 0; round < 6; round++) {
      await using log = await createLogger({ ...options, maxSize: 2000 });
      for (let i = 0; i < 12; i++) log.info('x'.repeat(150), { round, i });
    }
    assert.deepEqual((await readdir(path.dirname(file))).sort(), ['ferry.log', 'ferry.log.1', 'ferry.log.2']);
    assert.ok((await stat(`${file}.1`)).size >= 2000);
    for (const each of [file, `${file}.1`, `${file}.2`]) await lines(each);
  }));

test('a later process appends', () =>
  inDirectory(async (file, options) => {
    for (const message of ['one', 'two']) {
      await using log = await createLogger(options);
      log.info(message);
    }
    assert.equal((await lines(file)).length, 2);
  }));

test('a log that cannot be opened is said so', () =>
  inDirectory(async (file, options) => {
    await writeFile(path.dirname(file), 'a file where the directory should be');
    await assert.rejects(
      createLogger(options),
      (error) => isFerryError(error, 'permission') && error.message.includes(file),
    );
  }));

test('closing twice is harmless, and what is logged after is dropped in silence', () =>
  inDirectory(async (file, options) => {
    const log = await createLogger({ ...options, onFailure: assert.fail });
    log.info('kept');
    await log[Symbol.asyncDispose]();
    log.info('late');
    await log[Symbol.asyncDispose]();
    assert.equal((await lines(file)).length, 1);
  }));
