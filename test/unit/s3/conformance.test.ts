// The S3 driver does all that a store must do, in front of an S3 server of our own that is honest here.
import { tmpdir } from 'node:os';
import { s3Drivers } from '../../../src/stores/s3/driver.ts';
import { SocketHttpClient } from '../../../src/wire/http/socket-client.ts';
import { storeSuite, type StoreFixture } from '../../conformance/store-suite.ts';
import { FaultServer } from '../../faults/fault-server.ts';

const skip = [
  {
    test: 'presign: the URL reads the object without credentials',
    reason: 'this server reads no signatures from the query; the suites on Ceph and Swift cover it',
  },
];

storeSuite('S3 driver', open, { skip });

async function open(): Promise<StoreFixture> {
  const server = await new FaultServer({ buckets: ['bucket'] }).listen();
  const http = new SocketHttpClient();
  const context = { http, env: {}, now: Date.now, tmpdir };
  const [driver] = s3Drivers();
  const bucket = (bucket_name: string) => {
    const keys = { access_key_id: server.accessKey, secret_access_key: server.secretKey };
    const options = { bucket_name, endpoint: server.endpoint, region: server.region, etag: 'md5', ...keys };
    return driver!.open({ type: 's3', path: '', options }, context);
  };
  return {
    store: await bucket('bucket'),
    missing: await bucket('never-made'),
    async [Symbol.asyncDispose]() {
      await http[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}
