import type { HttpAnswer } from '../../wire/http/server/server.ts';
import { textElement } from '../../wire/xml/write.ts';
import type { Identity } from '../access/authenticate.ts';
import type { User } from '../access/users.ts';
import type { Bucket, Buckets, ServedFrom } from '../buckets.ts';
import { S3Error } from './error.ts';
import type { S3Request } from './request.ts';

/** A request that may be carried out. */
export interface Call {
  readonly request: S3Request;
  readonly identity: Identity;
  readonly buckets: Buckets;
  readonly region: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Is told where what is read came from, where that is not the bucket's own store. */
  readonly served: (from: ServedFrom) => void;
}

export interface BucketCall extends Call {
  readonly bucket: Bucket;
  /** The bucket another object is copied from, if the user may read it. */
  readable(name: string): Bucket;
}

export interface ObjectCall extends BucketCall {
  readonly key: string;
}

export type Handler<C extends Call> = (call: C) => Promise<HttpAnswer>;

/** Who a bucket or object belongs to, as documents name it. */
export function ownerXml(name: string): string {
  return `<Owner>${idXml(name)}</Owner>`;
}

export function initiatorXml(name: string): string {
  return `<Initiator>${idXml(name)}</Initiator>`;
}

function idXml(name: string): string {
  return textElement('ID', name) + textElement('DisplayName', name);
}

export function userOf({ identity }: Call): User {
  if (identity.user === undefined) throw new S3Error('AccessDenied');
  return identity.user;
}
