import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge, type Done, type Operation, type Value } from './history.ts';

const op = (start: number, end: number, done: Done): Operation => ({ name: done.kind, start, end, done });
const read = (start: number, end: number, value: Value): Operation => op(start, end, { kind: 'read', value });
const write = (start: number, end: number, value: Value): Operation => op(start, end, { kind: 'write', value });
const cas = (start: number, end: number, from: Value, value: Value, held: boolean): Operation =>
  op(start, end, { kind: 'conditional', when: (present) => present === from, value, held });

const LATER = Infinity;

const POSSIBLE: readonly (readonly [string, readonly Operation[]])[] = [
  ['nothing happened', []],
  ['reads see what is there', [read(1, 2, 'v0'), read(3, 4, 'v0')]],
  ['a write is seen from some moment on', [write(1, 6, 'v1'), read(2, 3, 'v0'), read(4, 5, 'v1')]],
  ['of two writes at once either comes last', [write(1, 4, 'v1'), write(2, 3, 'v2'), read(5, 6, 'v1')]],
  ['one of unknown outcome may never have happened', [write(1, LATER, 'v1'), read(2, 3, 'v0'), read(4, 5, 'v0')]],
  ['or happen late', [write(1, LATER, 'v1'), write(2, 3, 'v2'), read(4, 5, 'v2'), read(6, 7, 'v1')]],
  ['a delete of unknown outcome may happen late', [write(1, LATER, null), read(2, 3, 'v0'), read(4, 5, null)]],
  ['a condition that holds', [cas(1, 2, 'v0', 'v1', true), cas(3, 4, 'v0', 'v2', false), read(5, 6, 'v1')]],
  [
    'a condition that fails because of a write nobody knows of',
    [write(1, LATER, 'v1'), cas(2, 3, 'v0', 'v2', false), read(4, 5, 'v1')],
  ],
];

const IMPOSSIBLE: readonly (readonly [string, readonly Operation[]])[] = [
  ['a write that is not seen', [write(1, 2, 'v1'), read(3, 4, 'v0')]],
  ['a write that is seen and then not', [write(1, 6, 'v1'), read(2, 3, 'v1'), read(4, 5, 'v0')]],
  ['an object that comes back', [write(1, 2, null), read(3, 4, null), read(5, 6, 'v0')]],
  ['one that nobody wrote', [read(1, 2, 'v9')]],
  ['one that is read before it is written', [read(1, 2, 'v1'), write(3, 4, 'v1')]],
  [
    'one of unknown outcome that happens twice',
    [write(1, LATER, 'v1'), read(2, 3, 'v1'), write(4, 5, 'v2'), read(6, 7, 'v2'), read(8, 9, 'v1')],
  ],
  ['two conditions of which one can hold', [cas(1, 4, 'v0', 'v1', true), cas(2, 3, 'v0', 'v2', true)]],
  ['a condition that holds for what is gone', [write(1, 2, 'v1'), cas(3, 4, 'v0', 'v2', true)]],
];

for (const [name, history] of POSSIBLE) test(`possible: ${name}`, () => assert.equal(judge('v0', history).ok, true));
for (const [name, history] of IMPOSSIBLE)
  test(`impossible: ${name}`, () => assert.equal(judge('v0', history).ok, false));

test('a long history of few clients is judged at once', () => {
  const history = Array.from({ length: 20_000 }, (_, i) => [
    write(10 * i, 10 * i + 6, `v${i}`),
    read(10 * i + 5, 10 * i + 8, `v${i}`),
    read(10 * i + 1, 10 * i + 2, i === 0 ? 'v0' : `v${i - 1}`),
  ]).flat();
  assert.equal(
    judge(
      'v0',
      history.map((each, i) => (i === 0 ? write(0, 6, 'v0') : each)),
    ).ok,
    true,
  );
});
