// Faults of the source while objects are read: whatever it answers, only what it really holds arrives.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { faulty, PARTS, STREAMED, WHOLE } from './cases.ts';
import type { Fault } from './fault-server.ts';
import { BUCKET, bytesOf } from './harness.ts';
import { MiB } from '../../src/model/units.ts';

/** Each strikes the first GET of every object; the second is honest. */
const PASSING: Readonly<Record<string, Fault>> = {
  'a reset before the answer': { do: 'reset', when: 'before-body' },
  'a reset in the middle of the header': { do: 'cut', after: 'half-header' },
  'a reset in the middle of the body': { do: 'cut', after: 0.5 },
  'no answer for ever': { do: 'stall', after: 'nothing' },
  'a body that stops coming': { do: 'stall', after: 0.7 },
  'a body that ends early': { do: 'truncate', share: 0.6, announced: true },
  'a body that ends early and never said how long it is': { do: 'truncate', share: 0.6, announced: false },
  'other bytes': { do: 'corrupt-answer' },
  'a body three bytes too short, and a Content-Length that agrees': { do: 'resize', by: -3 },
  'a body three bytes too long, and a Content-Length that agrees': { do: 'resize', by: 3 },
  'an ETag of another object': { do: 'header', headers: { etag: '"00000000000000000000000000000000"' } },
  'an error page with status 200': { do: 'answer', status: 200, type: 'text/html', body: '<html>busy</html>' },
  'an S3 error with status 200': {
    do: 'answer',
    status: 200,
    type: 'application/xml',
    body: '<Error><Code>InternalError</Code></Error>',
  },
  'the whole object in place of a range': { do: 'answer', status: 200, type: 'x/y', body: 'z'.repeat(100) },
  '503 SlowDown': { do: 'refuse', status: 503, code: 'SlowDown' },
  '503 without a body that could be read': { do: 'answer', status: 503, type: 'text/html', body: '<html>' },
  '500 InternalError': { do: 'refuse', status: 500, code: 'InternalError' },
  '429': { do: 'refuse', status: 429, code: 'TooManyRequests' },
};

for (const [name, fault] of Object.entries(PASSING)) {
  test(`read: ${name}, once for every object`, async () => {
    await using migration = await faulty({ source: [{ op: 'GetObject', perKey: true, nth: [1], fault }] });
    const { summary, failures } = await migration.run();
    assert.deepEqual(failures, []);
    assert.equal(summary.outcome, 'finished');
    migration.assertMoved();
  });
}

/** Each strikes every GET of one object, for ever. */
const LASTING: readonly (readonly [string, string, Fault, readonly string[]])[] = [
  ['small/7', 'other bytes', { do: 'corrupt-answer' }, ['wrong-checksum']],
  [STREAMED, 'other bytes', { do: 'corrupt-answer' }, ['wrong-checksum']],
  [
    WHOLE,
    'an error page with status 200',
    { do: 'answer', status: 200, type: 'text/html', body: '<html>' },
    ['wrong-length', 'bad-response'],
  ],
  [
    'small/7',
    'an error page with status 200',
    { do: 'answer', status: 200, type: 'text/html', body: '<html>' },
    ['wrong-length', 'bad-response'],
  ],
  ['small/7', 'a body too short', { do: 'resize', by: -3 }, ['wrong-length']],
  ['small/7', 'a body that ends early', { do: 'truncate', share: 0.5, announced: true }, ['short-read']],
  ['small/7', 'access denied', { do: 'refuse', status: 403, code: 'AccessDenied' }, ['access-denied']],
  [
    'small/7',
    'an archived object',
    { do: 'refuse', status: 403, code: 'InvalidObjectState' },
    ['access-denied', 'unsupported'],
  ],
  ['small/7', '500', { do: 'refuse', status: 500, code: 'InternalError' }, ['unavailable']],
  ['small/7', 'no answer', { do: 'stall', after: 'nothing' }, ['timeout']],
  [PARTS, 'resets', { do: 'cut', after: 0.5 }, ['network', 'short-read']],
];

// They wait side by side: the engine gives an object some seconds before it believes in its failure.
describe('read: for ever', { concurrency: LASTING.length }, () => {
  for (const [key, name, fault, codes] of LASTING) {
    test(`${name} for ${key}: the failure is recorded, all others arrive, and it can be tried alone`, async () => {
      await using migration = await faulty({ source: [{ op: 'GetObject', key, fault }] });
      const { summary, failures } = await migration.run({ spec: { attempts: 2 } });
      assert.equal(summary.outcome, 'finished-with-failures');
      assert.deepEqual(
        failures.map((failure) => failure.key),
        [key],
      );
      assert.ok(codes.includes(failures[0]!.code), `${failures[0]!.code}: ${failures[0]!.message}`);
      assert.ok(failures[0]!.remedy.length > 10);
      assert.deepEqual(migration.destination.violations, []);
      assert.equal(migration.destination.bucket(BUCKET).get(key), undefined);

      migration.source.setRules([]);
      const retried = await migration.run({ failuresOnly: true });
      assert.deepEqual([retried.summary.outcome, retried.failures], ['finished', []]);
      migration.assertMoved();
    });
  }
});

test('read: an object in parts keeps its parts when one of them fails for ever', async () => {
  await using migration = await faulty({
    source: [{ op: 'GetObject', key: WHOLE, rangeFrom: 5 * MiB, fault: { do: 'cut', after: 0.2 } }],
  });
  const { failures } = await migration.run({ spec: { attempts: 2 }, etagsAreMd5: false });
  assert.deepEqual(
    failures.map(({ key }) => key),
    [WHOLE],
  );
  migration.source.setRules([]);
  const before = migration.destination.requests.length;
  await migration.run({ failuresOnly: true, etagsAreMd5: false });
  const again = migration.destination.requests.slice(before);
  assert.equal(again.filter(({ operation }) => operation === 'UploadPart').length, 1, 'only the part that was missing');
  assert.equal(again.filter(({ operation }) => operation === 'CreateMultipartUpload').length, 0);
  migration.assertMoved();
});

test('read: an object removed after it was listed is no reason to fail the others', async () => {
  await using migration = await faulty({});
  migration.source.setRules([
    {
      op: 'GetObject',
      key: 'small/3',
      fault: { do: 'run', action: ({ key }) => migration.source.bucket(BUCKET).delete(key) },
    },
  ]);
  const { summary, failures } = await migration.run();
  assert.ok(failures.every(({ key, code }) => key === 'small/3' && code === 'not-found'));
  assert.ok(['finished', 'finished-with-failures'].includes(summary.outcome));
  migration.assertMoved();
});

test('read: other bytes in one part, then in another on the next attempt', async () => {
  const fault: Fault = { do: 'corrupt-answer' };
  await using migration = await faulty({ source: [{ op: 'GetObject', key: PARTS, nth: [1, 5], fault }] });
  const { failures } = await migration.run();
  assert.deepEqual(failures, []);
  migration.assertMoved();
});

for (const key of ['small/3', STREAMED, PARTS, WHOLE]) {
  test(`read: ${key} replaced while it is read arrives as one version or the other, never as a mixture`, async () => {
    await using migration = await faulty({});
    const size = migration.source.bucket(BUCKET).get(key)!.body.length;
    let replaced = 0;
    const replace = (): void => migration.put(key, bytesOf(`version ${++replaced}`, size));
    // Before the second read of it (the first part of what is left of a body cut in half, or the second part).
    migration.source.setRules([
      { op: 'GetObject', key, nth: [1], fault: { do: 'cut', after: 0.5 } },
      { op: 'GetObject', key, nth: [2], fault: { do: 'run', action: replace } },
    ]);
    const { failures } = await migration.run();
    assert.deepEqual(failures, []);
    assert.equal(replaced, 1);
    migration.assertMoved();
  });
}
