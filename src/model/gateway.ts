import type { Secret } from './secret.ts';
import type { EndpointSpec } from './task.ts';

/** What `ferry serve` is to do, after its configuration was read and checked. */
export interface GatewaySpec {
  readonly host: string;
  readonly port: number;
  /** PEM files. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
  readonly region: string;
  /** Lower case. */
  readonly domains: readonly string[];
  readonly users: readonly UserSpec[];
  /** Where buckets that clients make have their objects, each in a folder of its name; none can be made where absent. */
  readonly storage: EndpointSpec | undefined;
  readonly buckets: readonly BucketSpec[];
  readonly maxConnections: number;
  /** When it is to stop, `/readyz` says so for so long before it takes no more connections, milliseconds. */
  readonly notice: number;
  /** Requests under way may take so long when the server stops, milliseconds. */
  readonly grace: number;
}

export interface UserSpec {
  readonly name: string;
  /** Users of one tenant share its buckets. */
  readonly tenant: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  /** Names of buckets, `*` for any end; all of the tenant's where absent. */
  readonly buckets?: readonly string[] | undefined;
  readonly readOnly: boolean;
}

export interface BucketSpec {
  readonly name: string;
  readonly tenant: string;
  readonly store: EndpointSpec;
  readonly anonymousRead: boolean;
  readonly cors: readonly CorsRule[];
}

/** Which pages of other origins may use a bucket. */
export interface CorsRule {
  /** `https://app.example`, with `*` for any part. */
  readonly origins: readonly string[];
  readonly methods: readonly string[];
  /** Headers a browser may send; `*` for any part. */
  readonly headers: readonly string[];
  /** Headers a page may see. */
  readonly exposed: readonly string[];
  readonly maxAgeSeconds?: number | undefined;
}
