import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { httpDate, isoDate, parseHttpDate, parseIsoDate } from '../../../src/wire/http-date.ts';
import { parseRetryAfter } from '../../../src/wire/retry-after.ts';

const EXAMPLE = Date.UTC(1994, 10, 6, 8, 49, 37);
const time = fc.integer({ min: Date.UTC(1000, 0), max: Date.UTC(9999, 11, 31) });

test('the example of RFC 9110 in its three forms', () => {
  assert.equal(httpDate(EXAMPLE), 'Sun, 06 Nov 1994 08:49:37 GMT');
  assert.equal(parseHttpDate('Sun, 06 Nov 1994 08:49:37 GMT'), EXAMPLE);
  assert.equal(parseHttpDate('Sunday, 06-Nov-94 08:49:37 GMT'), EXAMPLE);
  assert.equal(parseHttpDate('Sun Nov  6 08:49:37 1994'), EXAMPLE);
  assert.equal(parseHttpDate('Friday, 01-Jan-27 00:00:00 GMT'), Date.UTC(2027, 0, 1));
});

test('times written are read back, as JavaScript writes them', () => {
  fc.assert(
    fc.property(time, (ms) => {
      const seconds = Math.floor(ms / 1000) * 1000;
      assert.equal(httpDate(ms), new Date(ms).toUTCString());
      assert.equal(parseHttpDate(httpDate(ms)), seconds);
      assert.equal(parseIsoDate(isoDate(ms)), ms);
      assert.equal(parseIsoDate(isoDate(seconds).replace('.000', '')), seconds);
    }),
  );
});

test('fractions of any length are cut to milliseconds, and a time is found within a text', () => {
  assert.equal(parseIsoDate('1970-01-01T00:00:00.5Z'), 500);
  assert.equal(parseIsoDate('1970-01-01T00:00:00.123999999Z'), 123);
  assert.equal(parseIsoDate('<a>1970-01-01T00:00:01Z</a>', 3, 23), 1000);
});

test('what is no time is not guessed at', () => {
  const wrong = ['', 'yesterday', '2024-01-01', '2024-01-01T00:00:00', '2024-13-01T00:00:00Z', '2024-00-01T00:00:00Z',
    '2023-02-29T00:00:00Z', '2024-01-32T00:00:00Z', '2024-01-01T24:00:00Z', '2024-01-01T00:60:00Z',
    '2024-01-01T00:00:61Z', '2024-01-01T00:00:00.Z', '2024-01-01T00:00:00.1xZ', '2024-1-01T00:00:00.00Z',
    '2024-01-01 00:00:00Z', '2024-01-01T00:00:00+01Z']; // prettier-ignore
  for (const text of wrong) assert.equal(parseIsoDate(text), undefined, text);
  for (const text of ['Sun, 06 Nop 1994 08:49:37 GMT', 'Sun, 31 Feb 1994 08:49:37 GMT', 'Sun, 06 Nov 1994', '1', ''])
    assert.equal(parseHttpDate(text), undefined, text);
});

test('Retry-After is seconds or a date', () => {
  assert.equal(parseRetryAfter('120', 0), 120_000);
  assert.equal(parseRetryAfter(' 0.5 ', 0), 500);
  assert.equal(parseRetryAfter(httpDate(EXAMPLE), EXAMPLE - 5000), 5000);
  assert.equal(parseRetryAfter(httpDate(EXAMPLE), EXAMPLE + 5000), 0);
  for (const nothing of [undefined, '', '-1', 'soon', '1e9', '99999999999'])
    assert.equal(parseRetryAfter(nothing, 0), undefined);
});
