import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveRange } from '../../../src/engine/list/live-range.ts';
import { Tally } from '../../../src/engine/list/tally.ts';

test('a range whose last key takes long is not cut behind it: an empty range would be refused when it is written down', () => {
  // What a run leaves that was killed while it moved a large object it had detached: the object alone, not done.
  const range = LiveRange.from({ after: 'a', through: 'large', position: 'a', done: false }, new Tally());
  const open = range.open('large');
  range.met('large');
  assert.equal(range.detach(), undefined);
  range.exhaust();
  assert.deepEqual(range.takeChange(), { after: 'a', through: 'large', position: 'a', done: false });
  range.close(open);
  assert.deepEqual(range.takeChange(), { after: 'a', through: 'large', position: 'large', done: true });
});

test('keys behind one that takes long go on in a range of their own', () => {
  const range = LiveRange.from({ after: null, through: 'z', position: null, done: false }, new Tally());
  range.open('large');
  range.met('large');
  const rest = range.detach();
  assert.deepEqual(rest?.takeChange(), { after: 'large', through: 'z', position: 'large', done: false });
  assert.deepEqual(range.takeChange(), { after: null, through: 'large', position: null, done: false });
});
