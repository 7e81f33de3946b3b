import { tmpdir } from 'node:os';
import { Secret } from '../../../src/model/secret.ts';
import type { Store } from '../../../src/store/store.ts';
import { s3Drivers } from '../../../src/stores/s3/driver.ts';
import type { HttpClient } from '../../../src/wire/http/client.ts';
import type { S3Server } from '../../peers/s3-server.ts';

/**
 * A bucket of an S3 server, each request sent once: what is not answered stays unanswered. `provider`: the usual one says
 * that conditions on the source of a copy hold.
 */
export async function openBucket(
  server: S3Server,
  bucket: string,
  http: HttpClient,
  provider = 'minio',
): Promise<Store> {
  const driver = s3Drivers()[0]!;
  const { endpoint, region, accessKey, secretKey } = server;
  const keys = { access_key_id: accessKey, secret_access_key: secretKey };
  const values = { bucket_name: bucket, endpoint, region, provider, ...keys };
  const options = { ...driver.options.parse(values), secret_access_key: new Secret(secretKey) };
  return await driver.open({ type: 's3', path: '', options }, { http, env: {}, now: Date.now, tmpdir });
}
