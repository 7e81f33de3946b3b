// The command line from words to exit code, on real stores, state and engine in a directory of its own.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { commandGroups } from '../../../src/cli/commands/table.ts';
import { completionScript } from '../../../src/cli/completion.ts';
import { JSON_TYPES } from '../../../src/cli/output/json-types.ts';
import { ERROR_CATALOGUE } from '../../../src/model/errors.ts';
import { openState } from '../../../src/state/sqlite/open.ts';
import { StoreRegistry } from '../../../src/store/registry.ts';
import { fileDriver } from '../../../src/stores/file/driver.ts';
import { typed, type Result } from './command-line.ts';

let folder = '';
let taskFile = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry-cli-'));
  taskFile = join(folder, 'letters.yaml');
  await mkdir(join(folder, 'from/deep'), { recursive: true });
  for (const name of ['a.txt', 'deep/b.txt', 'deep/ü 日本.txt'])
    await writeFile(join(folder, 'from', name), name.repeat(10));
  await writeFile(
    taskFile,
    `type: copy\nsource: { type: fs, path: ${folder}/from }\ndestination: { type: fs, path: ${folder}/to }\n`,
  );
});
after(async () => await rm(folder, { recursive: true }));

const stores = new StoreRegistry([fileDriver()]);

function ferry(...words: string[]): Promise<Result> {
  return typed(words, { stores, env: environment() });
}

function environment(): Record<string, string> {
  return { FERRY_HOME: join(folder, 'home') };
}

test('the report of a run names objects as the task file says, wherever it goes', async () => {
  const lines = async (name: string, report: string): Promise<number | undefined> => {
    const file = join(folder, `${name}.yaml`);
    const ends = `source: { type: fs, path: ${folder}/from }\ndestination: { type: fs, path: ${folder}/${name} }\n`;
    await writeFile(file, `type: copy\n${ends}${report}`);
    const { code, err } = await ferry('run', name, '-t', file);
    assert.equal(code, 0, err);
    const evidence = await readFile(join(folder, `home/reports/${name}/run/evidence.jsonl`), 'utf8').catch(
      () => undefined,
    );
    return evidence?.trim().split('\n').length;
  };
  // The first line tells what it is about, the last counts.
  assert.equal(await lines('every', 'report: { evidence: all }\n'), 3 + 2);
  assert.equal(await lines('default', ''), 2);
  assert.equal(await lines('nothing', 'report: { evidence: none }\n'), undefined);
  for (const name of ['every', 'default', 'nothing']) await ferry('delete', name, '--yes');
});

test('a task from its file to its proof and its end', async () => {
  assert.equal((await ferry('check', '-t', taskFile)).code, 0);
  const plan = await ferry('plan', '-t', taskFile);
  assert.equal(plan.code, 0);
  assert.match(plan.out, /\+ copy +3 objects/);

  const first = await ferry('run', 'letters', '-t', taskFile);
  assert.equal(first.code, 0, first.err);
  assert.match(first.out, /letters finished in [^]*copied +3 objects/);
  assert.equal(await readFile(join(folder, 'to/deep/ü 日本.txt'), 'utf8'), 'deep/ü 日本.txt'.repeat(10));

  const second = await ferry('run', 'letters');
  assert.match(second.out, /skipped +3 objects/);

  const status = await ferry('status', 'letters');
  assert.match(status.out, /2 passes finished/);
  assert.match(
    (await ferry('status')).out,
    /^NAME +STATE +LISTED +COPIED +BYTES +SKIPPED +FAILED[^]*\nletters +finished +3 +0 +0 B +3 +0/,
  );
  assert.equal((await ferry('status', '--names')).out, 'letters\n');

  const again = await ferry('plan', '-t', taskFile);
  assert.match(again.out, /^Plan for letters\n[^]*= skip +3 objects/, 'a file alone is known by its task');

  const verified = await ferry('verify', 'letters', '--full', '--evidence', 'all', '--report', join(folder, 'proof'));
  assert.equal(verified.code, 0, verified.err);
  assert.match(verified.out, /SHA-256 chain ends in [0-9a-f]{64}/);
  const checked = await ferry('verify', '--check-report', join(folder, 'proof/report.json'));
  assert.equal(checked.code, 0);
  assert.match(checked.out, /^sound: 5 lines/);

  const bySize = await ferry('verify', 'letters', '--size');
  assert.match(bySize.out, /^letters: no difference found, but not all bytes were compared/);
  assert.match(bySize.out, /^ +only by +size \(bytes not compared\): 3 objects$/m);
  assert.match(verified.out, /^letters: both sides are the same/);
  assert.match(verified.out, /^ +proven by all bytes of both sides read again, and metadata: 3 objects$/m);
  assert.match(await readFile(join(folder, 'proof/report.html'), 'utf8'), /How it is known[^]*all bytes of both sides/);

  await writeFile(join(folder, 'to/a.txt'), 'changed!'.repeat(6) + 'xx');
  const differs = await ferry('verify', '-t', taskFile, '--json');
  assert.equal(differs.code, 4);
  const types = differs.out.trim().split('\n').map((line) => typeOf(line)); // prettier-ignore
  assert.equal(types.filter((type) => type === 'difference').length, 1);
  assert.equal(types.at(-1), 'summary');
  assert.match(differs.out, /"proof":\{"methods":\{"[a-z0-9-]+":2\}/, 'what differs is proven by nothing');
  const told = await ferry('verify', 'letters');
  assert.match(told.out, /^ +differ +1 object: contents differ$[^]*^ +next +see why/m);
  assert.match(
    (await ferry('verify', 'letters', '--repair')).out,
    /^letters: both sides are the same[^]*^ +repaired +1 object/m,
  );
  assert.equal((await ferry('verify', 'letters')).code, 0);

  assert.equal((await ferry('failures', 'letters')).code, 0);
  assert.equal((await ferry('delete', 'letters')).code, 2, 'nobody can be asked without a terminal');
  assert.equal((await ferry('clean', '--yes')).code, 0);
  assert.equal((await ferry('status', 'letters')).code, 2);
});

test('a task that got nowhere is corrected by its file; one that did something stays what it is', async () => {
  const write = async (from: string): Promise<string> => {
    const file = join(folder, 'corrected.yaml');
    const ends = `source: { type: fs, path: ${folder}/${from} }\ndestination: { type: fs, path: ${folder}/corrected }\n`;
    await writeFile(file, `type: copy\n${ends}`);
    return file;
  };
  assert.equal((await ferry('run', 'corrected', '-t', await write('form'))).code, 1);
  const planned = await ferry('plan', 'corrected', '-t', await write('from'));
  assert.equal(planned.code, 0, planned.err);
  const run = await ferry('run', 'corrected', '-t', await write('from'));
  assert.equal(run.code, 0, run.err);
  for (const verb of ['run', 'plan']) {
    const other = await ferry(verb, 'corrected', '-t', await write('from/deep'));
    assert.equal(other.code, 2);
    assert.match(other.err, /its source is file:\S+\/from, not file:\S+\/from\/deep[^]*`ferry delete corrected`/);
  }
  await ferry('delete', 'corrected', '--yes');
});

test('failures are shown by cause, listed, and tried again', async () => {
  const secret = join(folder, 'from/\u0001odd');
  await writeFile(secret, 'x');
  assert.equal((await ferry('run', 'odd', '-t', taskFile)).code, 0);
  const state = await openState(join(folder, 'home/ferry.db'));
  {
    await using lease = await state.lease('odd', 'test');
    const journal = await state.journal(lease);
    const failure = {
      operation: 'write',
      code: 'access-denied',
      message: 'write was refused with Forbidden: not before nine',
      remedy: 'Grant it.',
      at: 1,
      attempts: 3,
    };
    await journal.checkpoint({
      ranges: [],
      counters: { ...journal.task.counters, failed: 2 },
      failed: ['\u0001odd', 'gone\nkey'].map((key) => ({ key, ...failure })),
      resolved: [],
    });
    await journal.endPass('finished', 2);
  }
  await state[Symbol.asyncDispose]();
  const groups = await ferry('failures', 'odd');
  const { cause, remedy } = ERROR_CATALOGUE['access-denied'];
  assert.match(groups.out, /^2 objects \[access-denied\]/);
  const told = [
    cause,
    remedy,
    'write was refused with Forbidden: not before nine',
    'Grant it.',
    '\\x01odd',
    'gone\\nkey',
  ];
  const places = told.map((text) => groups.out.indexOf(text));
  assert.ok(
    places.every((place, i) => place > (places[i - 1] ?? 0)),
    groups.out,
  );
  const list = await ferry('failures', 'odd', '--list');
  assert.equal(list.out, '\u0001odd\n');
  assert.match(list.err, /1 key with line breaks/);
  const json = await ferry('failures', 'odd', '--json');
  assert.equal(json.out.trim().split('\n').length, 2);
  const retried = await ferry('failures', 'odd', '--retry');
  assert.equal(retried.code, 0, 'one is copied, and what the source has no more needs no copy');
  assert.equal((await ferry('failures', 'odd')).out, '');
  const nothing = await ferry('failures', 'odd', '--retry');
  assert.deepEqual([nothing.code, nothing.out], [0, ''], 'with nothing to try again nothing is run');
  assert.match(nothing.err, /^Nothing failed in odd/);
});

test('a task that runs elsewhere answers 75, and is not deleted', async () => {
  await ferry('run', 'busy', '-t', taskFile);
  const state = await openState(join(folder, 'home/ferry.db'));
  {
    await using _ = await state.lease('busy', 'elsewhere (process 1)');
    const run = await ferry('run', 'busy');
    assert.equal(run.code, 75, run.err);
    assert.match(run.err, /elsewhere \(process 1\)/);
    assert.equal((await ferry('delete', 'busy', '--yes')).code, 75);
  }
  await state[Symbol.asyncDispose]();
  assert.equal((await ferry('delete', 'busy', '--yes')).code, 0);
});

test('before something is forgotten a person is asked, and only yes means yes', async () => {
  await ferry('run', 'asked', '-t', taskFile);
  for (const [answer, left] of [
    ['\n', true],
    ['n\n', true],
    ['yes\n', false],
  ] as const) {
    const terminal = Object.assign(Readable.from([answer]), { isTTY: true });
    const { code, err } = await typed(['delete', 'asked'], { stores, env: environment(), stdin: terminal });
    assert.equal(code, 0);
    assert.match(err, /Forget task "asked".*\[y\/N\]/);
    assert.equal((await ferry('status', '--names')).out.includes('asked'), left);
  }
});

test('JSON lines have the types and fields the reference names', async () => {
  await ferry('run', 'lines', '-t', taskFile);
  await writeFile(join(folder, 'to/a.txt'), 'other');
  const calls = [
    ['run', 'lines'], ['verify', 'lines'], ['plan', 'lines'], ['check', '-t', taskFile], ['status'], ['status', 'lines'], ['version'], ['delete', 'lines', '--yes'], ['status', 'lines'],
  ]; // prettier-ignore
  const seen = new Set<string>();
  for (const words of calls) {
    const { out, err } = await ferry(...words, '--json');
    for (const line of (out + err).split('\n').filter((text) => text.startsWith('{'))) {
      const { type, version, ...fields } = Line.parse(JSON.parse(line));
      assert.equal(version, 1);
      seen.add(type);
      const named = JSON_TYPES[type]?.fields ?? '';
      for (const field of Object.keys(fields)) {
        assert.ok(field === 'time' || named.split(/[^A-Za-z]+/).includes(field), `${type}: ${field}`);
      }
    }
  }
  for (const type of ['started', 'progress', 'summary', 'plan', 'check', 'task', 'version', 'error'])
    assert.ok(seen.has(type), type);
});

test('mistakes name the nearest word, cost nothing, and exit 2', async () => {
  const cases: readonly (readonly [string[], RegExp])[] = [
    [['runn', 'x'], /unknown command 'runn'[^]*Did you mean run\?/],
    [['status', '--jsn'], /unknown option '--jsn'[^]*Did you mean --json\?/],
    [['run', '-t', taskFile], /missing required argument 'NAME'[^]*Write `ferry run NAME \[OPTIONS\]`/],
    [['run', 'x', '--concurrency', 'many'], /whole number from 1 to 10000/],
    [['run', 'x', '--bandwidth', 'fast'], /20MiB/],
    [['run', 'nobody'], /there is no task "nobody"[^]*ferry run nobody -t/],
    [['verify', '--size', '--full', '-t', taskFile], /contradict/],
    [['plan'], /neither a task name nor a task file/],
    [['help', 'acces-denied'], /there is no help on "acces-denied"/],
    [['completion', 'csh'], /bash, zsh, fish/],
    [
      ['check', '-t', join(folder, 'absent.yaml')],
      /the task file \/.*absent\.yaml does not exist[^]*remedy +Check the path after `-t`/,
    ],
  ];
  for (const [words, expected] of cases) {
    const { code, out, err } = await ferry(...words);
    assert.equal(code, 2, words.join(' '));
    assert.equal(out, '', words.join(' '));
    assert.match(err, expected);
  }
  const wrong = join(folder, 'wrong.yaml');
  await writeFile(wrong, 'type: copy\nsorce: {}\ncompare: sometimes\n');
  const lines = (await ferry('run', 'x', '-t', wrong)).err.split('\n');
  assert.ok(
    lines.some((line) => /^ +.*wrong\.yaml:2:1 sorce: unknown key; did you mean "source"\?/.test(line)),
    'a line each',
  );
  const { err } = await ferry('run', 'nobody', '--json');
  assert.partialDeepStrictEqual(JSON.parse(err), { type: 'error', code: 'task-not-found' });
});

test('every command explains itself with a sentence, examples and exit codes', async () => {
  for (const { name, summary } of commandGroups().flatMap(({ commands }) => commands)) {
    const { code, out } = await ferry(name, '--help');
    assert.equal(code, 0);
    assert.equal(out, (await ferry('help', name)).out);
    for (const part of [summary.split(' ')[0]!, 'Usage', 'Examples', `  ferry ${name}`, 'Exit codes']) {
      assert.ok(out.includes(part), `${name}: ${part}`);
    }
    assert.ok(
      out.split('\n').every((line) => line.length <= 100),
      name,
    );
  }
  assert.equal((await ferry()).out, (await ferry('help')).out);
  for (const code of Object.keys(ERROR_CATALOGUE)) assert.equal((await ferry('help', code)).code, 0);
});

test('completion scripts are sound for their shells and know every command and option', async (t) => {
  const commands = commandGroups().flatMap((group) => group.commands);
  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    const script = completionScript(shell, commands);
    for (const { name, options } of commands) {
      assert.ok(script.includes(name));
      for (const { long } of options) assert.ok(script.includes(long), `${shell}: ${long}`);
    }
    const file = join(folder, `completion.${shell}`);
    await writeFile(file, script);
    const check = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
    if (check.error) t.diagnostic(`${shell} is not installed; its script was not parsed`);
    else assert.equal(check.stderr, '');
  }
});

const Line = z.looseObject({ type: z.string(), version: z.number() });

function typeOf(line: string): unknown {
  const value: unknown = JSON.parse(line);
  return typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
}
