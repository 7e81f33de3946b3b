import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isFerryError } from '../../../src/model/errors.ts';
import { diskEncoding } from '../../../src/stores/file/encoding.ts';
import { componentToName, nameToComponent, placeOf, whyRefused } from '../../../src/stores/file/names.ts';
import { parseTemp } from '../../../src/stores/file/temp.ts';

const utf8 = diskEncoding('utf8');

// Made of the pieces the escaping is about, so that they meet in every way.
const piece = fc.constantFrom(
  '‛',
  '-',
  '2e',
  '00',
  'e2',
  '80',
  '9b',
  '.',
  '..',
  '\u0000',
  'a',
  '%',
  '.ferry-meta',
  '.ferry-tmp-',
  '2',
  'e',
);
const tricky = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
const component = fc.oneof(
  tricky,
  fc.string({ unit: 'binary', maxLength: 10 }).filter((text) => !text.includes('/')),
);

test('every component has one name, which a directory can hold, and is found again from it', () => {
  fc.assert(
    fc.property(component, (text) => {
      const name = componentToName(text);
      assert.ok(name !== '' && name !== '.' && name !== '..' && !name.includes('\u0000') && !name.includes('/'));
      assert.equal(nameToComponent(name), text);
      assert.equal(parseTemp(name), undefined, 'no key takes the name of a temporary file');
    }),
    { numRuns: 1000 },
  );
});

test('a name on disk stands for one component or for none', () => {
  fc.assert(
    fc.property(component, (name) => {
      const text = nameToComponent(name);
      if (text !== undefined) assert.equal(componentToName(text), name);
    }),
    { numRuns: 1000 },
  );
});

test('ordinary names stay as they are', () => {
  for (const name of [
    'a',
    'A b+c%20',
    'ü',
    '日本',
    '...',
    '.hidden',
    '‛',
    'x‛y',
    '😀',
    'a\\b',
    'CON',
    '.ferry',
    '.ferry-metal',
  ])
    assert.equal(componentToName(name), name);
});

test('different keys have different places', () => {
  const key = fc.array(component, { minLength: 1, maxLength: 4 }).map((components) => components.join('/'));
  const usable = key.filter((text) => whyRefused(text, utf8) === undefined);
  fc.assert(
    fc.property(usable, usable, (a, b) => {
      if (a !== b) assert.notDeepEqual(placeOf(a, utf8), placeOf(b, utf8));
    }),
    { numRuns: 1000 },
  );
});

test('keys become directories and a name', () => {
  const table: Readonly<Record<string, readonly [readonly string[], string, boolean]>> = {
    a: [[], 'a', false],
    'a/b': [['a'], 'b', false],
    'a/': [[], 'a', true],
    'a//': [['a'], '‛-', true],
    'a//b': [['a', '‛-'], 'b', false],
    '/': [[], '‛-', true],
    '/a': [['‛-'], 'a', false],
    '../../etc/passwd': [['‛2e‛2e', '‛2e‛2e', 'etc'], 'passwd', false],
    '.ferry-meta/x': [['‛2eferry-meta'], 'x', false],
  };
  for (const [key, [directories, name, directory]] of Object.entries(table))
    assert.deepEqual(placeOf(key, utf8), { directories, name, directory }, key);
});

test('what no file system holds is refused with the reason', () => {
  const refused: Readonly<Record<string, RegExp>> = {
    '': /empty/,
    ['x'.repeat(256)]: /255 bytes/,
    [`a/${'€'.repeat(86)}/b`]: /255 bytes/,
    ['y/'.repeat(600)]: /1024 bytes/,
    '\ud800': /well-formed/,
  };
  for (const [key, reason] of Object.entries(refused)) {
    assert.match(whyRefused(key, utf8)!, reason);
    assert.throws(
      () => placeOf(key, utf8),
      (thrown) => isFerryError(thrown, 'bad-key') && reason.test(thrown.message),
    );
  }
  assert.equal(whyRefused('x'.repeat(255), utf8), undefined);
});

test('names in older encodings are taken only where they survive the way there and back', () => {
  const gbk = diskEncoding('gbk');
  assert.deepEqual(gbk.encode('中文'), Buffer.from([0xd6, 0xd0, 0xce, 0xc4]));
  assert.equal(gbk.decode(Buffer.from([0xd6, 0xd0, 0xce, 0xc4])), '中文');
  assert.equal(gbk.decode(Buffer.from([0xd6])), undefined);
  assert.match(whyRefused('emoji 😀', gbk)!, /gbk/);
  assert.match(whyRefused('a//b', gbk)!, /gbk/, 'the escape cannot be written in GBK');
  assert.equal(diskEncoding('cp1252').decode(Buffer.from([0x80])), '€');
  assert.equal(diskEncoding('big5').decode(Buffer.from([0xa4, 0xa4])), '中');
  assert.equal(utf8.decode(Buffer.from([0xff])), undefined);
  assert.equal(utf8.decode(Buffer.from('\uFFFD')), '\uFFFD');
});
