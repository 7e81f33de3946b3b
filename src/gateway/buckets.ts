import type { CorsRule } from '../model/gateway.ts';
import type { Store } from '../store/store.ts';
import type { HttpHeaders } from '../wire/http/client.ts';

/** A bucket as clients see it, over a store of its own. */
export interface Bucket {
  readonly name: string;
  readonly tenant: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly store: Store;
  /** Anybody may read its objects. */
  readonly anonymousRead: boolean;
  readonly cors: readonly CorsRule[];
  /** How clients read its objects where that is not simply `store`: what depends on the request. */
  readonly reading?: ((request: ReadingRequest) => Reading) | undefined;
}

export type Reading = Pick<Store, 'stat' | 'read' | 'capabilities'>;

export interface ReadingRequest {
  readonly method: string;
  readonly headers: HttpHeaders;
  /** Is told where what was found came from; the last word counts. */
  readonly served?: ((from: ServedFrom) => void) | undefined;
}

/** The bucket's own store; the origin of a mirror; a side of a bucket that is being moved. */
export type ServedFrom = 'store' | 'origin' | 'old' | 'new';

/** The buckets there are. */
export interface Buckets {
  find(name: string): Bucket | undefined;
  /** Of a tenant, in order of name. */
  of(tenant: string): readonly Bucket[];
  /** Rejects with `already-exists` (also where somebody else has it), `unsupported` where none can be made. */
  create(name: string, tenant: string): Promise<void>;
  /** Rejects with `unsupported` where it was not made by a client. The caller has made sure that it is empty. */
  remove(name: string): Promise<void>;
}

/** Names of S3: 3 to 63 of `a-z 0-9 . -`, no address, no dots together. */
export function isBucketName(name: string): boolean {
  return (
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
    !name.includes('..') &&
    !name.includes('.-') &&
    !name.includes('-.') &&
    !/^\d{1,3}(\.\d{1,3}){3}$/.test(name)
  );
}
