// Refusals that would meet every object: the run stops, says why and what to do, and goes on where it was.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorCode } from '../../src/model/errors.ts';
import { faulty } from './cases.ts';
import type { Fault, Operation } from './fault-server.ts';
import { BUCKET } from './harness.ts';

const refuse = (status: number, code: string): Fault => ({ do: 'refuse', status, code });
const LATER = Array.from({ length: 1000 }, (_, i) => i + 6);

/** From the sixth request of the operation on. */
const STOPPING: readonly (readonly [string, 'source' | 'destination', Operation, Fault, ErrorCode])[] = [
  ['credentials that expire while reading', 'source', 'GetObject', refuse(400, 'ExpiredToken'), 'expired-credentials'],
  [
    'credentials that expire while writing',
    'destination',
    'PutObject',
    refuse(403, 'ExpiredToken'),
    'expired-credentials',
  ],
  ['a key that is withdrawn', 'source', 'GetObject', refuse(403, 'InvalidAccessKeyId'), 'bad-credentials'],
  ['a full quota', 'destination', 'PutObject', refuse(403, 'QuotaExceeded'), 'disk-full'],
  ['a full store', 'destination', 'PutObject', refuse(507, 'InsufficientStorage'), 'disk-full'],
  ['a bucket that is removed', 'destination', 'PutObject', refuse(404, 'NoSuchBucket'), 'no-such-bucket'],
];

for (const [name, side, op, fault, code] of STOPPING) {
  test(`stop: ${name}`, async () => {
    await using migration = await faulty({ [side]: [{ op, nth: LATER, fault }] });
    const { summary } = await migration.run();
    assert.equal(summary.outcome, 'failed');
    assert.equal(summary.error?.code, code, summary.error?.message);
    assert.ok(summary.error.remedy.length > 10);
    const asked = migration[side].requests.filter(({ fault: met }) => met === fault).length;
    assert.ok(asked <= 60, `${asked} requests after the refusal was known`);

    const before = migration.source.bucket(BUCKET).size - migration.destination.bucket(BUCKET).size;
    migration[side].setRules([]);
    const resumed = await migration.run();
    assert.equal(resumed.summary.outcome, 'finished', String(resumed.summary.error));
    assert.ok(before > 0);
    migration.assertMoved();
  });
}

for (const hours of [-2, 2]) {
  test(`stop: a clock that is ${hours} hours off is corrected for, or said to be wrong`, async () => {
    await using migration = await faulty({}, { now: () => Date.now() + hours * 3_600_000 });
    const { summary } = await migration.run();
    if (summary.outcome === 'finished') migration.assertMoved();
    else assert.equal(summary.error?.code, 'clock-skew');
  });
}

test('stop: a wrong secret is told at once', async () => {
  await using migration = await faulty({ source: [{ fault: refuse(403, 'SignatureDoesNotMatch') }] });
  const { summary } = await migration.run();
  assert.equal(summary.error?.code, 'bad-credentials');
  assert.ok(migration.source.requests.length < 5);
});
