import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { importRclone } from '../../../src/config/importers/rclone.ts';

const CONF = `
# a comment
[old store]
type = s3
provider = Minio
env_auth =
access_key_id = AK
secret_access_key = hunter2
endpoint = http://localhost:9000
force_path_style = true

[disk]
type = local
[drive]
type = drive
`;

test('an S3 remote becomes an endpoint, its secret a reference', () => {
  const text = importRclone(CONF, 'old store', 'bucket/a/b');
  assert.deepEqual(parse(text), {
    type: 's3',
    path: 'a/b',
    options: {
      provider: 'minio',
      bucket_name: 'bucket',
      endpoint: 'http://localhost:9000',
      access_key_id: 'AK',
      secret_access_key: '${env:OLD_STORE_SECRET_ACCESS_KEY}',
      path_style: true,
    },
  });
  assert.doesNotMatch(text, /hunter2/);
});

test('other remotes are taken or refused by name', () => {
  assert.deepEqual(parse(importRclone(CONF, 'disk', '/data')), { type: 'file', path: '/data' });
  assert.throws(() => importRclone(CONF, 'drive'), /"drive" is of type "drive"/);
  assert.throws(() => importRclone(CONF, 'dsk'), /no remote "dsk"; did you mean "disk"/);
});
