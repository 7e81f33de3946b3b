// `type: fetch`: the destination reads from a real bucket by itself, with URLs that are signed for it.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileDriver } from '../../src/stores/file/driver.ts';
import { memoryDriver } from '../../src/stores/memory/driver.ts';
import { s3Drivers } from '../../src/stores/s3/driver.ts';
import { MiB } from '../../src/model/units.ts';
import { pattern } from '../conformance/suite/bench.ts';
import { plant, type Planted } from '../peers/objects.ts';
import { startProxy } from '../peers/proxy.ts';
import { makeBucket } from '../peers/s3-bucket.ts';
import { s3Endpoint } from '../peers/s3-server.ts';
import { sdkFor } from '../peers/sdk.ts';
import { startCeph, unavailable } from '../peers/servers.ts';
import { Ferry } from '../unit/cli/in-process.ts';

const OBJECTS: readonly Planted[] = [
  ...Array.from({ length: 40 }, (_, i) => ({ key: `small/${i}`, body: pattern(i * 97, i + 1) })),
  { key: 'a b/ü+&%41=?.txt', body: Buffer.from('signed all the same'), contentType: 'text/plain', user: { of: 'x' } },
  { key: 'large', body: pattern(11 * MiB, 7), partSize: 5 * MiB },
];

/** Protects presigned URLs on a real service, and that a fetch reads with nothing else. */
test('a store that fetches gets everything from Ceph by signed URLs', { skip: unavailable('ceph') }, async () => {
  await using ceph = await startCeph({ kind: 'memstore' });
  await using proxy = await startProxy(ceph.endpoint);
  using sdk = sdkFor(ceph);
  await makeBucket(ceph, 'origin');
  await plant(sdk, 'origin', OBJECTS);
  // Of one process: what the first task put into memory the next ones find there.
  using ferry = new Ferry([memoryDriver(), fileDriver(), ...s3Drivers()]);
  const task = (name: string, spec: object): string => ferry.task(JSON.stringify(spec), `${name}.yaml`);
  const run = async (...words: string[]): Promise<void> => {
    const { code, out, err } = await ferry.run(...words);
    assert.equal(code, 0, out + err);
  };

  const gets: string[] = [];
  proxy.onRequest = ({ method, url, headers }) => {
    const object =
      method === 'GET' && !url!.includes('list-type=') && new URL(url!, proxy.endpoint).pathname.length > 8;
    if (object) gets.push(headers.authorization === undefined && url!.includes('X-Amz-Signature=') ? 'signed' : url!);
    return true;
  };
  const source = s3Endpoint({ ...ceph, endpoint: proxy.endpoint }, 'origin', { type: 'ceph' });
  const memory = { type: 'memory', options: { name: 'fetched' } };
  await run('run', 'fetch', '-t', task('fetch', { type: 'fetch', source, destination: memory }));
  assert.deepEqual(
    gets,
    OBJECTS.map(() => 'signed'),
  );
  await run('verify', 'fetch', '--full');

  const path = ferry.at('files');
  mkdirSync(path);
  await run('run', 'out', '-t', task('out', { type: 'copy', source: memory, destination: { type: 'file', path } }));
  for (const { key, body } of OBJECTS) assert.ok(readFileSync(ferry.at('files', key)).equals(body), key);
});
