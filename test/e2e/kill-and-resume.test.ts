// Killed without warning again and again, a migration ends as if nothing had happened.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { startFaultServer, type FaultServer, type Operation, type SeenRequest } from '../faults/fault-server.ts';
import { BUCKET } from '../faults/harness.ts';
import type { Upload } from '../faults/server/buckets.ts';
import { seeded } from '../faults/server/rules.ts';
import { assertHolds, bucketOf, contents, expectOnly, fill, PART } from './endpoints.ts';
import { Ferry, type Running } from './ferry.ts';

const KILLS = 50;
/** Another one: `FERRY_TEST_SEED=7 node --test test/e2e/kill-and-resume.test.ts`. */
const SEED = Number(process.env['FERRY_TEST_SEED'] ?? 20261120);
const CONCURRENCY = 16;
/** A kill comes after so many requests to all stores at most, by chance; after half of them on average. */
const LONGEST = 500;
/** Milliseconds an answer takes while there is killing: that `CONCURRENCY` requests are on their way at any time. */
const LATENCY = 150;
/** What is done is written down so soon, milliseconds: `Checkpointer`. */
const CERTAIN = 500;

/** Enough that nothing is finished before the last kill. */
const SMALL = 6500;
/** Of 12 MiB and a bit, in parts, among the small ones so that they are met all along. */
const LARGE = 12;
const PARTS_EACH = 3;

/**
 * Protects the promise that the same command goes on after anything: a bucket with small objects and ones in parts, a
 * file tree into a bucket, and a bucket into a file tree move side by side, and all of it is killed at the same moment,
 * 50 times. Nothing is missing, nothing is wrong even for a moment, only what was in flight is done twice, and no upload
 * or temporary file is left.
 */
test('a migration of buckets and file trees, killed 50 times at random moments', async (t) => {
  t.diagnostic(`seed ${SEED}`);
  await using servers = new AsyncDisposableStack();
  const start = async (): Promise<FaultServer> => servers.use(await startFaultServer({ buckets: [BUCKET] }));
  const [source, destination, ofTree, archive] = await Promise.all([start(), start(), start(), start()]);
  const all = [source, destination, ofTree, archive];
  using ferry = new Ferry();
  const objects = contents(SMALL, LARGE);
  const [tree, unpacked] = [join(ferry.dir, 'tree'), join(ferry.dir, 'unpacked')];
  mkdirSync(unpacked);
  writeTree(tree, objects);
  for (const server of [source, archive]) fill(server, objects);
  for (const server of [destination, ofTree]) expectOnly(server, objects);
  const whole = new WholeFiles(unpacked, objects);

  const tasks = {
    buckets: { source: bucketOf(source), destination: bucketOf(destination) },
    files: { source: { type: 'file', path: tree }, destination: bucketOf(ofTree) },
    archive: { source: bucketOf(archive), destination: { type: 'file', path: unpacked } },
  };
  const options = { type: 'copy', concurrency: CONCURRENCY, multipart_boundary_size: PART, part_size: PART };
  const legs = Object.entries(tasks).map(([name, ends]) => ({ name, file: ferry.task({ ...options, ...ends }, name) }));
  const books = [
    // What is there shows in listings: nothing is done twice but what was on its way.
    new Book('sent to the bucket', destination, ['PutObject', 'UploadPart'], 0),
    new Book('read from the bucket', source, ['GetObject'], 0),
    // A listing tells no MD5 of files: what is done and not yet written down is done again.
    new Book('sent from the tree', ofTree, ['PutObject', 'UploadPart'], CERTAIN),
    new Book('read for the tree', archive, ['GetObject'], CERTAIN),
  ];

  const random = seeded(SEED);
  for (const server of all) server.latency = LATENCY;
  for (let kill = 1; kill <= KILLS; kill++) {
    const moment = 1 + Math.floor(random() * LONGEST);
    const running = legs.map(({ name, file }) => ferry.start('run', name, '-t', file));
    await Promise.race([requests(all, moment), ...running.map(({ exit }) => exit)]);
    const at = performance.now();
    await killAll(running, `seed ${SEED}, kill ${kill}, after ${moment} requests`);
    for (const book of books) book.killed(at);
    whole.check();
  }

  for (const server of all) server.latency = 0;
  for (const { name, file } of legs) {
    const { code, output } = await ferry.run('run', name, '-t', file);
    assert.equal(code, 0, output);
  }
  for (const server of [destination, ofTree]) assertHolds(server, objects);
  whole.check();
  assert.deepEqual(whole.names(), [...objects.keys()].toSorted(), 'nothing missing, nothing left behind');
  for (const book of books) t.diagnostic(book.balance());
});

/** Resolves when so many more requests have come to any of the servers. */
function requests(servers: readonly FaultServer[], count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    for (const server of servers) {
      server.onRequest = () => {
        if (--left === 0) resolve();
      };
    }
  });
}

/** SIGKILL to all at once. Rejects where one had ended by itself. */
async function killAll(running: readonly Running[], when: string): Promise<void> {
  for (const { child } of running) child.kill('SIGKILL');
  for (const { exit } of running) {
    const { code, output } = await exit;
    assert.equal(code, null, `${when}: one had ended\n${output}`);
  }
}

/** Small objects and parts of large ones that a server sent or received, and how many more than there are may be. */
class Book {
  readonly #title: string;
  readonly #server: FaultServer;
  readonly #operations: readonly Operation[];
  readonly #certain: number;
  readonly #again = { small: 0, parts: 0 };

  /** What was finished longer than `certain` milliseconds before a kill is never done again; 0: nothing finished is. */
  constructor(title: string, server: FaultServer, operations: readonly Operation[], certain: number) {
    this.#title = title;
    this.#server = server;
    this.#operations = operations;
    this.#certain = certain;
  }

  /** To be called after every kill, before the next run. `at` by `performance.now()`. */
  killed(at: number): void {
    this.#again.small += CONCURRENCY;
    this.#again.parts += CONCURRENCY;
    if (this.#certain === 0) return;
    const since = at - this.#certain - LATENCY;
    const recent = this.#moved().filter((request) => request.at > since);
    const large = new Set(recent.map(({ key }) => key).filter(isLarge));
    this.#again.small += recent.filter(({ key }) => !isLarge(key)).length;
    this.#again.parts += large.size * PARTS_EACH;
  }

  /** Tells it in words; throws where more was done twice than may be. */
  balance(): string {
    const moved = this.#moved();
    const parts = moved.filter(({ key }) => isLarge(key)).length;
    const small = moved.length - parts;
    const words = `${this.#title}: ${small} of ${SMALL} small objects and ${parts} of ${LARGE * PARTS_EACH} parts`;
    assert.ok(small >= SMALL && small <= SMALL + this.#again.small, `${words}; ${this.#again.small} may be twice`);
    assert.ok(
      parts >= LARGE * PARTS_EACH && parts <= LARGE * PARTS_EACH + this.#again.parts,
      `${words}; ${this.#again.parts} may be twice`,
    );
    return `${words}; ${this.#again.small} and ${this.#again.parts} may be twice`;
  }

  #moved(): readonly SeenRequest[] {
    return this.#server.requests.filter(
      ({ operation, key }) => this.#operations.includes(operation) && !key.startsWith('.ferry-'),
    );
  }
}

function isLarge(key: string): boolean {
  return key.includes('/large ');
}

/** Files that must be whole the moment they have their name. */
class WholeFiles {
  readonly #root: string;
  readonly #objects: ReadonlyMap<string, Buffer>;
  readonly #checked = new Set<string>();

  constructor(root: string, objects: ReadonlyMap<string, Buffer>) {
    this.#root = root;
    this.#objects = objects;
  }

  /** Everything that is there, but for directories of the tree: temporary files and directories among it. */
  names(): string[] {
    const entries = readdirSync(this.#root, { recursive: true, withFileTypes: true });
    const shown = entries.filter((entry) => !entry.isDirectory() || entry.name.startsWith('.'));
    return shown.map(({ parentPath, name }) => relative(this.#root, join(parentPath, name))).toSorted();
  }

  check(): void {
    for (const name of this.names()) {
      if (name.includes('.ferry-') || this.#checked.has(name)) continue;
      const expected = this.#objects.get(name);
      assert.ok(expected?.equals(readFileSync(join(this.#root, name))), `${name} is not what the source holds`);
      this.#checked.add(name);
    }
  }
}

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
