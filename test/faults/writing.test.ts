// Faults of the destination while objects are written: nothing wrong is visible for a moment, nothing is lost.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faulty, PARTS, STREAMED, WHOLE } from './cases.ts';
import type { Fault, Operation } from './fault-server.ts';
import { BUCKET, bytesOf } from './harness.ts';

const WRITES: readonly Operation[] = ['PutObject', 'CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload'];
/** All but the scratch keys with which the engine measures the store. */
const REAL = /^(?!\.ferry-probe-)/;

/** Each strikes the first request of every kind for every object. */
const PASSING: Readonly<Record<string, Fault>> = {
  'a reset before the body was read': { do: 'reset', when: 'before-body' },
  'a reset after the body was read': { do: 'reset', when: 'after-body' },
  'an answer that is lost': { do: 'reset', when: 'lost-answer' },
  'half an answer': { do: 'cut', after: 'half-header' },
  'no answer for ever': { do: 'stall', after: 'nothing' },
  '503 SlowDown': { do: 'refuse', status: 503, code: 'SlowDown' },
  '503 SlowDown before the body was read': { do: 'refuse', status: 503, code: 'SlowDown', early: true },
  '500 InternalError': { do: 'refuse', status: 500, code: 'InternalError' },
  'a request time-out': { do: 'refuse', status: 400, code: 'RequestTimeout' },
  'a page of a proxy': { do: 'answer', status: 502, type: 'text/html', body: '<html>bad gateway</html>' },
};

for (const [name, fault] of Object.entries(PASSING)) {
  test(`write: ${name}, once for every object and operation`, async () => {
    const rules = WRITES.map((op) => ({ op, key: REAL, perKey: true, nth: [1], fault }));
    await using migration = await faulty({ destination: rules });
    const { summary, failures } = await migration.run({ etagsAreMd5: true });
    assert.deepEqual(failures, []);
    assert.equal(summary.outcome, 'finished', String(summary.error));
    migration.assertMoved();
  });

  test(`write: ${name}, once for every object and operation, where ETags tell nothing`, async () => {
    const rules = WRITES.map((op) => ({ op, key: REAL, perKey: true, nth: [1], fault }));
    await using migration = await faulty({ destination: rules });
    const { failures } = await migration.run({ etagsAreMd5: false });
    assert.deepEqual(failures, []);
    migration.assertMoved();
  });
}

test('write: a completion whose answer is lost is found out by reading, not by sending all parts again', async () => {
  const lost: Fault = { do: 'reset', when: 'lost-answer' };
  await using migration = await faulty({ destination: [{ op: 'CompleteMultipartUpload', nth: [1], fault: lost }] });
  const { failures } = await migration.run({ etagsAreMd5: false });
  assert.deepEqual(failures, []);
  migration.assertMoved();
  const puts = migration.destination.requests.filter(({ operation }) => operation === 'UploadPart');
  assert.equal(puts.length, new Set(puts.map(({ target }) => target)).size);
  assert.equal(new Set(puts.map(({ target }) => target.replace(/.*uploadId=/, ''))).size, 2, 'one upload for each');
});

test('write: bytes altered on the way are refused by the store and sent again', async () => {
  const fault: Fault = { do: 'corrupt-request' };
  await using migration = await faulty({
    destination: [{ op: ['PutObject', 'UploadPart'], key: REAL, perKey: true, nth: [1], fault }],
  });
  const { failures } = await migration.run();
  assert.deepEqual(failures, []);
  migration.assertMoved();
});

for (const [name, body] of Object.entries({
  'an S3 error': '<?xml version="1.0"?><Error><Code>InternalError</Code><Message>try again</Message></Error>',
  'blanks and then an S3 error': '   \n\n <?xml version="1.0"?><Error><Code>InternalError</Code></Error>',
  'a page of a proxy': '<html><body>busy</body></html>',
  nothing: '',
})) {
  test(`write: status 200 and ${name} in answer to CompleteMultipartUpload is no success`, async () => {
    const fault: Fault = { do: 'answer', status: 200, type: 'application/xml', body };
    await using migration = await faulty({ destination: [{ op: 'CompleteMultipartUpload', nth: [1, 2], fault }] });
    const { failures } = await migration.run();
    assert.deepEqual(failures, []);
    migration.assertMoved();
  });
}

test('write: an ETag of other bytes in the answer is not taken for a good copy', async () => {
  const fault: Fault = { do: 'header', headers: { etag: '"00000000000000000000000000000000"' } };
  await using migration = await faulty({ destination: [{ op: 'UploadPart', key: PARTS, nth: [1], fault }] });
  const { failures } = await migration.run();
  assert.deepEqual(failures, []);
  migration.assertMoved();
});

test('write: an upload in parts that vanished is begun again', async () => {
  await using migration = await faulty({});
  const vanish = (): void => migration.destination.bucket(BUCKET).uploads.clear();
  migration.destination.setRules([
    { op: 'UploadPart', key: PARTS, nth: [2], fault: { do: 'run', action: vanish } },
    { op: 'CompleteMultipartUpload', key: PARTS, nth: [1], fault: { do: 'run', action: vanish } },
  ]);
  const { failures } = await migration.run();
  assert.deepEqual(failures, []);
  migration.assertMoved();
});

for (const key of ['small/3', STREAMED, PARTS]) {
  test(`write: what somebody else wrote as ${key} in the meantime is not replaced`, async () => {
    await using migration = await faulty({});
    const theirs = {
      body: Buffer.from('written by an application'),
      etag: 'x',
      modified: Date.now(),
      headers: {},
      tags: new Map(),
    };
    migration.destination.expect = () => undefined;
    const write = (): void => migration.destination.bucket(BUCKET).put(key, theirs);
    const op = key === PARTS ? 'CompleteMultipartUpload' : 'PutObject';
    migration.destination.setRules([{ op, key, nth: [1], fault: { do: 'run', action: write } }]);
    const { summary, failures } = await migration.run({ spec: { createOnly: true } });
    const held = migration.destination.bucket(BUCKET).get(key)!;
    if (held.body.equals(theirs.body)) {
      assert.ok(failures.every((failure) => failure.key === key && failure.code === 'already-exists'));
    } else {
      // CompleteMultipartUpload of this preset knows no condition.
      assert.equal(key, PARTS);
    }
    assert.equal(summary.counters.copied + summary.counters.skipped + failures.length, summary.counters.listed);
  });
}

test('write: an object that is there already is not sent, whatever HEAD answers', async () => {
  await using migration = await faulty({});
  await migration.run();
  const before = migration.destination.requests.length;
  migration.destination.setRules([{ op: 'HeadObject', fault: { do: 'refuse', status: 500, code: 'InternalError' } }]);
  const { summary } = await migration.run();
  assert.equal(summary.counters.copied, 0);
  const again = migration.destination.requests.slice(before).filter(({ key }) => REAL.test(key) && key !== '');
  assert.deepEqual(again, []);
  migration.put('small/1', bytesOf('changed', 777));
  await migration.run();
  migration.assertMoved();
});

test('write: without faults every small object is one GET and one PUT, and nothing is asked by HEAD', async () => {
  await using migration = await faulty({});
  await migration.run();
  migration.assertMoved();
  const { source, destination } = migration;
  for (const key of source
    .bucket(BUCKET)
    .keys()
    .filter((name) => name !== PARTS && name !== WHOLE)) {
    const asked = [...source.requests, ...destination.requests].filter((request) => request.key === key);
    assert.deepEqual(
      asked.map(({ operation }) => operation),
      ['GetObject', 'PutObject'],
    );
  }
});
