// Files whose names cannot be read, and lines of a list that name nothing: told as failures, never passed over.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { fileDriver } from '../../../src/stores/file/driver.ts';
import { filelistDriver } from '../../../src/stores/filelist/driver.ts';
import { Ferry } from './in-process.ts';

/** Path of a name that is bytes. */
function raw(folder: string, ...bytes: readonly number[]): Buffer {
  return Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(bytes)]);
}

const counters = (out: string): Record<string, number> => {
  const last: unknown = JSON.parse(out.trim().split('\n').at(-1)!);
  assert.ok(typeof last === 'object' && last !== null && 'counters' in last);
  return last.counters as Record<string, number>;
};

for (const [encoding, bytes, shown] of [
  ['gbk', [0xff, 0xff], '‛ff‛ff'],
  ['utf-8', [0x63, 0x61, 0x66, 0xe9], 'caf‛e9'],
] as const) {
  test(`a file whose name is no ${encoding} fails until it is renamed`, async () => {
    using ferry = new Ferry();
    const from = ferry.at('from');
    fs.mkdirSync(ferry.at('from/sub'), { recursive: true });
    fs.writeFileSync(ferry.at('from/sub/plain'), 'x');
    fs.writeFileSync(raw(`${from}/sub`, ...bytes), 'lost?');
    fs.symlinkSync('plain', ferry.at('from/sub/link'));
    const task = ferry.task(
      `type: copy\nsource: { type: file, path: ${from}, options: { encoding: ${encoding} } }\ndestination: { type: file, path: ${ferry.at('to')} }\n`,
    );
    const plan = await ferry.run('plan', '-t', task);
    assert.match(plan.out, /fail +1 object/);
    assert.ok(plan.out.includes(`sub/${shown}`), plan.out);

    const run = await ferry.run('run', 'names', '-t', task);
    assert.equal(run.code, 3, run.out + run.err);
    assert.match(run.out, /failed +1 object\n/);
    assert.match(run.out, /irregular +1 object/);
    assert.doesNotMatch(run.out, /left out/);
    assert.ok(run.err.includes(`sub/${shown}`), run.err);

    const failures = await ferry.run('failures', 'names');
    assert.match(failures.out, /1 object \[bad-key\]/);
    assert.match(failures.out, /remedy .*encoding.*rename/i);
    assert.ok(failures.out.includes(`sub/${shown}`), failures.out);

    assert.equal((await ferry.run('failures', 'names', '--retry')).code, 3, 'still the same name');
    const again = JSON.parse((await ferry.run('failures', 'names', '--json')).out);
    assert.partialDeepStrictEqual(again, { key: `sub/${shown}`, code: 'bad-key', attempts: 2 });
    assert.match(again.message, /not valid/);

    const verified = await ferry.run('verify', 'names', '--json');
    assert.equal(verified.code, 4);
    assert.match(verified.out, /"type":"difference".*"kind":"unverified".*not valid/);
    assert.partialDeepStrictEqual(counters(verified.out), { irregular: 1, filtered: 0, failed: 1 });

    fs.renameSync(raw(`${from}/sub`, ...bytes), ferry.at('from/sub/renamed'));
    assert.equal((await ferry.run('failures', 'names', '--retry')).code, 0, 'gone from under that name');
    assert.equal((await ferry.run('run', 'names')).code, 0);
    assert.equal(fs.readFileSync(ferry.at('to/sub/renamed'), 'utf8'), 'lost?');
    assert.equal((await ferry.run('verify', 'names')).code, 0);
  });
}

test('a directory whose name cannot be read fails too, and a filter leaves out what it names', async () => {
  using ferry = new Ferry();
  const from = ferry.at('from');
  fs.mkdirSync(raw(from, 0xff), { recursive: true });
  fs.writeFileSync(Buffer.concat([raw(from, 0xff), Buffer.from('/inside')]), 'x');
  fs.writeFileSync(ferry.at('from/.ferry-tmp-mine'), 'x');
  const task = (filters: string): string =>
    ferry.task(
      `type: copy\nsource: { type: file, path: ${from} }\ndestination: { type: file, path: ${ferry.at('to')} }\n${filters}`,
    );
  const run = await ferry.run('run', 'dir', '-t', task(''), '--json');
  assert.equal(run.code, 3, run.err);
  assert.partialDeepStrictEqual(counters(run.out), { failed: 2, filtered: 0, irregular: 0 });
  assert.match(run.out, /"key":"‛ff".*directory/);
  const filtered = await ferry.run('run', 'dir', '-t', task('filters: { exclude: ["‛ff", ".ferry-*"] }\n'), '--json');
  assert.equal(filtered.code, 0, filtered.err);
  assert.partialDeepStrictEqual(counters(filtered.out), { failed: 0, filtered: 2, irregular: 0 });
});

test('a line of a list that names nothing fails, and so it does when it is tried again', async () => {
  using ferry = new Ferry([fileDriver(), filelistDriver(fileDriver())]);
  fs.mkdirSync(ferry.at('from'));
  fs.writeFileSync(ferry.at('from/a'), 'x');
  fs.writeFileSync(ferry.at('list'), Buffer.concat([Buffer.from('a\ncaf'), Buffer.from([0xe9]), Buffer.from('\n')]));
  const task = ferry.task(
    `type: copy\nsource: { type: filelist, path: ${ferry.at('from')}, options: { list_path: ${ferry.at('list')} } }\ndestination: { type: file, path: ${ferry.at('to')} }\n`,
  );
  assert.equal((await ferry.run('run', 'list', '-t', task)).code, 3);
  assert.equal((await ferry.run('failures', 'list', '--retry')).code, 3);
  const failure = JSON.parse((await ferry.run('failures', 'list', '--json')).out);
  assert.partialDeepStrictEqual(failure, { code: 'bad-key', attempts: 2 });
  assert.match(failure.message, /byte 2: the line is not UTF-8/);
});

test('what only the destination has under a name that cannot be read is not called removed', async () => {
  using ferry = new Ferry();
  fs.mkdirSync(ferry.at('from'));
  fs.mkdirSync(ferry.at('to'));
  fs.writeFileSync(ferry.at('from/a'), 'x');
  fs.writeFileSync(raw(ferry.at('to'), 0xff), 'x');
  fs.writeFileSync(ferry.at('to/extra'), 'x');
  const task = ferry.task(
    `type: copy\nsource: { type: file, path: ${ferry.at('from')} }\ndestination: { type: file, path: ${ferry.at('to')} }\ndelete_extraneous: true\n`,
  );
  const run = await ferry.run('run', 'extra', '-t', task, '--json');
  assert.equal(run.code, 0, run.err);
  assert.partialDeepStrictEqual(counters(run.out), { deleted: 1 });
  assert.match(run.out, /"type":"notice".*‛ff/);
  assert.equal((await ferry.run('verify', 'extra')).code, 4, 'it is still there');
});

test('nothing is removed as extra while the source has names that cannot be read', async () => {
  using ferry = new Ferry();
  fs.mkdirSync(ferry.at('from'));
  fs.writeFileSync(ferry.at('from/a'), 'x');
  fs.writeFileSync(raw(ferry.at('from'), 0xce, 0xc4), 'x');
  const task = (encoding: string, more = ''): string =>
    ferry.task(
      `type: copy\nsource: { type: file, path: ${ferry.at('from')}, options: { encoding: ${encoding} } }\ndestination: { type: file, path: ${ferry.at('to')} }\ndelete_extraneous: true\n${more}`,
    );
  assert.equal((await ferry.run('run', 'mirror', '-t', task('gbk'))).code, 0);
  assert.deepEqual(fs.readdirSync(ferry.at('to')), ['a', '文']);
  const wrong = await ferry.run('run', 'mirror', '-t', task('utf-8'));
  assert.equal(wrong.code, 3, wrong.err);
  assert.match(wrong.err, /nothing is removed.*1 name/);
  assert.deepEqual(fs.readdirSync(ferry.at('to')), ['a', '文']);
  assert.equal((await ferry.run('run', 'mirror', '-t', task('utf-8', 'delete_guard: off\n'))).code, 3);
  assert.deepEqual(fs.readdirSync(ferry.at('to')), ['a'], 'who takes the guard away is believed');
});
