// What readers may have seen is not sent again behind the caller's back, on a connection that was used before either.
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { Secret } from '../../src/model/secret.ts';
import type { Store } from '../../src/store/store.ts';
import { s3Drivers } from '../../src/stores/s3/driver.ts';
import { SocketHttpClient } from '../../src/wire/http/socket-client.ts';
import { startFaultServer, type Operation } from './fault-server.ts';

const BODY = Buffer.from('x');
const CHANGES: Readonly<Record<string, readonly [Operation, (store: Store) => Promise<unknown>]>> = {
  write: ['PutObject', (store) => store.write('b', BODY, { ifAbsent: true })],
  remove: ['DeleteObject', (store) => store.remove('a')],
  removeMany: ['DeleteObjects', (store) => store.removeMany!(['a'])],
  copy: ['CopyObject', (store) => store.copy!({ store, key: 'a' }, 'b')],
  setTags: ['PutObjectTagging', (store) => store.setTags!('a', { t: '1' })],
  complete: [
    'CompleteMultipartUpload',
    async (store) => {
      const upload = { key: 'c', uploadId: await store.multipart!.begin('c') };
      const { etag } = await store.multipart!.put(upload, 1, BODY);
      return await store.multipart!.complete(upload, [{ number: 1, etag }]);
    },
  ],
};

for (const [name, [operation, change]] of Object.entries(CHANGES))
  test(`${name}: an answer that is lost is told, and nothing is sent again`, async () => {
    await using server = await startFaultServer({ buckets: ['bucket'] });
    await using http = new SocketHttpClient();
    const driver = s3Drivers()[0]!;
    const keys = { access_key_id: server.accessKey, secret_access_key: server.secretKey };
    const options = driver.options.parse({
      bucket_name: 'bucket',
      endpoint: server.endpoint,
      region: server.region,
      ...keys,
    });
    const secret = { secret_access_key: new Secret(server.secretKey) };
    const context = { http, env: {}, now: Date.now, tmpdir };
    await using store = await driver.open({ type: 's3', path: '', options: { ...options, ...secret } }, context);
    await store.write('a', BODY);
    server.setRules([{ op: operation, fault: { do: 'reset', when: 'lost-answer' } }]);
    const before = server.count(operation);
    await assert.rejects(change(store), { code: 'network' });
    assert.equal(server.count(operation) - before, 1);
  });
