// Objects uploaded in parts of sizes nobody would guess keep their ETag where the source tells the layout.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MiB } from '../../src/model/units.ts';
import { BUCKET, bytesOf, Migration } from './harness.ts';

const ODD = 5 * MiB + 4321;

/** HEADs for the first part. */
function asked({ source }: Migration): number {
  return source.requests.filter(({ target }) => target.includes('partNumber=')).length;
}

async function oddObjects(keys: readonly string[]): Promise<Migration> {
  const migration = await Migration.start();
  for (const [i, key] of keys.entries()) migration.put(key, bytesOf(key, 12 * MiB), ODD + i);
  return migration;
}

function assertSameEtags({ source, destination }: Migration): void {
  const etags = (server: typeof source): unknown =>
    server
      .bucket(BUCKET)
      .keys()
      .map((key) => [key, server.bucket(BUCKET).get(key)!.etag]);
  assert.deepEqual(etags(destination), etags(source));
}

test('layout: parts of odd sizes are told, kept, and read once', async () => {
  await using migration = await oddObjects(['a', 'b']);
  const { failures, summary } = await migration.run();
  assert.deepEqual([failures, summary.losses], [[], {}]);
  migration.assertMoved();
  assertSameEtags(migration);
  assert.equal(asked(migration), 2);
  assert.equal(migration.source.count('GetObject'), 6, 'each part once');
});

test('layout: so are those of a destination whose ETags tell nothing, and checked by them', async () => {
  await using migration = await oddObjects(['a']);
  const { failures } = await migration.run({ destinationEtagsAreMd5: false });
  assert.deepEqual(failures, []);
  migration.assertMoved();
  assert.equal(migration.source.count('GetObject'), 3);
});

test('layout: a source that does not tell is not asked again', async () => {
  await using migration = await oddObjects(['a', 'b']);
  const rule = { op: 'HeadObject', fault: { do: 'header', headers: { 'x-amz-mp-parts-count': undefined } } } as const;
  migration.source.setRules([rule]);
  const { failures } = await migration.run();
  assert.deepEqual(failures, []);
  migration.assertMoved();
  const before = asked(migration);
  assert.ok(before >= 1);
  migration.put('c', bytesOf('c', 12 * MiB), ODD);
  await migration.run();
  migration.assertMoved();
  assert.equal(asked(migration), before);
});

test('layout: parts of several sizes are known to be beyond repeating, and the object is read in other parts', async () => {
  await using migration = await oddObjects(['a']);
  const bucket = migration.source.bucket(BUCKET);
  const object = bucket.get('a')!;
  bucket.put('a', { ...object, parts: [10 * MiB, MiB, MiB] });
  const { failures, summary } = await migration.run();
  assert.deepEqual(failures, []);
  migration.assertMoved();
  assert.equal(migration.source.count('GetObject'), 3, 'nothing twice');
  assert.deepEqual(summary.losses, { etag: 1 });
});

test('layout: an object that cannot be guessed costs those after it nothing; several in a row end the guessing', async () => {
  await using migration = await oddObjects(['odd 1']);
  const { source, destination } = migration;
  source.setRules([{ op: 'HeadObject', fault: { do: 'header', headers: { 'x-amz-mp-parts-count': undefined } } }]);
  const etag = (server: typeof source, key: string): string => server.bucket(BUCKET).get(key)!.etag;
  await migration.run();
  migration.put('even', bytesOf('even', 12 * MiB), 5 * MiB);
  const { summary } = await migration.run();
  assert.deepEqual(summary.losses, {});
  assert.equal(etag(destination, 'even'), etag(source, 'even'));
  const reads: number[] = [];
  for (const key of ['odd 2', 'odd 3', 'odd 4', 'odd 5']) {
    migration.put(key, bytesOf(key, 12 * MiB), ODD);
    const before = source.count('GetObject');
    assert.deepEqual((await migration.run()).summary.losses, { etag: 1 });
    reads.push((source.count('GetObject') - before) / 3);
  }
  assert.deepEqual([reads[1], reads[3]], [2, 1], 'each is read twice for certainty, and from then on once');
  migration.assertMoved();
});
