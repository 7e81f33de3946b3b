/** The AWS SDK as an independent reader and writer of what Ferry moves. */
import { S3Client } from '@aws-sdk/client-s3';
import type { S3Server } from './s3-server.ts';

/** A client for any S3 server: path-style, and checksums only where an operation demands them (Ceph, Swift). */
export function sdkFor(server: S3Server, maxAttempts = 3): S3Client & Disposable {
  const client = new S3Client({
    endpoint: server.endpoint,
    region: server.region,
    credentials: { accessKeyId: server.accessKey, secretAccessKey: server.secretKey },
    forcePathStyle: true,
    maxAttempts,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  return Object.assign(client, { [Symbol.dispose]: () => client.destroy() });
}
