/** Globs are about keys, which may hold what no path does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileFilter } from '../../../src/engine/filter.ts';
import { UGLY_KEYS } from '../../conformance/ugly-keys.ts';

function passes(include: readonly string[], exclude: readonly string[], key: string): boolean {
  return compileFilter({ include, exclude }).passes({ key });
}

for (const [glob, yes, no] of [
  ['**', ['a', 'a/b', '.a/.b'], []],
  ['*.jpg', ['a.jpg', '.jpg', 'a\nb.jpg', '..jpg'], ['a/b.jpg', 'a.jpgx']],
  ['**/*.jpg', ['a.jpg', 'x/y/a.jpg', 'x/../a.jpg', '/a.jpg'], ['a.jpgx']],
  [
    'logs/**',
    ['logs/a', 'logs/a/b', 'logs/..', 'logs/../b', 'logs/./b', 'logs/a\r\nb', 'logs/\u2028'],
    ['log', 'xlogs/a'],
  ],
  ['logs/*', ['logs/a', 'logs/..', 'logs/.'], ['logs/a/b']],
  ['?', ['a', '\n', '.'], ['ab', '/']],
  ['{a,b}/**', ['a/x', 'b/../x'], ['c/x']],
  ['a/../*', ['a/../b'], ['b', 'a/b']],
  ['[!a]*', ['b', '..', '!'], ['a']],
  ['[^a-c]', ['d'], ['a', 'c', 'dd']],
  ['!a', ['!a'], ['b']],
  ['a[b].txt', ['ab.txt', 'a[b].txt'], ['b.txt']],
] as const) {
  test(`the glob ${glob}`, () => {
    for (const key of yes) assert.ok(passes([glob], [], key), JSON.stringify(key));
    for (const key of no) assert.ok(!passes([glob], [], key), JSON.stringify(key));
    for (const key of yes) assert.ok(!passes([], [glob], key), JSON.stringify(key));
  });
}

test('any key there may be is matched by `**`, wherever it is', () => {
  for (const key of UGLY_KEYS) {
    assert.ok(passes(['**'], [], key), JSON.stringify(key));
    assert.ok(!passes([], ['kept/**'], `kept/${key}`), JSON.stringify(key));
  }
});
