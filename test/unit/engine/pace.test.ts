import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gate } from '../../../src/engine/pace/gate.ts';
import { Rate } from '../../../src/engine/pace/rate.ts';
import { bandwidthAt } from '../../../src/engine/pace/timetable.ts';

test('a gate lets in as many as its limit, in order, and follows a new limit', async () => {
  const gate = new Gate(2, new AbortController().signal);
  const entered: number[] = [];
  const enter = (n: number) => gate.enter().then(() => entered.push(n));
  const all = [1, 2, 3, 4, 5].map(enter);
  await Promise.all(all.slice(0, 2));
  assert.deepEqual(entered, [1, 2]);
  gate.leave();
  await all[2];
  gate.setLimit(4);
  await Promise.all(all);
  assert.deepEqual(entered, [1, 2, 3, 4, 5]);
  assert.equal(gate.running, 4);
});

test('a gate that is shut refuses those who wait and those who come', async () => {
  const stop = new AbortController();
  const gate = new Gate(1, stop.signal);
  await gate.enter();
  const waiting = gate.enter();
  stop.abort();
  await assert.rejects(waiting, { code: 'interrupted' });
  gate.leave();
  await assert.rejects(gate.enter(), { code: 'interrupted' });
});

test('a rate spaces starts evenly', () => {
  const rate = new Rate(10);
  const waits = Array.from({ length: 12 }, () => rate.take());
  assert.ok(waits.at(-1)! > 900 && waits.at(-1)! < 1200, String(waits));
});

test('a bandwidth timetable holds from each entry to the next, across midnight', () => {
  const table = [
    { minute: 8 * 60, bytesPerSecond: 10 },
    { minute: 19 * 60, bytesPerSecond: undefined },
    { minute: 23 * 60, days: [6], bytesPerSecond: 5 },
  ];
  const at = (day: number, hour: number) => bandwidthAt(table, new Date(2026, 10, 15 + day, hour));
  assert.equal(at(1, 7), undefined);
  assert.equal(at(1, 8), 10);
  assert.equal(at(1, 18), 10);
  assert.equal(at(1, 19), undefined);
  assert.equal(at(6, 23), 5, 'Saturday night');
  assert.equal(at(0, 3), 5, 'and the hours after it');
  assert.equal(at(0, 9), 10);
  assert.equal(bandwidthAt([], new Date()), undefined);
});
