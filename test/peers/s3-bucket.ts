/** Stores of Ferry's own S3 driver at a real server, for the suites of all of them. */
import { tmpdir } from 'node:os';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import type { Store } from '../../src/store/store.ts';
import { s3Drivers } from '../../src/stores/s3/driver.ts';
import { SocketHttpClient } from '../../src/wire/http/socket-client.ts';
import type { StoreFixture } from '../conformance/store-suite.ts';
import type { S3Server } from './s3-server.ts';
import { sdkFor } from './sdk.ts';

export interface BucketOptions {
  /** Registered type. */
  readonly type: string;
  readonly bucket: string;
  readonly path?: string | undefined;
  readonly options?: Readonly<Record<string, unknown>> | undefined;
}

/** Makes the bucket and opens it; a bucket that is not there is opened beside it. */
export async function bucketFixture(server: S3Server, wanted: BucketOptions): Promise<StoreFixture> {
  await makeBucket(server, wanted.bucket);
  const http = new SocketHttpClient();
  return {
    store: await openBucket(server, wanted, http),
    missing: await openBucket(server, { ...wanted, bucket: 'never-made' }, http),
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  };
}

export async function makeBucket(server: S3Server, bucket: string): Promise<void> {
  using sdk = sdkFor(server);
  await sdk.send(new CreateBucketCommand({ Bucket: bucket }));
}

export async function openBucket(server: S3Server, wanted: BucketOptions, http: SocketHttpClient): Promise<Store> {
  const driver = s3Drivers().find((each) => each.type === wanted.type);
  if (driver === undefined) throw new Error(`there is no type ${wanted.type}`);
  const options = {
    bucket_name: wanted.bucket,
    endpoint: server.endpoint,
    region: server.region,
    access_key_id: server.accessKey,
    secret_access_key: server.secretKey,
    ...wanted.options,
  };
  const spec = { type: wanted.type, path: wanted.path ?? '', options };
  return driver.open(spec, { http, env: {}, now: Date.now, tmpdir });
}
