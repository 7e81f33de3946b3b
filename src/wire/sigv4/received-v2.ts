/**
 * URLs presigned with the retired Signature Version 2, as a server finds them. aws-cli, boto3 and s3cmd still make them
 * where nobody told them otherwise.
 * Source: "Query string request authentication alternative" in "Signing and authenticating REST requests", S3 user guide.
 */
import type { Malformed, SignedRequest } from './received.ts';
import { isSubResource, sigV2StringToSign } from './sigv2.ts';

/** Nothing in it is to be believed before `SigningKeys.verifyV2`. */
export interface ReceivedV2 {
  readonly accessKeyId: string;
  /** Base64. */
  readonly signature: string;
  /** Until when it lives, milliseconds since the epoch. */
  readonly expires: number;
  /** Undefined where the signature covers every parameter; else the name of one it does not. */
  readonly unsigned: string | undefined;
}

/** Undefined: the query holds no such signature. */
export function receivedV2({ query, headers }: SignedRequest): ReceivedV2 | Malformed | undefined {
  const value = (wanted: string): string | undefined => {
    const found = query.filter(([name]) => name === wanted);
    return found.length === 1 ? found[0]![1] : undefined;
  };
  if (!query.some(([name]) => name === 'AWSAccessKeyId')) return undefined;
  const [accessKeyId, signature, expires] = OWN.map(value);
  if (headers.get('authorization') !== undefined)
    return { malformed: 'It is signed both in its header and in its query' };
  if (!accessKeyId || !signature || !/^\d{1,11}$/.test(expires ?? ''))
    return { malformed: 'AWSAccessKeyId, Signature and Expires belong together, each once' };
  const unsigned = query.find(([name]) => !OWN.includes(name) && !isSubResource(name) && !isHoisted(name));
  return { accessKeyId, signature, expires: Number(expires) * 1000, unsigned: unsigned?.[0] };
}

const OWN: readonly string[] = ['AWSAccessKeyId', 'Signature', 'Expires'];

/** Headers that clients put into the query of such a URL; the signature covers them as headers. */
export function isHoisted(name: string): boolean {
  const lower = name.toLowerCase();
  return lower.startsWith('x-amz-') || lower === 'content-type' || lower === 'content-md5';
}

/** What was signed. `request` has its hoisted headers where headers belong; `resource`: path with the bucket in it. */
export function receivedV2ToSign(request: SignedRequest, received: ReceivedV2, resource: string): string {
  const headers: string[] = [];
  for (const [name, value] of request.headers.entries()) if (isHoisted(name)) headers.push(name, value);
  const { method, query } = request;
  return sigV2StringToSign({ method, resource, query, headers }, String(received.expires / 1000));
}
