import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { distance, nearest } from '../../../src/config/nearest.ts';
import { parseBandwidth, size, time } from '../../../src/config/values.ts';

test('sizes are binary, whatever they are called', () => {
  for (const [text, bytes] of [
    [0, 0],
    [4096, 4096],
    ['64MiB', 2 ** 26],
    ['64 mb', 2 ** 26],
    ['1.5G', 1.5 * 2 ** 30],
    ['10b', 10],
  ] as const) {
    assert.equal(size().parse(text), bytes);
  }
  for (const wrong of ['', '-1', '1 apple', '1e3', -1, 1.5, '99999999999T'])
    assert.equal(size().safeParse(wrong).success, false, String(wrong));
});

test('times are UTC where no zone is given; days that do not exist are refused', () => {
  assert.equal(time().parse('2006-01-02 15:04:05'), Date.UTC(2006, 0, 2, 15, 4, 5));
  assert.equal(time().parse('2006-01-02'), Date.UTC(2006, 0, 2));
  assert.equal(time().parse('2006-01-02T15:04:05.250Z'), Date.UTC(2006, 0, 2, 15, 4, 5, 250));
  assert.equal(time().parse('2006-01-02T15:04+08:00'), Date.UTC(2006, 0, 2, 7, 4));
  for (const wrong of ['', 'yesterday', '2006-02-30', '2006-13-01', '2006-01-02 25:00:00', '02/01/2006'])
    assert.equal(time().safeParse(wrong).success, false, wrong);
});

test('a bandwidth is one for all times or a timetable', () => {
  const MiB = 2 ** 20;
  assert.deepEqual(parseBandwidth('50MiB'), [{ minute: 0, bytesPerSecond: 50 * MiB }]);
  assert.deepEqual(parseBandwidth('off'), []);
  assert.deepEqual(parseBandwidth('0'), []);
  assert.deepEqual(parseBandwidth('08:00,10MiB 19:30,off'), [
    { minute: 480, bytesPerSecond: 10 * MiB },
    { minute: 1170 },
  ]);
  assert.deepEqual(parseBandwidth('Mon-08:00,1M;Fri-Mon-00:00,off'), [
    { days: [1], minute: 480, bytesPerSecond: MiB },
    { days: [5, 6, 0, 1], minute: 0 },
  ]);
  for (const wrong of [
    '',
    'fast',
    '24:00,1M',
    '08:60,1M',
    '8:00,1M',
    'Xyz-08:00,1M',
    'Mon-Xyz-08:00,1M',
    '08:00',
    '1M 2M',
  ])
    assert.equal(parseBandwidth(wrong), undefined, wrong);
});

test('the distance of words counts changed, added, missing and swapped letters', () => {
  assert.equal(distance('bucket', 'bucket'), 0);
  assert.equal(distance('buckt', 'bucket'), 1);
  assert.equal(distance('bukcet', 'bucket'), 1);
  assert.equal(distance('', 'abc'), 3);
  assert.equal(distance('x'.repeat(65), 'y'), Infinity);
  fc.assert(
    fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (a, b) => {
      assert.equal(distance(a, b), distance(b, a));
      assert.equal(distance(a, b) === 0, a === b);
      assert.ok(distance(a, b) <= Math.max(a.length, b.length));
    }),
  );
});

test('the nearest word is found where there is one', () => {
  assert.equal(nearest('buckt_name', ['bucket_name', 'region']), 'bucket_name');
  assert.equal(nearest('Workers', ['workers']), 'workers');
  assert.equal(nearest('colour', ['bucket_name', 'region']), undefined);
});
