// Killed without warning again and again, a migration ends as if nothing had happened.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { startFaultServer, type FaultServer } from '../faults/fault-server.ts';
import { BUCKET } from '../faults/harness.ts';
import type { Upload } from '../faults/server/buckets.ts';
import { seeded } from '../faults/server/rules.ts';
import { assertHolds, contents, expectOnly, fill, PART, bucketOf } from './endpoints.ts';
import { Ferry } from './ferry.ts';

const CONCURRENCY = 16;
const SEED = 20261120;
/** At most so many requests of a run are answered before it is killed; half of them on average. */
const LONGEST = 200;

/** When to kill: after so many requests to the watched server, for each kill. */
function moments(kills: number): number[] {
  const random = seeded(SEED);
  return Array.from({ length: kills }, () => 1 + Math.floor(random() * LONGEST));
}

interface Killing {
  readonly ferry: Ferry;
  readonly task: string;
  /** The server whose requests are counted. */
  readonly watched: FaultServer;
  readonly moments: readonly number[];
  /** Called after every kill. */
  readonly afterwards?: () => void;
}

/** Runs the task, kills it at each moment, and lets it end at last. */
async function killAndResume({ ferry, task, watched, moments: after, afterwards }: Killing): Promise<void> {
  for (const [i, moment] of after.entries()) {
    const { child, exit } = ferry.start('run', 'move', '-t', task);
    let left = moment;
    watched.onRequest = () => {
      if (--left === 0) child.kill('SIGKILL');
    };
    const { code, output } = await exit;
    assert.equal(code, null, `kill ${i + 1} came too late: it ended with ${code}\n${output}`);
    afterwards?.();
  }
  watched.onRequest = () => undefined;
  const { code, output } = await ferry.run('run', 'move', '-t', task);
  assert.equal(code, 0, output);
}

/** So many requests of one object each cannot be done before the last kill. */
function enough(kills: readonly number[]): number {
  return kills.reduce((sum, moment) => sum + moment, 0);
}

test('S3 to S3, killed 50 times: nothing missing, nothing wrong, only work in flight done twice', async () => {
  await using source = await startFaultServer({ buckets: [BUCKET] });
  await using destination = await startFaultServer({ buckets: [BUCKET] });
  using ferry = new Ferry();
  const kills = moments(50);
  const objects = contents(enough(kills), 12);
  fill(source, objects);
  expectOnly(destination, objects);
  const task = ferry.task({
    type: 'copy',
    source: bucketOf(source),
    destination: bucketOf(destination),
    concurrency: CONCURRENCY,
  });
  await killAndResume({ ferry, task, watched: destination, moments: kills });
  assertHolds(destination, objects);

  const large = [...objects.values()].filter((body) => body.length > PART);
  const parts = large.reduce((sum, body) => sum + Math.ceil(body.length / PART), 0);
  const inFlight = kills.length * CONCURRENCY;
  const puts = destination.requests.filter(
    ({ operation, key }) => operation === 'PutObject' && !key.startsWith('.ferry-'),
  );
  assert.ok(puts.length <= objects.size - large.length + inFlight, `${puts.length} objects sent`);
  assert.ok(destination.count('UploadPart') <= parts + inFlight, `${destination.count('UploadPart')} parts sent`);
  assert.ok(source.count('HeadObject') <= large.length + inFlight, 'no HEAD for what is copied already');
});

test('a file tree to S3, killed 20 times', async () => {
  await using destination = await startFaultServer({ buckets: [BUCKET] });
  using ferry = new Ferry();
  const kills = moments(20);
  const objects = contents(enough(kills), 4);
  const tree = join(ferry.dir, 'tree');
  writeTree(tree, objects);
  expectOnly(destination, objects);
  const task = ferry.task({
    type: 'copy',
    source: { type: 'file', path: tree },
    destination: bucketOf(destination),
    concurrency: CONCURRENCY,
    multipart_boundary_size: PART,
  });
  await killAndResume({ ferry, task, watched: destination, moments: kills });
  assertHolds(destination, objects);
});

test('S3 to a file tree, killed 20 times: no file is ever half written', async () => {
  await using source = await startFaultServer({ buckets: [BUCKET] });
  using ferry = new Ferry();
  const kills = moments(20);
  const objects = contents(enough(kills), 4);
  fill(source, objects);
  const tree = join(ferry.dir, 'tree');
  mkdirSync(tree);
  const task = ferry.task({
    type: 'copy',
    source: bucketOf(source),
    destination: { type: 'file', path: tree },
    concurrency: CONCURRENCY,
  });
  const checked = new Set<string>();
  const check = (): void => {
    for (const name of filesOf(tree)) {
      if (name.includes('.ferry-tmp-') || checked.has(name)) continue;
      assert.ok(objects.get(name)?.equals(readFileSync(join(tree, name))), `${name} is not what the source holds`);
      checked.add(name);
    }
  };
  await killAndResume({ ferry, task, watched: source, moments: kills, afterwards: check });
  assert.deepEqual(filesOf(tree).toSorted(), [...objects.keys()].toSorted(), 'nothing missing, nothing left behind');
  check();
});

test('killed at the very moment an upload in parts is begun, 5 times: no upload is left behind', async () => {
  await using source = await startFaultServer({ buckets: [BUCKET] });
  await using destination = await startFaultServer({ buckets: [BUCKET] });
  using ferry = new Ferry();
  const objects = contents(0, 12);
  fill(source, objects);
  expectOnly(destination, objects);
  const task = ferry.task({
    type: 'copy',
    source: bucketOf(source),
    destination: bucketOf(destination),
    multipart_boundary_size: PART,
    keep_etag: false,
  });
  // Somebody else's upload of one of the keys, begun before.
  const theirs = uploadOf([...objects.keys()][0]!);
  destination.bucket(BUCKET).uploads.set('theirs', theirs);
  for (let i = 0; i < 5; i++) {
    const { child, exit } = ferry.start('run', 'move', '-t', task);
    destination.onRequest = ({ operation }) => {
      if (operation === 'CreateMultipartUpload') child.kill('SIGKILL');
    };
    assert.equal((await exit).code, null);
  }
  destination.onRequest = () => undefined;
  const { code, output } = await ferry.run('run', 'move', '-t', task);
  assert.equal(code, 0, output);
  assert.equal(destination.bucket(BUCKET).uploads.get('theirs'), theirs);
  destination.bucket(BUCKET).uploads.delete('theirs');
  assertHolds(destination, objects);
});

function uploadOf(key: string): Upload {
  return { key, begun: Date.now() - 3_600_000, by: 'FERRYFAULTACCESS', headers: {}, tags: new Map(), parts: new Map() };
}

function writeTree(root: string, objects: ReadonlyMap<string, Buffer>): void {
  for (const [key, body] of objects) {
    mkdirSync(dirname(join(root, key)), { recursive: true });
    writeFileSync(join(root, key), body);
  }
}

function filesOf(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(root, name)).isFile());
}
