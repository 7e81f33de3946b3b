// A disk that is really full, in each place Ferry writes to: it is told with cause and remedy, nothing half-written is
// visible, and the same command goes on when there is room.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { startFaultServer, type FaultServer } from '../faults/fault-server.ts';
import { BUCKET, bytesOf } from '../faults/harness.ts';
import { Database } from '../../src/state/sqlite/database.ts';
import { assertHolds, bucketOf, contents, expectOnly, fill } from './endpoints.ts';
import { Ferry, type Exit } from './ferry.ts';

const cannotMount = process.getuid?.() === 0 ? undefined : 'a small file system can be mounted by root only';
const KiB = 1024;

/** A file system of its own in a directory. */
class SmallDisk implements Disposable {
  readonly path: string;

  constructor(path: string, size: string) {
    this.path = path;
    mkdirSync(path);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path]);
  }

  resize(size: string): void {
    execFileSync('mount', ['-o', `remount,size=${size}`, this.path]);
  }

  /** Leaves so many bytes free, whoever else writes there. */
  fillUpTo(free: number): void {
    const page = Buffer.alloc(4 * KiB);
    for (;;) {
      const { bavail, bsize } = statfsSync(this.path);
      if (bavail * bsize <= free) return;
      appendFileSync(join(this.path, 'ballast'), page);
    }
  }

  makeRoom(): void {
    rmSync(join(this.path, 'ballast'));
  }

  [Symbol.dispose](): void {
    // Whoever wrote there has ended.
    execFileSync('umount', [this.path]);
  }
}

async function serverWith(objects: ReadonlyMap<string, Buffer>): Promise<FaultServer> {
  const server = await startFaultServer({ buckets: [BUCKET] });
  fill(server, objects);
  return server;
}

/** It ended because a disk was full, and says so and what to do. */
function assertTold({ code, output }: Exit, where: RegExp): void {
  assert.equal(code, 1, output);
  assert.match(output, /\[disk-full\]/);
  assert.match(output, where);
  assert.match(output, /remedy +Make room/);
}

test('a destination that is full: no file is half written, and the run goes on', { skip: cannotMount }, async () => {
  const objects = contents(200, 1);
  await using source = await serverWith(objects);
  using ferry = new Ferry();
  using disk = new SmallDisk(join(ferry.dir, 'small disk'), '4m');
  const root = disk.path;
  const task = ferry.task({ type: 'copy', source: bucketOf(source), destination: { type: 'file', path: root } });
  assertTold(await ferry.run('run', 'move', '-t', task), /cannot write|no space left/);
  assertOnlyWhole(root, objects);
  const status = await ferry.run('status', 'move');
  assert.equal(status.code, 0, status.output);
  disk.resize('64m');
  const resumed = await ferry.run('run', 'move', '-t', task);
  assert.equal(resumed.code, 0, resumed.output);
  assert.equal(assertOnlyWhole(root, objects), objects.size);
  const temporary = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.includes('.ferry-tmp-'),
  );
  assert.deepEqual(temporary, []);
});

for (const free of [0, 16 * KiB]) {
  test(
    `FERRY_HOME that runs full, but for ${free / KiB} KiB: the state stays sound, and the run goes on`,
    { skip: cannotMount },
    async () => {
      const objects = contents(1500, 1);
      await using source = await serverWith(objects);
      await using destination = await startFaultServer({ buckets: [BUCKET] });
      expectOnly(destination, objects);
      using ferry = new Ferry();
      using disk = new SmallDisk(ferry.home, '8m');
      const task = ferry.task({ type: 'copy', source: bucketOf(source), destination: bucketOf(destination) });
      let puts = 0;
      destination.onRequest = ({ operation }) => {
        if (operation === 'PutObject' && ++puts === 300) disk.fillUpTo(free);
      };
      assertTold(await ferry.run('run', 'move', '-t', task), /no space/);
      assert.ok(puts >= 300);
      const full = await ferry.run('run', 'move', '-t', task);
      assertTold(full, /ferry\.db: no space is left for the state/);
      disk.makeRoom();
      {
        using db = new Database(join(ferry.home, 'ferry.db'));
        const told = db.prepare<{ readonly integrity_check: string }>('PRAGMA integrity_check').get();
        assert.equal(told?.integrity_check, 'ok');
      }
      const resumed = await ferry.run('run', 'move', '-t', task);
      assert.equal(resumed.code, 0, resumed.output);
      assertHolds(destination, objects);
      const again = await ferry.summary(0, 'run', 'move', '-t', task);
      assert.deepEqual([again.counters.copied, again.counters.skipped], [0, objects.size]);
    },
  );
}

for (const free of [0, 8 * KiB, 60 * KiB]) {
  test(
    `FERRY_HOME full from the start, but for ${free / KiB} KiB: told, and no obstacle afterwards`,
    { skip: cannotMount },
    async () => {
      const objects = contents(15, 0);
      await using source = await serverWith(objects);
      await using destination = await startFaultServer({ buckets: [BUCKET] });
      using ferry = new Ferry();
      using disk = new SmallDisk(ferry.home, '2m');
      disk.fillUpTo(free);
      const task = ferry.task({ type: 'copy', source: bucketOf(source), destination: bucketOf(destination) });
      assertTold(await ferry.run('run', 'move', '-t', task), /no space/);
      assert.equal(destination.bucket(BUCKET).size, 0);
      disk.makeRoom();
      const resumed = await ferry.run('run', 'move', '-t', task);
      assert.equal(resumed.code, 0, resumed.output);
      assertHolds(destination, objects);
      assert.match(
        readFileSync(join(ferry.home, 'ferry.yaml'), 'utf8'),
        /# proxy:/,
        'the settings are explained in full',
      );
    },
  );
}

test(
  'a full directory for temporary files: told as such, and it matters only to who needs it',
  { skip: cannotMount },
  async () => {
    const objects = contents(3000, 0);
    await using source = await serverWith(objects);
    await using destination = await startFaultServer({ buckets: [BUCKET] });
    using ferry = new Ferry();
    using disk = new SmallDisk(join(ferry.dir, 'tmp'), '2m');
    ferry.env['TMPDIR'] = disk.path;
    const end = bucketOf(source);
    const unordered = { ...end, options: { ...end.options, list_order: 'unordered' } };
    const task = ferry.task({ type: 'copy', source: unordered, destination: bucketOf(destination) });
    for (const free of [0, 100 * KiB]) {
      disk.fillUpTo(free);
      const exit = await ferry.run('run', 'move', '-t', task);
      assertTold(exit, /no space is left for temporary files in .*tmp/);
      assert.match(exit.output, /TMPDIR/);
      assert.deepEqual(readdirSync(disk.path), ['ballast'], 'what was begun is removed');
      assert.equal(destination.bucket(BUCKET).size, 0);
      disk.makeRoom();
    }
    disk.fillUpTo(0);
    const ordered = ferry.task({ type: 'copy', source: end, destination: bucketOf(destination) }, 'ordered');
    const without = await ferry.run('run', 'ordered', '-t', ordered);
    assert.equal(without.code, 0, without.output);
    disk.makeRoom();
    const resumed = await ferry.run('run', 'move', '-t', task);
    assert.equal(resumed.code, 0, resumed.output);
    assertHolds(destination, objects);
    assert.deepEqual(readdirSync(disk.path), []);
  },
);

test(
  'an object of unknown size and no room to spool it: the run ends, and goes on',
  { skip: cannotMount },
  async () => {
    const body = bytesOf('big', 1_500_000);
    const server = createServer(({ method }, response) => {
      // In pieces, so that nobody knows the length before the end.
      response.writeHead(200, { 'transfer-encoding': 'chunked' });
      if (method !== 'HEAD') response.write(body);
      response.end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const address = server.address();
      assert.ok(address !== null && typeof address === 'object');
      await using destination = await startFaultServer({ buckets: [BUCKET] });
      using ferry = new Ferry();
      using disk = new SmallDisk(join(ferry.dir, 'tmp'), '1m');
      ferry.env['TMPDIR'] = disk.path;
      const urls = [`http://127.0.0.1:${address.port}/big`];
      const task = ferry.task({
        type: 'copy',
        source: { type: 'http', options: { urls } },
        destination: bucketOf(destination),
      });
      assertTold(await ferry.run('run', 'move', '-t', task), /no space is left for temporary files in .*tmp/);
      assert.deepEqual(readdirSync(disk.path), []);
      assert.equal(destination.bucket(BUCKET).size, 0);
      disk.resize('8m');
      const resumed = await ferry.run('run', 'move', '-t', task);
      assert.equal(resumed.code, 0, resumed.output);
      assertHolds(destination, new Map([['big', body]]));
    } finally {
      server.closeAllConnections();
      server.close();
    }
  },
);

/** Every file that is visible has all its bytes; returns how many there are. */
function assertOnlyWhole(root: string, objects: ReadonlyMap<string, Buffer>): number {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.ferry-tmp-'));
  for (const { parentPath, name } of files) {
    const path = join(parentPath, name);
    assert.ok(
      objects.get(path.slice(root.length + 1))?.equals(readFileSync(path)),
      `${path} is not what the source holds`,
    );
  }
  return files.length;
}
