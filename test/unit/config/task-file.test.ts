import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { isFerryError } from '../../../src/model/errors.ts';
import { Secret } from '../../../src/model/secret.ts';
import { loadTaskFile, parseTaskFile, type LoadedTask } from '../../../src/config/task-file.ts';
import { allDrivers } from './all-drivers.ts';
import { stubRegistry } from './stub-drivers.ts';

const BASE = `
type: copy
source: { type: fs, path: /data }
destination:
  type: s3
  options: { bucket_name: b }
`;

function parse(text: string, env: Record<string, string> = {}): LoadedTask {
  return parseTaskFile(text, { file: 'task.yaml', registry: stubRegistry, env, readFile });
}

function readFile(name: string): string {
  if (name === 'secret.txt') return 'from a file\n';
  throw Object.assign(new Error('no'), { code: 'ENOENT' });
}

/** The lines of the error. */
function problems(text: string, env?: Record<string, string>): string[] {
  try {
    parse(text, env);
  } catch (error) {
    assert.ok(isFerryError(error, 'configuration'), String(error));
    return error.message.split('\n');
  }
  return [];
}

test('a short file is enough, and says what happens by default', () => {
  const { spec, text } = parse(BASE);
  assert.equal(text, BASE);
  assert.deepEqual(spec, {
    type: 'copy',
    source: { type: 'fs', path: '/data', options: {} },
    destination: { type: 's3', path: '', options: { bucket_name: 'b', path_style: false } },
    filters: {
      prefix: undefined,
      include: [],
      exclude: [],
      minSize: undefined,
      maxSize: undefined,
      modifiedAfter: undefined,
      modifiedBefore: undefined,
      keysFile: undefined,
    },
    compare: 'auto',
    deleteExtraneous: false,
    deleteGuard: true,
    createOnly: false,
    limits: { concurrency: undefined, objectsPerSecond: undefined, bandwidth: [] },
    multipart: { threshold: 64 * 2 ** 20, partSize: 16 * 2 ** 20, keepEtag: true, parallelParts: 8 },
    fidelity: {
      metadata: 'keep',
      setMetadata: {},
      tags: 'keep',
      setTags: {},
      modified: true,
      acl: undefined,
      storageClass: {},
      onLoss: 'report',
    },
    checkMd5: false,
    attempts: 10,
    report: { path: undefined, evidence: 'differences' },
  });
});

test('the keys of qscamel keep their meaning', () => {
  const { spec } = parse(`${BASE}
ignore_existing: last_modified
ignore_before: "2006-01-02 15:04:05"
multipart_boundary_size: 2147483648
rate_limit: 0
workers: 100
check_md5: true
`);
  assert.equal(spec.compare, 'time');
  assert.equal(spec.filters.modifiedAfter, Date.UTC(2006, 0, 2, 15, 4, 5));
  assert.equal(spec.multipart.threshold, 2147483648);
  assert.equal(spec.limits.objectsPerSecond, 1000);
  assert.equal(spec.multipart.parallelParts, 100);
  assert.equal(spec.checkMd5, true);
  assert.equal(parse(`${BASE}ignore_existing: md5sum`).spec.compare, 'checksum');
  assert.equal(parse(`${BASE}ignore_existing: ""`).spec.compare, 'always');
  assert.equal(parse(`${BASE}multipart_boundary_size: 0`).spec.multipart.threshold, 2 ** 31);
  assert.equal(parse(`${BASE}workers: 2\nparallel_parts: 6`).spec.multipart.parallelParts, 2);
});

test('the keys of Ferry', () => {
  const { spec } = parse(`${BASE}
filters:
  prefix: photos/
  include: ["**/*.jpg"]
  exclude: ["tmp/**"]
  min_size: 1
  max_size: 5GiB
  modified_after: 2026-01-31
  modified_before: 2026-02-01T08:00:00+08:00
compare: size
delete_extraneous: yes
delete_guard: off
create_only: true
concurrency: 32
bandwidth: "08:00,10MiB 19:00,off"
part_size: 8MiB
attempts: 3
keep_etag: no
metadata: drop
set_metadata: { origin: qingstor, build: 17 }
set_tags: { moved: "yes" }
preserve_time: false
acl: private
storage_class: { STANDARD: STANDARD_IA, "*": STANDARD }
on_loss: fail
report: { path: /tmp/report, evidence: all }
`);
  assert.deepEqual(spec.filters, {
    prefix: 'photos/',
    include: ['**/*.jpg'],
    exclude: ['tmp/**'],
    minSize: 1,
    maxSize: 5 * 2 ** 30,
    modifiedAfter: Date.UTC(2026, 0, 31),
    modifiedBefore: Date.UTC(2026, 1, 1),
    keysFile: undefined,
  });
  assert.deepEqual([spec.deleteExtraneous, spec.deleteGuard, spec.createOnly], [true, false, true]);
  assert.deepEqual(spec.limits.bandwidth, [{ minute: 480, bytesPerSecond: 10 * 2 ** 20 }, { minute: 1140 }]);
  assert.equal(spec.limits.concurrency, 32);
  assert.equal(spec.multipart.partSize, 8 * 2 ** 20);
  assert.deepEqual(spec.fidelity, {
    metadata: 'drop',
    setMetadata: { origin: 'qingstor', build: '17' },
    tags: 'keep',
    setTags: { moved: 'yes' },
    modified: false,
    acl: 'private',
    storageClass: { STANDARD: 'STANDARD_IA', '*': 'STANDARD' },
    onLoss: 'fail',
  });
  assert.deepEqual(spec.report, { path: '/tmp/report', evidence: 'all' });
  assert.deepEqual(parse(`${BASE}storage_class: COLD`).spec.fidelity.storageClass, { '*': 'COLD' });
  assert.equal(parse(`${BASE}concurrency: auto`).spec.limits.concurrency, undefined);
});

test('every problem is listed at once, with its place and the key that was meant', () => {
  const lines = problems(`type: copi
source:
  type: s3
  options:
    buckt_name: b
    timeout_config: { conect_timeout: 3 }
    port: 99999
destination:
  type: filelst
filter: {}
rate_limit: -1
part_size: big
filters:
  include: "*.jpg"
`);
  assert.deepEqual(lines, [
    'task.yaml:1:7 type: must be one of copy, fetch, delete; did you mean "copy"?',
    'task.yaml:4:3 source.options.bucket_name: is missing',
    'task.yaml:5:5 source.options.buckt_name: unknown key; did you mean "bucket_name"?',
    'task.yaml:6:23 source.options.timeout_config.conect_timeout: unknown key; did you mean "connect_timeout"?',
    'task.yaml:7:11 source.options.port: must be at most 65535',
    'task.yaml:9:9 destination.type: there is no store type "filelst"; did you mean "filelist"?',
    'task.yaml:10:1 filter: unknown key; did you mean "filters"?',
    'task.yaml:11:13 rate_limit: must be at least 0',
    'task.yaml:12:12 part_size: must be a size, such as 4096, 64MiB or 1.5GiB',
    'task.yaml:14:12 filters.include: must be a list',
  ]);
});

test('keys that contradict each other are named', () => {
  const lines = problems(`type: delete
source: { type: file }
destination: { type: filelist, options: { list_path: a } }
compare: size
ignore_existing: md5sum
ignore_before: "2026-01-01 00:00:00"
multipart_boundary_size: 6GiB
delete_extraneous: true
filters: { modified_after: 2026-01-01, min_size: 2, max_size: 1, modified_before: 2025-01-01 }
`);
  for (const words of [
    'cannot be a destination',
    '`compare` or `ignore_existing`',
    '`ignore_before` or `filters.modified_after`',
    '5 GiB',
    'delete_extraneous: has no meaning',
    'greater than `max_size`',
    'filters.modified_before',
  ]) {
    assert.equal(lines.filter((line) => line.includes(words)).length, 1, `${words} in\n${lines.join('\n')}`);
  }
});

test('what is no task file is said plainly', () => {
  assert.match(problems('')[0]!, /^task.yaml:1:1 must be a map/);
  assert.match(problems('- a\n- b')[0]!, /must be a map/);
  assert.match(problems('source: text')[0]!, /is missing|must be a map/);
});

test('alias bombs are refused, plain aliases work', () => {
  const bomb =
    'a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n' + Array.from({ length: 9 }, (_, i) => bombLevel(i + 1)).join('');
  assert.match(problems(bomb)[0]!, /too many or too deeply nested values/);
  assert.match(problems('a: &a [*a]')[0]!, /too deeply|unknown key|[Aa]lias/);
  const { spec } = parse(`
type: copy
source: { type: s3, options: &options { bucket_name: b } }
destination: { type: s3, path: elsewhere, options: *options }
`);
  assert.equal(spec.destination.options['bucket_name'], 'b');
});

function bombLevel(n: number): string {
  return `a${n}: &a${n} [${Array.from({ length: 10 }, () => `*a${n - 1}`).join(', ')}]\n`;
}

test('references are resolved in values, and what cannot be is an error with its place', () => {
  const text = `type: copy
source: { type: file, path: "\${env:ROOT}/data/$\${plain}" }
destination:
  type: s3
  options:
    bucket_name: \${env:BUCKET}
    access_key_id: AK
    secret_access_key: \${file:secret.txt}
`;
  const { spec, secrets, text: kept } = parse(text, { ROOT: '/srv', BUCKET: 'b' });
  assert.equal(kept, text, 'the state keeps the references, not the secrets');
  assert.equal(spec.source.path, '/srv/data/${plain}');
  assert.equal(spec.destination.options['bucket_name'], 'b');
  const secret = spec.destination.options['secret_access_key'];
  assert.ok(secret instanceof Secret);
  assert.equal(secret.reveal(), 'from a file');
  assert.deepEqual(secrets, [secret]);
  assert.doesNotMatch(JSON.stringify(spec), /from a file/);

  assert.deepEqual(problems(text, { BUCKET: '' }), [
    'task.yaml:2:29 source.path: the environment variable ROOT is not set where Ferry runs: set it, or correct its name',
    'task.yaml:6:18 destination.options.bucket_name: the environment variable BUCKET is empty',
  ]);
  assert.match(problems(`${BASE}acl: \${file:gone}`)[0]!, /acl: the file gone cannot be read \(ENOENT\)/);
  assert.match(problems(`${BASE}acl: \${HOME}`)[0]!, /acl: "\$\{HOME\}" is neither/);
  assert.match(problems(`${BASE}acl: \${env:A`)[0]!, /acl: "\$\{env:A" is neither/);
});

test('no secret of the file is in the message about it', () => {
  const lines = problems(
    `type: copy
source: { type: s3, options: { secret_access_key: [hunter2], access_key_id: { a: hunter2 }, bucket_name: b } }
destination: { type: s3, options: { bucket_name: b, secret_access_key: "\${env:S}", path_style: "\${env:S}" } }
`,
    { S: 'hunter2' },
  );
  assert.equal(lines.length, 3);
  assert.doesNotMatch(lines.join('\n'), /hunter2/);
});

test('scalars are taken as written where a text is wanted, and YAML 1.1 booleans where a boolean is', () => {
  const { spec } = parse(`
type: copy
source: { type: s3, path: 2024, options: { bucket_name: 0017, access_key_id: true, path_style: On } }
destination: { type: file, options: { enable_link_follow: no } }
`);
  assert.equal(spec.source.path, '2024');
  assert.deepEqual(spec.source.options, { bucket_name: '0017', access_key_id: 'true', path_style: true });
  assert.deepEqual(spec.destination.options, { enable_link_follow: false });
  assert.match(
    problems('type: copy\nsource: {type: s3, options: {bucket_name: ~}}\ndestination: {type: file}')[0]!,
    /missing/,
  );
});

test('what is no YAML is told by place, cause and remedy, without what follows from it', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    [
      'source:\n\ttype: s3\n\tpath: x',
      [2, 3].map((line) => `${line}:1 a tab is used as indentation, and YAML takes spaces only: put spaces in its place`),
    ],
    ['a: 1\n---\nb: 2', ['2:1 a second document begins here, and only one can be read: put it into a file of its own']],
    ['a: 1\nb:\n  c: 1\n  c: 2\na: 2', ['4:3 b.c: is given twice, first at 3:3: leave one of them out', '5:1 a: is given twice, first at 1:1: leave one of them out']],
    ['a:\n  - [1, 2', ['2:5 what begins with [ here never ends: close it with ]']],
    ['a: {b: "c\n', ['1:8 what begins with " here never ends: close it with "']],
    [
      'a: { b: 1, c: ${env:X}, d: ${env:Y} }\ne: {f: ${file:z}}',
      ['1:15 between { } or [ ] a reference needs quotes: write "${env:X}"'],
    ],
    ['a: {\n  b: ${env:X},\n}', ['2:6 between { } or [ ] a reference needs quotes: write "${env:X}"']],
    ['a: ${env:X}\n- b', ['2:1 no colon and blank after the key: write `key: value`, and the next line in the right column']],
    ['a: @b', ['1:4 a value cannot begin with @: put it in quotes']],
    ['a: "\\q"', ['1:5 \\q means nothing between double quotes: write \\\\ for a backslash, or use single quotes']],
    ['a: *b', ['1:4 a: there is no anchor &b: put the value in quotes where a text that begins with * is meant']],
    ['a: !b c', ['1:4 the tag !b means nothing here: leave it out, or put the value in quotes']],
    ['a b\nc: d', ['1:1 no colon and blank after the key: write `key: value`, and the next line in the right column']],
    ['a: b: c', ['1:4 a second `key: value` stands inside a value: put the value in quotes, or correct the indentation of the next line']],
    ['- a\nb: c', ['2:1 this does not fit what stands before it: check indentation, dashes, commas and quotes']],
    ['a:\n - b: 1\n  - c', ['3:3 this does not begin in the column of what it belongs to: indent the entries of one map or list alike']],
    ['a: {b: 1 c: 2}', ['1:8 a comma or a closing bracket is missing before this']],
    ['? {a: 1}\n: b', ['1:3 a key must be a text: put it in quotes']],
  ]; // prettier-ignore
  for (const [text, expected] of cases)
    assert.deepEqual(problems(text), expected.map((line) => `task.yaml:${line}`), text); // prettier-ignore
});

test('a list of keys and deletion of what is extra exclude each other, and where they stand is told', () => {
  assert.equal(parse(`${BASE}filters: { keys_file: k }`).spec.filters.keysFile, 'k');
  const [line, ...more] = problems(`${BASE}filters: { keys_file: k }\ndelete_extraneous: true\n`);
  assert.match(
    line!,
    /^task\.yaml:\d+:20 delete_extraneous: cannot go with `filters\.keys_file`: .*Leave one of them out$/,
  );
  assert.deepEqual(more, []);
});

test('a file is read once, within limits', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'ferry-task-'));
  try {
    const file = path.join(directory, 'task.yaml');
    await writeFile(file, BASE);
    assert.equal((await loadTaskFile(file, stubRegistry, {})).spec.type, 'copy');
    await writeFile(file, `${BASE}# ${'x'.repeat(2 ** 20)}`);
    await assert.rejects(loadTaskFile(file, stubRegistry, {}), /larger than 1 MiB/);
    await writeFile(file, Buffer.from([0x61, 0xff]));
    await assert.rejects(loadTaskFile(file, stubRegistry, {}), /not UTF-8/);
    await assert.rejects(
      loadTaskFile(path.join(directory, 'none'), stubRegistry, {}),
      /the task file \/.*none does not exist/,
    );
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('`decoding` of a qingstor destination says how the source writes its names', () => {
  const registry = allDrivers();
  const text = (source: string, decoding: string): string =>
    `type: copy\nsource: ${source}\ndestination: { type: qingstor, options: { zone: z, bucket_name: b${decoding} } }\n`;
  const parsed = (...given: Parameters<typeof text>): LoadedTask =>
    parseTaskFile(text(...given), { file: 'task.yaml', registry, env: {}, readFile });
  const encoding = (...given: Parameters<typeof text>): unknown => parsed(...given).spec.source.options['encoding'];
  assert.equal(encoding('{ type: fs, path: /data }', ', decoding: gbk'), 'gbk');
  assert.equal(encoding('{ type: fs, path: /data }', ''), 'utf8');
  assert.equal(encoding('{ type: filelist, path: /d, options: { list_path: l } }', ', decoding: big5'), 'big5');
  assert.equal(encoding('{ type: fs, path: /d, options: { encoding: gbk } }', ', decoding: gbk'), 'gbk');
  assert.throws(() => parsed('{ type: fs, path: /d, options: { encoding: big5 } }', ', decoding: gbk'), /contradicts/);
  assert.throws(() => parsed('{ type: s3, options: { bucket_name: s } }', ', decoding: gbk'), /Unicode already/);
  const backwards = '{ type: qingstor, options: { zone: z, bucket_name: s, decoding: gbk } }';
  assert.throws(() => parsed(backwards, ''), /a destination only/);
});

test('a store that only qscamel has is told with a way round', () => {
  for (const [type, way] of [
    ['azblob', /type: http/],
    ['hdfs', /type: file/],
    ['upyun', /type: s3/],
  ] as const) {
    const [only, ...more] = problems(`type: copy\nsource: { type: ${type} }\ndestination: { type: fs, path: /x }`);
    assert.match(only!, /^task\.yaml:2:17 source\.type: Ferry has no /);
    assert.match(only!, way);
    assert.deepEqual(more, []);
  }
});
