/**
 * Checks AWS Signature Version 4 in the Authorization header, written from the documentation of the signing process
 * and on purpose without Ferry's own signer.
 */
import { createHash, createHmac } from 'node:crypto';
import { S3Error, type S3Request } from './request.ts';

export interface Credentials {
  readonly accessKey: string;
  readonly secretKey: string;
}

const SKEW = 15 * 60_000;

/** Throws the `S3Error` S3 answers with where the request is not signed right. */
export function checkSignature(request: S3Request, { accessKey, secretKey }: Credentials, now: number): void {
  const match = /^AWS4-HMAC-SHA256 Credential=([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})$/.exec(
    request.headers.authorization ?? '',
  );
  if (!match) throw new S3Error(403, 'AccessDenied');
  const [key, date, region, service] = match[1]!.split('/');
  if (key !== accessKey) throw new S3Error(403, 'InvalidAccessKeyId');
  const stamp = header(request, 'x-amz-date');
  const time = Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Math.abs(time - now) <= SKEW)) throw new S3Error(403, 'RequestTimeTooSkewed');
  const payload = header(request, 'x-amz-content-sha256');
  if (payload !== 'UNSIGNED-PAYLOAD' && payload !== sha256(request.body)) {
    throw new S3Error(400, 'XAmzContentSHA256Mismatch');
  }
  const toSign = [
    'AWS4-HMAC-SHA256',
    stamp,
    `${date}/${region}/${service}/aws4_request`,
    sha256(canonical(request, match[2]!, payload)),
  ];
  const signingKey = [date!, region!, service!, 'aws4_request'].reduce<Buffer>(
    (secret, text) => hmac(secret, text).digest(),
    Buffer.from(`AWS4${secretKey}`),
  );
  if (hmac(signingKey, toSign.join('\n')).digest('hex') !== match[3]) throw new S3Error(403, 'SignatureDoesNotMatch');
}

function canonical(request: S3Request, signedHeaders: string, payload: string): string {
  const path = decodeURIComponent(request.target.split('?')[0]!);
  const query = [...request.query].map(([name, value]) => `${encode(name)}=${encode(value)}`).sort();
  const headers = signedHeaders
    .split(';')
    .map((name) => `${name}:${header(request, name).trim().replaceAll(/ +/g, ' ')}\n`);
  return [
    request.method,
    path.split('/').map(encode).join('/'),
    query.join('&'),
    headers.join(''),
    signedHeaders,
    payload,
  ].join('\n');
}

function header(request: S3Request, name: string): string {
  const value = request.headers[name];
  // node:http hands header bytes over as Latin-1; they were signed as UTF-8.
  return Buffer.from(Array.isArray(value) ? value.join(',') : (value ?? ''), 'latin1').toString();
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

function hmac(key: Buffer, text: string): ReturnType<typeof createHmac> {
  return createHmac('sha256', key).update(text);
}
