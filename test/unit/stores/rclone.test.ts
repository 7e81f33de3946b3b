/** Remotes of rclone.conf as endpoints. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { isFerryError } from '../../../src/model/errors.ts';
import type { Store } from '../../../src/store/store.ts';
import { fileDriver } from '../../../src/stores/file/driver.ts';
import { rcloneDriver } from '../../../src/stores/rclone/driver.ts';
import { s3Drivers } from '../../../src/stores/s3/driver.ts';
import { SocketHttpClient } from '../../../src/wire/http/socket-client.ts';
import { FaultServer } from '../../faults/fault-server.ts';
import { contextIn } from '../file/context.ts';
import { TreeFixture } from '../file/tree-fixture.ts';

const NOWHERE = { endpoint: 'http://localhost:9', accessKey: 'AK', secretKey: 'hunter2', region: 'us-east-1' };

const conf = ({ endpoint, accessKey, secretKey, region } = NOWHERE): string => `
# a comment
[old store]
type = s3
provider = Minio
env_auth =
access_key_id = ${accessKey}
secret_access_key = ${secretKey}
endpoint = ${endpoint}
region = ${region}
force_path_style = true

[disk]
type = local
[drive]
type = drive
[customers]
type = s3
sse_customer_key = hunter2
`;

interface Opener {
  readonly open: (remote: string, path: string, options?: Record<string, unknown>) => Promise<Store>;
  readonly tree: TreeFixture;
}

async function withConf(text: string, work: (opener: Opener) => Promise<void>): Promise<void> {
  await using tree = new TreeFixture();
  const config = tree.put('rclone.conf', text);
  await using http = new SocketHttpClient();
  const driver = rcloneDriver(fileDriver(), s3Drivers()[0]!);
  await using stores = new AsyncDisposableStack();
  await work({
    tree,
    open: async (remote, path, options = {}) => {
      const context = { ...contextIn(tree.folder), http, env: { RCLONE_CONFIG: config } };
      return stores.use(await driver.open({ type: 'rclone', path, options: { remote, ...options } }, context));
    },
  });
}

test('a remote of type s3 is the bucket its path names, with its keys', async () => {
  await using server = await new FaultServer({ buckets: ['bucket'] }).listen();
  await withConf(conf(server), async ({ open }) => {
    const store = await open('old store', 'bucket/a/b');
    await store.write('key', Buffer.from('bytes'));
    assert.ok(server.bucket('bucket').get('a/b/key'));
    assert.match(store.info.name, /^s3:\/\/bucket\/a\/b\//);
    assert.ok(!JSON.stringify(store.info).includes(server.secretKey));
  });
});

test('a remote of type local is a tree; `config` names another file', async () => {
  await withConf(conf(), async ({ open, tree }) => {
    tree.put('data/file');
    assert.ok(await (await open('disk', tree.at('data'))).stat('file'));
    await writeFile(tree.at('other.conf'), '[elsewhere]\ntype = local\n');
    assert.ok(await (await open('elsewhere', tree.at('data'), { config: tree.at('other.conf') })).stat('file'));
  });
});

test('what cannot be taken over is refused with a reason, and no secret', async () => {
  await withConf(conf(), async ({ open, tree }) => {
    const cases: readonly (readonly [() => Promise<unknown>, RegExp])[] = [
      [() => open('drive', 'x'), /"drive" is of type "drive"/],
      [() => open('dsk', 'x'), /no remote "dsk"; there are "old store", "disk"/],
      [() => open('old store', ''), /`path` has to name the bucket/],
      [() => open('customers', 'bucket'), /sets `sse_customer_key`/],
      [() => open('disk', '/', { config: tree.at('absent') }), /does not exist/],
      [
        () => open('disk', '/', { config: tree.put('locked', '# Encrypted\nRCLONE_ENCRYPT_V0:\nAAAA') }),
        /is encrypted/,
      ],
    ];
    for (const [attempt, message] of cases) {
      await assert.rejects(attempt(), (error) => {
        assert.ok(isFerryError(error, 'configuration'), String(error));
        assert.match(error.message, message);
        assert.doesNotMatch(`${error.message}${error.remedy}`, /hunter2/);
        return true;
      });
    }
  });
});
