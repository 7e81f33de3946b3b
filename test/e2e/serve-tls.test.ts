// `ferry serve` with a certificate, buckets in the host name: clients that check it, and one that should not trust it.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, type AgentOptions } from 'node:https';
import type { LookupFunction } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { suite, test } from 'node:test';
import * as s3 from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { MiB } from '../../src/model/units.ts';
import { outputOf } from '../peers/command.ts';
import { unavailable } from '../peers/servers.ts';
import { certificate } from '../unit/http/certificates.ts';
import { Served } from './served.ts';

const DOMAIN = 's3.test';

/** A server with a certificate for its domain and every bucket below it. */
class Secure extends Served {
  readonly authority = certificate('Test authority', { authority: true });

  static async open(): Promise<Secure> {
    const served = new Secure({
      domains: [DOMAIN],
      tls: { cert_file: 'cert.pem', key_file: 'key.pem' },
    });
    const own = certificate(DOMAIN, { issuer: served.authority, names: [DOMAIN, `*.${DOMAIN}`] });
    writeFileSync(served.at('cert.pem'), own.cert);
    writeFileSync(served.at('key.pem'), own.key);
    writeFileSync(served.at('authority.pem'), served.authority.cert);
    await served.start();
    return served;
  }

  get port(): string {
    return new URL(this.server.endpoint).port;
  }

  /** The SDK as it is by default: buckets in the host, bodies in unsigned chunks with a checksum behind. */
  client(trusting: AgentOptions): s3.S3Client & Disposable {
    const lookup: LookupFunction = (_host, { all }, done) =>
      all === true ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);
    const client = new s3.S3Client({
      endpoint: `https://${DOMAIN}:${this.port}`,
      region: this.server.region,
      credentials: { accessKeyId: this.server.accessKey, secretAccessKey: this.server.secretKey },
      requestHandler: new NodeHttpHandler({ httpsAgent: new Agent({ ...trusting, lookup }) }),
      maxAttempts: 1,
    });
    return Object.assign(client, { [Symbol.dispose]: () => client.destroy() });
  }
}

suite('over TLS', () => {
  test('the AWS SDK checks the certificate and finds buckets in the host', async () => {
    await using served = await Secure.open();
    using client = served.client({ ca: served.authority.cert });
    const at = { Bucket: 'photos', Key: 'a b/ü' };
    await client.send(new s3.CreateBucketCommand({ Bucket: at.Bucket }));
    const bytes = randomBytes(9 * MiB);
    const Body = Readable.from([bytes.subarray(0, MiB), bytes.subarray(MiB)]);
    await client.send(new s3.PutObjectCommand({ ...at, Body, ContentLength: bytes.length }));
    const got = await client.send(new s3.GetObjectCommand(at));
    assert.ok(Buffer.from(await got.Body!.transformToByteArray()).equals(bytes));
    const { Contents } = await client.send(new s3.ListObjectsV2Command({ Bucket: at.Bucket }));
    assert.deepEqual(
      Contents!.map(({ Key }) => Key),
      [at.Key],
    );
    using distrustful = served.client({});
    await assert.rejects(distrustful.send(new s3.GetObjectCommand(at)), /certificate/);
  });

  test('curl signs, sends and fetches', { skip: unavailable('curl') }, async () => {
    await using served = await Secure.open();
    using client = served.client({ ca: served.authority.cert });
    await client.send(new s3.CreateBucketCommand({ Bucket: 'photos' }));
    const { accessKey, secretKey, region } = served.server;
    const host = `photos.${DOMAIN}:${served.port}`;
    const curl = async (...args: string[]): Promise<string> => {
      const trust = ['--cacert', served.at('authority.pem'), '--resolve', `${host}:127.0.0.1`];
      const sign = ['--aws-sigv4', `aws:amz:${region}:s3`, '--user', `${accessKey}:${secretKey}`];
      return String(await outputOf({ argv: ['curl', '-sS', '--fail', ...trust, ...sign, ...args], env: {} }));
    };
    const file = served.at('file');
    writeFileSync(file, randomBytes(3 * MiB));
    await curl('-T', file, '-H', 'x-amz-content-sha256: UNSIGNED-PAYLOAD', `https://${host}/k`);
    await curl('-o', served.at('back'), '-H', 'x-amz-content-sha256: UNSIGNED-PAYLOAD', `https://${host}/k`);
    assert.ok(readFileSync(served.at('back')).equals(readFileSync(file)));
    await assert.rejects(curl('--tls-max', '1.1', `https://${host}/k`));
    assert.match(await curl(`https://${host}/healthz`), /^$/);
    const plain = await fetch(`http://127.0.0.1:${served.port}/healthz`).catch((error: unknown) => error);
    assert.ok(plain instanceof Error, 'nothing is served without TLS');
  });
});

test('a certificate that is none is told before anything is served', async () => {
  const served = new Secure({ tls: { cert_file: 'cert.pem', key_file: 'absent.pem' } });
  writeFileSync(served.at('cert.pem'), 'no certificate');
  const config = join(served.ferry.dir, 'ferry.yaml');
  const absent = await served.ferry.run('serve', '-c', config);
  assert.equal(absent.code, 2);
  assert.match(absent.stderr, /absent\.pem cannot be read/);
  writeFileSync(served.at('absent.pem'), 'no key');
  const wrong = await served.ferry.run('serve', '-c', config);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /certificate or its key cannot be used/);
  served.ferry[Symbol.dispose]();
});
