// A real Ceph tells the gateway of every change to the bucket that is moved away from it: what clients do through the
// gateway is explained, what they do past it is told with its keys.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { startFaultServer } from '../faults/fault-server.ts';
import { notify } from '../peers/ceph-topic.ts';
import { sdkFor } from '../peers/sdk.ts';
import { startCeph, unavailable } from '../peers/servers.ts';
import { BUCKET, clientOf, MovingBucketWorld, putBy } from './moving-bucket.ts';

const TOKEN = 'the-token-of-photos';
/** Clocks of stores may differ by so much, milliseconds: what comes sooner after the switch is not judged. */
const CLOCKS_APART = 2_000;

test('a Ceph tells of keys that are written past the gateway', { skip: unavailable('ceph') }, async () => {
  await using ceph = await startCeph({ kind: 'memstore' });
  await using next = await startFaultServer({ buckets: [BUCKET] });
  await using world = new MovingBucketWorld(ceph, next, { notifications: { token: TOKEN } });
  using past = sdkFor(ceph);
  await past.send(new CreateBucketCommand({ Bucket: BUCKET }));
  await putBy(past, new Map(Array.from({ length: 20 }, (_, i) => [`before ${i}`, `before ${i}`])));
  const { endpoint, running } = await world.gateway();
  await notify(ceph, BUCKET, `${endpoint.replace('://', `://ferry:${TOKEN}@`)}/.ferry/notifications/${BUCKET}`);
  const client = clientOf(endpoint);

  await world.step('start');
  await putBy(client, new Map([['through the gateway', 'before the switch']]));
  await putBy(past, new Map([['past the gateway', 'before the switch']]));
  const begun = await client.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key: 'completed late' }));
  const upload = { Bucket: BUCKET, Key: 'completed late', UploadId: begun.UploadId! };
  const { ETag } = await client.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: 'part' }));
  const before = await world.until('told', ({ notices }) => notices?.received === 2);
  assert.equal(before.notices!.waiting, 0, 'nothing is judged before the copy begins');

  await world.step('switch');
  await world.until('copied', ({ copied }) => copied !== undefined);
  await world.until('well past the switch', ({ since }) => Date.now() > Date.parse(since) + 2 * CLOCKS_APART);
  await putBy(client, new Map([['before 1', 'again'], ['new/+ %41ü', 'new']])); // prettier-ignore
  await client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'before 2' }));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: ETag! }] };
  await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload }));
  const own = await world.until(
    'written back and judged',
    ({ keys, notices }) => keys.dirty === 0 && notices!.received >= 6 && notices!.waiting === 0,
  );
  assert.deepEqual([own.notices!.past, own.notices!.keys], [0, []], 'all of it is the gateway’s own');

  await putBy(past, new Map([['before 3', 'past'], ['past/+ %41ü "x"', 'past']])); // prettier-ignore
  await past.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'before 4' }));
  await past.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'before 1', Body: 'past, over what was written back' }));
  const { notices } = await world.until('found', (status) => status.notices?.past === 4);
  assert.deepEqual(Object.fromEntries(notices!.keys.map(({ key, event }) => [key, event])), {
    'before 1': 'ObjectCreated:Put',
    'before 3': 'ObjectCreated:Put',
    'before 4': 'ObjectRemoved:Delete',
    'past/+ %41ü "x"': 'ObjectCreated:Put',
  });
  assert.match(
    await world.shown('status'),
    /PAST +4 keys WRITTEN PAST THE GATEWAY[^]*ObjectRemoved:Delete at .*"before 4"/,
  );
  running.child.kill('SIGTERM');
  const { output } = await running.exit;
  const log = readFileSync(join(world.ferry.home, 'ferry.log'), 'utf8');
  assert.match(log, /"level":"warn".*"key":"before 4","message":"written past the gateway/);
  assert.ok(!(output + log).includes(TOKEN));
});
