/** Bucket notifications of a Ceph cluster: a topic that posts to a URL, and a bucket that sends it its events. */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { PutBucketNotificationConfigurationCommand } from '@aws-sdk/client-s3';
import { SigV4Signer } from '../../src/wire/sigv4/signer.ts';
import type { Ceph } from './ceph.ts';
import { sdkFor } from './sdk.ts';

/**
 * Every change to an object of the bucket is posted to `url` from now on, before the client has its answer.
 *
 * A URL with a password in it is taken only over TLS, or, as here, from who says that a proxy had TLS (16.2.15, with
 * `rgw_trust_forwarded_https`).
 */
export async function notify(ceph: Ceph, bucket: string, url: string): Promise<void> {
  const body = Buffer.from(`Action=CreateTopic&Name=${bucket}&push-endpoint=${encodeURIComponent(url)}`);
  const { accessKey: accessKeyId, secretKey: secretAccessKey, region } = ceph;
  const signer = new SigV4Signer({ accessKeyId, secretAccessKey, region, service: 's3' });
  const headers = [
    ['host', new URL(ceph.endpoint).host],
    ['content-type', 'application/x-www-form-urlencoded'],
    ['x-forwarded-proto', 'https'],
  ] as const;
  const payloadHash = hash('sha256', body, 'hex');
  const added = signer.sign({
    method: 'POST',
    path: '/',
    query: '',
    headers: headers.flat(),
    payloadHash,
    now: Date.now(),
  });
  const pairs = added.flatMap((name, i) => (i % 2 === 0 ? [[name, added[i + 1]!] as const] : []));
  const all = Object.fromEntries([...headers.slice(1), ...pairs]);
  const made = await fetch(`${ceph.endpoint}/`, { method: 'POST', headers: all, body });
  assert.equal(made.status, 200, await made.text());
  using sdk = sdkFor(ceph);
  const topic = {
    Id: 'all',
    TopicArn: `arn:aws:sns:default::${bucket}`,
    Events: ['s3:ObjectCreated:*', 's3:ObjectRemoved:*'] as const,
  };
  const configuration = { TopicConfigurations: [{ ...topic, Events: [...topic.Events] }] };
  await sdk.send(
    new PutBucketNotificationConfigurationCommand({ Bucket: bucket, NotificationConfiguration: configuration }),
  );
}
