// What Ferry wrote, read by programs that know nothing of it.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { MiB } from '../../src/model/units.ts';
import { pattern } from '../conformance/suite/bench.ts';
import { outputOf } from '../peers/command.ts';
import { holdings } from '../peers/objects.ts';
import { rcloneCommand } from '../peers/rclone.ts';
import { makeBucket } from '../peers/s3-bucket.ts';
import { s3cmdCommand } from '../peers/s3cmd.ts';
import { s3Endpoint } from '../peers/s3-server.ts';
import { sdkFor } from '../peers/sdk.ts';
import { startCeph, unavailable } from '../peers/servers.ts';
import { Ferry } from './ferry.ts';
import { assertMoved, mixture, plantBucket } from './mixture.ts';

/** All but keys with parts that are empty, `.` or `..`: rclone 1.60 lists those and cannot read them. */
const OBJECTS = mixture({ small: 20, tags: false }).filter(({ key }) => !/(^|\/)\.{0,2}(\/|$)/.test(key));
/** Listed by rclone and s3cmd under their own names; others they spell in ways of their own, or not at all. */
const PLAIN = OBJECTS.filter(({ key }) => /^\w[\w -]*(\/\w[\w. -]*)*$/.test(key));
const FILES: Readonly<Record<string, Buffer>> = {
  'top.txt': Buffer.from('top'),
  empty: Buffer.alloc(0),
  'deep/er/größe.bin': pattern(100_000, 7),
  'deep/large.bin': pattern(20 * MiB, 8),
};
/** When the files were modified, as rclone writes it. */
const MODIFIED = '2021-03-04T05:06:07.500';

/** Protects that a copy is an object like any other, to whoever comes next, not only to Ferry's own eyes. */
test('what Ferry wrote to Ceph others read', { skip: unavailable('ceph', 'rclone', 's3cmd') }, async (t) => {
  const clusters = await Promise.all([startCeph({ kind: 'memstore' }), startCeph({ kind: 'memstore' })]);
  const [old, fresh] = clusters;
  t.after(() => Promise.all(clusters.map((cluster) => cluster.stop())));
  using ferry = new Ferry();
  await plantBucket(old, 'origin', OBJECTS);
  for (const bucket of ['target', 'files']) await makeBucket(fresh, bucket);
  const source = s3Endpoint(old, 'origin', { type: 'ceph' });
  const destination = s3Endpoint(fresh, 'target', { type: 'ceph' });
  const { losses } = await ferry.summary(0, 'run', 'bucket', '-t', ferry.task({ type: 'copy', source, destination }));
  const tree = join(ferry.dir, 'tree');
  writeTree(tree);
  const files = { type: 'copy', source: { type: 'file', path: tree }, destination: s3Endpoint(fresh, 'files') };
  await ferry.summary(0, 'run', 'files', '-t', ferry.task({ ...files, multipart_boundary_size: '8MiB' }, 'files'));
  // Without it rclone finds out in 40 s that names with control characters make no XML.
  const encoded = '--s3-list-url-encode=true';
  const rclone = (...args: string[]): Promise<Buffer> => outputOf(rcloneCommand([...args, encoded], { old, fresh }));
  const s3cmd = (...args: string[]): Promise<Buffer> => outputOf(s3cmdCommand(args, fresh));

  await t.test('rclone check finds both buckets equal, by checksums and byte by byte', async () => {
    for (const how of [[], ['--download']]) {
      const combined = String(await rclone('check', 'old:origin', 'fresh:target', '--combined=-', ...how));
      const verdicts = combined.trimEnd().split('\n');
      assert.deepEqual(
        verdicts.filter((line) => !line.startsWith('= ')),
        [],
      );
      for (const { key } of PLAIN) assert.ok(verdicts.includes(`= ${key}`), key);
    }
  });

  await t.test('rclone md5sum tells the MD5s of the bytes', async () => {
    const told = new Map(
      String(await rclone('md5sum', 'fresh:target'))
        .split('\n')
        .map((line) => [line.slice(34), line.slice(0, 32)]),
    );
    for (const { key, body, partSize } of PLAIN) {
      // Of uploads in parts no store tells an MD5, and rclone says so.
      const md5 = partSize === undefined ? createHash('md5').update(body).digest('hex') : ' '.repeat(32);
      assert.equal(told.get(key), md5, key);
    }
  });

  await t.test('rclone reads bytes, headers, user metadata and times', async () => {
    const page = OBJECTS.find(({ key }) => key === 'described/page.html')!;
    assert.deepEqual(await rclone('cat', 'fresh:target/described/page.html'), page.body);
    const listed = JSON.parse(String(await rclone('lsjson', '-M', 'fresh:target/described'))) as RcloneEntry[];
    const [dated, described] = ['dated', 'page.html'].map((name) => listed.find(({ Path }) => Path === name)!);
    const { btime: _, mtime, ...metadata } = described!.Metadata;
    assert.deepEqual(metadata, {
      ...page.user,
      'content-type': page.contentType,
      'cache-control': page.cacheControl,
      'content-disposition': page.contentDisposition,
      'content-language': page.contentLanguage,
    });
    using sdk = sdkFor(old);
    const written = (await holdings(sdk, 'origin')).get('described/page.html')!.written!;
    assert.equal(Date.parse(mtime!), written * 1000, 'the time the original was written is kept');
    assert.equal(dated!.Metadata['mtime'], '2024-05-01T12:00:00.123456789Z', 'to the nanosecond where it was told so');
  });

  await t.test('s3cmd lists, reads and describes', async () => {
    const listed = String(await s3cmd('ls', '--recursive', 's3://target/large/'));
    for (const { key, body } of PLAIN.filter((object) => object.key.startsWith('large/'))) {
      assert.match(listed, new RegExp(`\\s${body.byteLength}  s3://target/${key}$`, 'm'));
      assert.ok((await s3cmd('get', `s3://target/${key}`, '-')).equals(body), key);
    }
    const info = String(await s3cmd('info', 's3://target/described/page.html'));
    assert.match(info, /MIME type: text\/html; charset=utf-8$/m);
    assert.match(info, /x-amz-meta-author: Ada Lovelace$/m);
    assert.match(info, /MD5 sum: {3}7bbed9455a969f6cf5235153ca48aead$/m);
  });

  await t.test('the AWS SDK finds in the copy what it finds in the original', async () => {
    using before = sdkFor(old);
    using after = sdkFor(fresh);
    assertMoved(await holdings(before, 'origin'), await holdings(after, 'target'), losses);
  });

  await t.test(
    'rclone check finds a file tree in its bucket, large files in parts too, with the times it had',
    async () => {
      const combined = await rclone('check', tree, 'fresh:files', '--download', '--combined=-');
      const same = Object.keys(FILES).map((name) => `= ${name}`);
      assert.deepEqual(String(combined).trimEnd().split('\n').sort(), same.sort());
      const listed = JSON.parse(String(await rclone('lsjson', '-R', '--files-only', 'fresh:files'))) as RcloneEntry[];
      for (const { Path, ModTime } of listed) assert.equal(Date.parse(ModTime), Date.parse(`${MODIFIED}Z`), Path);
      assert.equal(listed.length, same.length);
    },
  );
});

interface RcloneEntry {
  readonly Path: string;
  readonly ModTime: string;
  readonly Metadata: Readonly<Record<string, string>>;
}

function writeTree(root: string): void {
  for (const [name, body] of Object.entries(FILES)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, body);
    utimesSync(path, new Date(), new Date(`${MODIFIED}Z`));
  }
}
