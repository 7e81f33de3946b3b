// What a changed task file does to a pass under way and to the baseline; state and command line are real.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { access, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { after, before, test } from 'node:test';
import { openServices } from '../../../src/cli/open-services.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { settledBaseline, type Selection } from '../../../src/tasks/selection.ts';
import { openState } from '../../../src/state/sqlite/open.ts';
import { NO_COUNTERS, type Counters, type StateStore, type TaskJournal } from '../../../src/state/state-store.ts';
import { StoreRegistry } from '../../../src/store/registry.ts';
import { fileDriver } from '../../../src/stores/file/driver.ts';

const EVERYTHING = { after: null, through: null, position: null, done: false };
const NARROW: Selection = {
  type: 'copy',
  compare: 'auto',
  createOnly: false,
  filters: { include: ['*.txt'], exclude: [] },
};
const WIDE: Selection = { ...NARROW, filters: { include: [], exclude: [] } };

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry-selection-'));
  await mkdir(join(folder, 'from'));
  for (const name of ['a.bin', 'b.txt', 'y.txt']) await writeFile(join(folder, 'from', name), name);
});
after(async () => await rm(folder, { recursive: true }));

test('a baseline vouches only for passes with the same selection', async () => {
  await withJournal('baseline', async (journal) => {
    const notices: string[] = [];
    const baseline = (selection: Selection, now: number): Promise<number | undefined> =>
      settledBaseline(journal, selection, now, (event) => event.type === 'notice' && notices.push(event.message));
    const pass = async (at: number): Promise<void> => {
      await journal.beginPass([EVERYTHING], at);
      await journal.endPass('finished', at + 5);
    };
    assert.equal(await baseline(NARROW, 10), undefined);
    await pass(20);
    assert.equal(await baseline(NARROW, 30), 20);

    for (const [change, other] of [
      WIDE,
      { ...WIDE, compare: 'size' as const },
      { ...WIDE, compare: 'size' as const, createOnly: true },
    ].entries()) {
      const at = 100 * (change + 1);
      assert.equal(await baseline(other, at), undefined);
      assert.equal(await baseline(other, at + 1), undefined, 'nor when the first pass that has it is resumed');
      await pass(at + 10);
      assert.equal(await baseline(other, at + 20), at + 10);
    }
    assert.deepEqual(notices, [], 'no pass was under way');
  });
});

test('an unfinished pass ends with its selection, and goes on with it', async () => {
  await withJournal('pass', async (journal) => {
    const notices: string[] = [];
    const settle = (selection: Selection): Promise<number | undefined> =>
      settledBaseline(journal, selection, 50, (event) => event.type === 'notice' && notices.push(event.message));
    await settle(NARROW);
    await journal.beginPass([EVERYTHING], 20);
    await settle(NARROW);
    assert.equal((await journal.ranges()).length, 1);
    await settle(WIDE);
    assert.deepEqual(await journal.ranges(), []);
    assert.equal(journal.task.passes, 0);
    assert.equal(notices.length, 1);
    assert.match(notices[0]!, /filters/);
  });
});

test('filters widened between Ctrl-C and resume reach the keys already passed', async () => {
  assert.equal(await ferry('run', 'widened', '-t', await taskFile('filters: { include: ["*.txt"] }')), 0);
  await rm(join(folder, 'to/y.txt'));
  await withState(async (state) => {
    await using lease = await state.lease('widened', 'test');
    const journal = await state.journal(lease);
    await journal.beginPass([{ ...EVERYTHING, position: 'm' }], Date.now());
    await journal.interrupt('interrupted', Date.now());
  });
  assert.equal(await ferry('run', 'widened', '-t', await taskFile('')), 0);
  assert.equal(await readFile(join(folder, 'to/a.bin'), 'utf8'), 'a.bin');
  await access(join(folder, 'to/y.txt'));
});

test('a plan with another selection does not build on what was copied under the old one', async () => {
  const older = async (): Promise<void> => {
    // As large as the source's and older, so that nothing but the baseline speaks for the copy.
    await writeFile(join(folder, 'from/a.bin'), 'A.BIN');
    await writeFile(join(folder, 'to/a.bin'), 'other');
    for (const side of ['from', 'to']) await utimes(join(folder, side, 'a.bin'), 1_000_000, 1_000_000);
  };
  assert.equal(await ferry('run', 'planned', '-t', await taskFile('filters: { include: ["*.txt"] }')), 0);
  await older();
  const planned = async (...words: string[]): Promise<unknown> => JSON.parse(lastLine(await output('plan', 'planned', ...words, '--json'))).overwrite.objects; // prettier-ignore
  const wide = await taskFile('');
  assert.equal(await planned('-t', wide), 3, 'the pass that finished vouches for nothing');
  assert.equal(await ferry('run', 'planned', '-t', wide), 0);
  assert.equal(await readFile(join(folder, 'to/a.bin'), 'utf8'), 'A.BIN');
  await older();
  assert.equal(await planned(), 0, 'now it does');
  assert.equal(await planned('-t', await taskFile('', 'elsewhere')).catch(() => 'refused'), 'refused');
});

test('what failed in a pass is copied by the next though it looks unchanged, by the same selection or another', async () => {
  assert.equal(await ferry('run', 'failing', '-t', await taskFile('')), 0);
  const counts = async (...words: string[]): Promise<Record<string, unknown>> => JSON.parse(lastLine(await output(...words, '--json'))); // prettier-ignore
  assert.deepEqual((await counts('plan', 'failing'))['overwrite'], { objects: 0, bytes: 0 });
  const fail = async (): Promise<void> =>
    await withState(async (state) => {
      await using lease = await state.lease('failing', 'test');
      const journal = await state.journal(lease);
      await journal.beginPass([EVERYTHING], Date.now());
      const failure = { key: 'b.txt', operation: 'read', code: 'network', message: '', remedy: '', at: 0, attempts: 1 };
      const ranges = [{ ...EVERYTHING, done: true }];
      await journal.checkpoint({ ranges, counters: { ...NO_COUNTERS, failed: 1 }, failed: [failure], resolved: [] });
      await journal.endPass('failed', Date.now());
    });
  await fail();
  assert.deepEqual((await counts('plan', 'failing'))['overwrite'], { objects: 1, bytes: 5 });
  const copied = async (...words: string[]): Promise<unknown> => ((await counts('run', 'failing', ...words))['counters'] as Counters).copied; // prettier-ignore
  assert.equal(await copied(), 1);
  assert.equal(await copied(), 0);
  await fail();
  assert.equal(await copied('-t', await taskFile('filters: { exclude: ["nothing"] }')), 3, 'the baseline is another');
  assert.equal(await copied(), 0);
});

test('another encoding of names between Ctrl-C and resume reaches the names already passed', async () => {
  const wrong = async (encoding: string): Promise<string> =>
    await taskFile('', 'to', `, options: { encoding: ${encoding} }`);
  const name = Buffer.concat([Buffer.from(join(folder, 'from/')), Buffer.from([0x61, 0xce, 0xc4])]);
  await writeFile(name, 'x');
  try {
    assert.equal(await ferry('run', 'names', '-t', await wrong('utf8')), 3);
    await withState(async (state) => {
      await using lease = await state.lease('names', 'test');
      const journal = await state.journal(lease);
      await journal.beginPass([{ ...EVERYTHING, position: 'm' }], Date.now());
      await journal.interrupt('interrupted', Date.now());
    });
    assert.equal(await ferry('run', 'names', '-t', await wrong('gbk')), 0);
    await access(join(folder, 'to/a文'));
  } finally {
    await rm(name);
  }
});

test('a run that is refused leaves the task file of the one that runs', async () => {
  assert.equal(await ferry('run', 'held', '-t', await taskFile('')), 0);
  await withState(async (state) => {
    const { file } = (await state.getTask('held'))!;
    {
      await using _ = await state.lease('held', 'elsewhere (process 1)');
      assert.equal(await ferry('run', 'held', '-t', await taskFile('compare: size')), 75);
      assert.equal((await state.getTask('held'))!.file, file);
    }
    assert.equal(await ferry('run', 'held', '-t', await taskFile('compare: size')), 0);
    assert.match((await state.getTask('held'))!.file, /compare: size/);
  });
});

test('source and destination in each other are refused by every verb that would list them', async () => {
  const inside = await taskFile('delete_extraneous: true', 'from/copies');
  for (const words of [['run', 'inside'], ['plan'], ['verify'], ['check']])
    assert.equal(await ferry(...words, '-t', inside), 2, words[0]);
  await assert.rejects(access(join(folder, 'from/copies')));
  await withState(async (state) => assert.equal(await state.getTask('inside'), undefined));
});

async function taskFile(more: string, to = 'to', source = ''): Promise<string> {
  const file = join(folder, 'task.yaml');
  await writeFile(
    file,
    `type: copy\nsource: { type: fs, path: ${folder}/from${source} }\ndestination: { type: fs, path: ${folder}/${to} }\n${more}\n`,
  );
  return file;
}

async function withState(work: (state: StateStore) => Promise<void>): Promise<void> {
  await using state = await openState(join(folder, 'home/ferry.db'));
  await work(state);
}

async function withJournal(name: string, work: (journal: TaskJournal) => Promise<void>): Promise<void> {
  await using state = await openState(join(folder, `${name}.db`));
  await state.createTask({ name, file: '', identity: name, createdAt: 0 });
  await using lease = await state.lease(name, 'test');
  await work(await state.journal(lease));
}

function ferry(...words: string[]): Promise<number> {
  return call(nowhere(), words);
}

async function output(...words: string[]): Promise<string> {
  let text = '';
  const stdout = new Writable({ write: (chunk, _, done) => (text += String(chunk), done()) }); // prettier-ignore
  await call(stdout, words);
  return text;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)!;
}

function call(stdout: Writable, words: string[]): Promise<number> {
  const registry = new StoreRegistry([fileDriver()]);
  const env = { FERRY_HOME: join(folder, 'home') };
  return runProgram(words, {
    io: { stdout, stderr: nowhere(), stdin: Readable.from([]), env },
    signals: new EventEmitter(),
    now: Date.now,
    stores: registry,
    exit: () => assert.fail('nothing ends the process'),
    openServices: (globals) =>
      openServices({ registry, env, globals, now: Date.now, random: Math.random, warn: assert.fail }),
  });
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
