// `type: s3` and an endpoint, no word of what it is: as much is decided from listings as if it had been named.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { startFaultServer, type FaultServer } from '../faults/fault-server.ts';
import { BUCKET } from '../faults/harness.ts';
import { s3Endpoint, type S3Server } from '../peers/s3-server.ts';
import { sdkFor } from '../peers/sdk.ts';
import { startCeph, startSwift, unavailable } from '../peers/servers.ts';
import { contents, fill } from './endpoints.ts';
import { Ferry } from './ferry.ts';

const PEERS = {
  ceph: { start: () => startCeph({ kind: 'memstore' }), title: 'Ceph RADOS Gateway', setting: 'provider: ceph' },
  swift: { start: startSwift, title: 'OpenStack Swift through s3api', setting: 'provider: swift-s3' },
} satisfies Record<string, { start: () => Promise<S3Server & AsyncDisposable>; title: string; setting: string }>;

for (const peer of ['ceph', 'swift'] as const) {
  test(
    `${peer}, not named: a second run and a verification read next to nothing`,
    { skip: unavailable(peer) },
    async () => {
      const objects = contents(30, 2);
      await using source = await startFaultServer({ buckets: [BUCKET] });
      fill(source, objects);
      const { start, title, setting } = PEERS[peer];
      await using server = await start();
      using sdk = sdkFor(server);
      await sdk.send(new CreateBucketCommand({ Bucket: BUCKET }));
      using ferry = new Ferry();
      const ends = { source: s3Endpoint(source, BUCKET), destination: s3Endpoint(server, BUCKET) };
      const task = ferry.task({ type: 'copy', ...ends });
      const output = async (...args: string[]): Promise<string> => {
        const exit = await ferry.run(...args);
        assert.equal(exit.code, 0, exit.output);
        return exit.output;
      };

      const checked = await output('check', '-t', task);
      assert.match(checked, /etags +MD5s of the bytes, by 3 objects/);
      assert.match(checked, /measured +.*; ETags are MD5s;/);
      assert.ok(checked.includes(`looks like ${title}; with \`${setting}\``), checked);

      assert.match(await output('run', 'first', '-t', task), new RegExp(`copied +${objects.size} objects`));
      const from = source.requests.length;
      // Another name: no earlier pass that could vouch for anything.
      assert.match(await output('run', 'second', '-t', task), new RegExp(`skipped +${objects.size} objects`));
      assert.match(
        await output('verify', 'first'),
        new RegExp(`MD5 told by both stores \\(ETag\\): ${objects.size} objects`),
      );
      assert.ok(reads(source, from) <= 6, `${reads(source, from)} objects were read`);
    },
  );
}

function reads({ requests }: FaultServer, from: number): number {
  return requests.slice(from).filter(({ operation }) => operation === 'GetObject').length;
}
