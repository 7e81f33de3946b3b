// When schedules run: by the calendar of their zone, also where its clocks change.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextTime, parseCron } from '../../../src/control/schedules/cron.ts';
import { minuteOf } from '../../../src/control/schedules/zoned.ts';

/** The next `count` times after `after`, as ISO. */
function times(cron: string, after: string, count: number, zone = 'UTC'): string[] {
  const parsed = parseCron(cron);
  const found: string[] = [];
  for (let at = Date.parse(after); found.length < count;) {
    const next = nextTime(parsed, zone, at);
    if (next === undefined) break;
    found.push(new Date(next).toISOString().replace(':00.000Z', 'Z'));
    at = next;
  }
  return found;
}

test('fields, lists, ranges, steps and names', () => {
  assert.deepEqual(times('30 2 * * *', '2026-01-31T02:30:00Z', 2), ['2026-02-01T02:30Z', '2026-02-02T02:30Z']);
  assert.deepEqual(times('*/20 23 * * *', '2026-12-31T23:30:00Z', 2), ['2026-12-31T23:40Z', '2027-01-01T23:00Z']);
  assert.deepEqual(times('0 9-17/4 * * MON-FRI', '2026-01-02T10:00:00Z', 4), [
    '2026-01-02T13:00Z', '2026-01-02T17:00Z', '2026-01-05T09:00Z', '2026-01-05T13:00Z',
  ]); // prettier-ignore
  assert.deepEqual(times('0 0 29 feb *', '2026-01-01T00:00:00Z', 2), ['2028-02-29T00:00Z', '2032-02-29T00:00Z']);
  assert.deepEqual(times('5 0 1,15 * 7', '2026-02-01T00:05:00Z', 3), ['2026-02-08T00:05Z', '2026-02-15T00:05Z', '2026-02-22T00:05Z']); // prettier-ignore
  assert.deepEqual(times('0 0 31 2 *', '2026-01-01T00:00:00Z', 1), [], 'a day that never comes');
  assert.deepEqual(times('* * * * *', '2026-01-01T00:00:59.999Z', 1), ['2026-01-01T00:01Z']);
});

test('a time that clocks leave out is the same time after the gap; one that comes twice counts once', () => {
  const zone = 'Europe/Berlin';
  assert.deepEqual(times('30 2 * * *', '2026-03-28T00:00:00Z', 3, zone), [
    '2026-03-28T01:30Z', '2026-03-29T01:30Z', '2026-03-30T00:30Z',
  ]); // prettier-ignore
  assert.deepEqual(times('30 2 * * *', '2026-10-24T12:00:00Z', 2, zone), ['2026-10-25T00:30Z', '2026-10-26T01:30Z']);
  assert.deepEqual(times('30 * * * *', '2026-10-24T23:45:00Z', 4, zone), [
    '2026-10-25T00:30Z', '2026-10-25T01:30Z', '2026-10-25T02:30Z', '2026-10-25T03:30Z',
  ]); // prettier-ignore
  assert.deepEqual(times('30 * * * *', '2026-03-29T00:00:00Z', 3, zone), [
    '2026-03-29T00:30Z', '2026-03-29T01:30Z', '2026-03-29T02:30Z',
  ]); // prettier-ignore
  assert.deepEqual(times('0 0 * * *', '2026-03-28T12:00:00Z', 2, 'America/New_York'), ['2026-03-29T04:00Z', '2026-03-30T04:00Z']); // prettier-ignore
  assert.deepEqual(times('15 0 * * *', '2026-03-07T12:00:00Z', 3, 'America/New_York'), ['2026-03-08T05:15Z', '2026-03-09T04:15Z', '2026-03-10T04:15Z']); // prettier-ignore
  // Clocks change at midnight, and by half an hour.
  assert.deepEqual(times('30 0 * * *', '2026-09-05T12:00:00Z', 2, 'America/Santiago'), ['2026-09-06T04:30Z', '2026-09-07T03:30Z']); // prettier-ignore
  assert.deepEqual(times('15 2 * * *', '2026-10-03T00:00:00Z', 2, 'Australia/Lord_Howe'), ['2026-10-03T15:45Z', '2026-10-04T15:15Z']); // prettier-ignore
  assert.deepEqual(times('0 8 * * *', '2026-01-01T00:00:00Z', 2, 'Asia/Shanghai'), ['2026-01-02T00:00Z', '2026-01-03T00:00Z']); // prettier-ignore
});

test('what is no cron expression is refused with its place', () => {
  for (const [text, why] of [
    ['* * * *', /4 fields/], ['60 * * * *', /"60" is no minute/], ['* 24 * * *', /hour/], ['* * 0 * *', /day of month/],
    ['* * * 13 *', /month/], ['* * * * 8', /day of week/], ['*/0 * * * *', /step/], ['5-1 * * * *', /backwards/],
    ['a * * * *', /minute/], ['1-2-3 * * * *', /minute/], [', * * * *', /minute/], ['@daily', /1 fields/], ['1.5 * * * *', /minute/], ['-1 * * * *', /minute/],
  ] as const) assert.throws(() => parseCron(text), { code: 'configuration', message: why }, text); // prettier-ignore
  assert.throws(() => nextTime(parseCron('* * * * *'), 'Mars/Olympus', 0), { code: 'configuration' });
});

test('minutes of the day are those of the zone', () => {
  assert.equal(minuteOf(Date.parse('2026-07-01T22:30:00Z'), 'Europe/Berlin'), 30);
  assert.equal(minuteOf(-1, 'UTC'), 1439);
});
