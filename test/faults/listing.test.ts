// Faults of listings: a listing that fails or lies is noticed, and is never "empty" or "all there is".
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faulty } from './cases.ts';
import type { Fault } from './fault-server.ts';
import { BUCKET, bytesOf, Migration } from './harness.ts';

const LISTS = ['ListObjects', 'ListObjectsV2'] as const;

/** Each strikes the first two list requests; later ones are honest. */
const PASSING: Readonly<Record<string, Fault>> = {
  'a reset': { do: 'reset', when: 'before-body' },
  'a reset in the middle': { do: 'cut', after: 0.5 },
  'no answer': { do: 'stall', after: 'nothing' },
  'an answer that stops coming': { do: 'stall', after: 0.5 },
  'a document that ends early': { do: 'truncate', share: 0.5, announced: true },
  'a document that ends early and never said how long it is': { do: 'truncate', share: 0.5, announced: false },
  'a document cut between two objects': { do: 'rewrite', with: (xml) => xml.slice(0, xml.lastIndexOf('<Contents>')) },
  'an error page with status 200': {
    do: 'answer',
    status: 200,
    type: 'text/html',
    body: '<html><body>busy</body></html>',
  },
  'an S3 error with status 200': {
    do: 'answer',
    status: 200,
    type: 'application/xml',
    body: '<?xml version="1.0"?><Error><Code>InternalError</Code><Message>busy</Message></Error>',
  },
  'an empty body with status 200': { do: 'answer', status: 200, type: 'application/xml', body: '' },
  'another document with status 200': {
    do: 'answer',
    status: 200,
    type: 'application/xml',
    body: '<ListAllMyBucketsResult><Buckets></Buckets></ListAllMyBucketsResult>',
  },
  '500': { do: 'refuse', status: 500, code: 'InternalError' },
  '503 SlowDown': { do: 'refuse', status: 503, code: 'SlowDown' },
};

for (const [name, fault] of Object.entries(PASSING)) {
  for (const side of ['source', 'destination'] as const) {
    test(`list: ${name} at the ${side}, twice`, async () => {
      await using migration = await faulty({ [side]: [{ op: LISTS, nth: [1, 2], fault }] });
      const { summary } = await migration.run();
      assert.equal(summary.outcome, 'finished', String(summary.error));
      migration.assertMoved();
    });
  }
}

/** A source of three pages, and something extraneous at the destination. */
async function threePages(fault: (migration: Migration) => Fault, nth?: readonly number[]): Promise<Migration> {
  const migration = await Migration.start();
  for (let i = 0; i < 2500; i++) migration.put(`k${String(i).padStart(5, '0')}`, bytesOf(`k${i}`, 40));
  migration.destination.expect = () => undefined;
  const extra = migration.source.bucket(BUCKET).get('k00000')!;
  migration.destination.bucket(BUCKET).put('zz extraneous', extra);
  migration.source.setRules([{ op: LISTS, ...(nth && { nth }), fault: fault(migration) }]);
  return migration;
}

const ROW = '(<Contents>(?:(?!</Contents>).)*</Contents>)';

function swapFirstTwo(page: string): string {
  return page.replace(new RegExp(ROW + ROW), '$2$1');
}

const extraneous = (migration: Migration): boolean =>
  migration.destination.bucket(BUCKET).get('zz extraneous') !== undefined;

test('list: a page that comes again and again ends the run, and nothing is removed', async () => {
  let first: string | undefined;
  await using migration = await threePages(() => ({ do: 'rewrite', with: (page) => (first ??= page) }));
  const { summary } = await migration.run({ spec: { deleteExtraneous: true } });
  assert.equal(summary.outcome, 'failed');
  assert.equal(summary.error?.code, 'bad-listing');
  assert.ok(extraneous(migration));
});

test('list: objects out of order end the run, and nothing is removed', async () => {
  await using migration = await threePages(() => ({ do: 'rewrite', with: swapFirstTwo }));
  const { summary } = await migration.run({ spec: { deleteExtraneous: true } });
  assert.equal(summary.outcome, 'failed');
  assert.equal(summary.error?.code, 'bad-listing');
  assert.ok(extraneous(migration));
});

test('list: a page out of order once is asked for again', async () => {
  await using migration = await threePages(() => ({ do: 'rewrite', with: swapFirstTwo }), [2]);
  const { summary } = await migration.run({ spec: { deleteExtraneous: true } });
  assert.equal(summary.outcome, 'finished', String(summary.error));
  assert.ok(!extraneous(migration));
  assert.equal(migration.destination.bucket(BUCKET).size, 2500);
});

test('list: a page that comes twice once is asked for again', async () => {
  let first: string | undefined;
  let pages = 0;
  await using migration = await threePages(() => ({
    do: 'rewrite',
    with: (page) => {
      first ??= page;
      return ++pages === 2 ? first : page;
    },
  }));
  const { summary } = await migration.run();
  assert.equal(summary.outcome, 'finished', String(summary.error));
  assert.equal(migration.destination.bucket(BUCKET).size, 2501);
});

test('list: more is said to follow, but not from where', async () => {
  const forget = (page: string): string => page.replace(/<Next\w+>[^<]*<\/Next\w+>/, '');
  await using migration = await threePages(() => ({ do: 'rewrite', with: forget }));
  const { summary } = await migration.run();
  // The last key of a page is as good a place to go on from; to stop there would lose objects.
  if (summary.outcome === 'finished') assert.equal(migration.destination.bucket(BUCKET).size, 2501);
  else assert.equal(summary.error?.code, 'bad-listing');
});

for (const [name, fault] of Object.entries({
  'that fails for ever': { do: 'refuse', status: 500, code: 'InternalError' },
  'that is refused': { do: 'refuse', status: 403, code: 'AccessDenied' },
  'of a bucket that is gone': { do: 'refuse', status: 404, code: 'NoSuchBucket' },
} satisfies Record<string, Fault>)) {
  test(`list: a source listing ${name} ends the run; nothing at the destination is removed`, async () => {
    await using migration = await threePages(() => fault, [2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const { summary } = await migration.run({ spec: { deleteExtraneous: true, attempts: 2 } });
    assert.equal(summary.outcome, 'failed');
    assert.ok(summary.error?.remedy);
    assert.ok(extraneous(migration));
    migration.source.setRules([]);
    const resumed = await migration.run({ spec: { deleteExtraneous: true } });
    assert.equal(resumed.summary.outcome, 'finished', String(resumed.summary.error));
    assert.ok(!extraneous(migration));
    assert.equal(migration.destination.bucket(BUCKET).size, 2500);
  });
}

test('list: a source that answers empty all of a sudden removes nothing', async () => {
  await using migration = await threePages(() => ({
    do: 'rewrite',
    with: () => '<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>0</KeyCount></ListBucketResult>',
  }));
  const { summary } = await migration.run({ spec: { deleteExtraneous: true } });
  assert.equal(summary.outcome, 'failed');
  assert.equal(summary.error?.code, 'guard');
  assert.ok(extraneous(migration));
});
