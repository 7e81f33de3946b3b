import type { Secret } from './secret.ts';
import type { BandwidthEntry, EndpointSpec } from './task.ts';

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
  /** Bytes of temporary files that fetches of mirrors may take, all together. */
  readonly mirrorSpool: number;
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
  /** It is being moved from `store` to another. */
  readonly migrate?: MigrateSpec | undefined;
  readonly anonymousRead: boolean;
  readonly cors: readonly CorsRule[];
  /** Where what is missing comes from, the first rule that matches decides; empty where the bucket is no mirror. */
  readonly mirror: readonly MirrorRule[];
}

/** Which keys come from which origins, and what is done with what comes. */
export interface MirrorRule {
  /** Unique in its bucket; counters go by it. */
  readonly name: string;
  readonly match: {
    readonly prefix: string;
    readonly suffix: string;
    /** Outcomes of the bucket's own store that count as a miss, as S3 would answer them. */
    readonly statuses: readonly MissStatus[];
  };
  /** Asked in this order. */
  readonly origins: readonly EndpointSpec[];
  readonly rewrite: KeyRewrite;
  readonly headers: OriginHeaders;
  readonly keep: readonly KeptHeader[];
  /** To the client and into the store at once, or 302 and fetched behind. */
  readonly mode: 'stream' | 'redirect';
  readonly store: boolean;
  /** Whether a HEAD of what is missing begins to fetch it. */
  readonly head: 'fetch' | 'ask';
  /** What a DELETE of what the origin still has means: the next GET fetches it again, or it is gone for good. */
  readonly deletes: 'refetch' | 'remember';
  readonly limits: OriginLimits;
  /** How long an answer that there is nothing is believed, milliseconds, and of how many keys at most. */
  readonly absence: { readonly duration: number; readonly entries: number };
  /** After so many failures in a row an origin is left alone for so long, milliseconds. */
  readonly breaker: { readonly failures: number; readonly duration: number };
}

export type MissStatus = 403 | 404 | 503;

/** A key loses `strip` and takes the place of `{key}` in `template`. */
export interface KeyRewrite {
  readonly strip: string;
  readonly template: string;
}

/** What the origin is told of the client's request. Names in lower case. */
export interface OriginHeaders {
  /** `*` for any end. */
  readonly pass: readonly string[];
  readonly drop: readonly string[];
  /** Names and values in turn. */
  readonly set: readonly string[];
}

export const KEPT_HEADERS = ['content-type', 'cache-control', 'content-disposition', 'content-language', 'expires', 'last-modified', 'x-amz-meta-*'] as const; // prettier-ignore
export type KeptHeader = (typeof KEPT_HEADERS)[number];

/** Of each origin of a rule. */
export interface OriginLimits {
  /** Bytes per second. */
  readonly bandwidth: number | undefined;
  readonly requestsPerSecond: number | undefined;
  /** Requests at once. */
  readonly concurrency: number;
  /** Without a byte for so long it has failed, milliseconds. */
  readonly timeout: number;
  /** Fewer bytes per second over that time count as none. */
  readonly minSpeed: number;
  readonly maxObjectSize: number;
}

/** Minutes after local midnight; over midnight where `from` is not before `to`. */
export interface Hours {
  readonly from: number;
  readonly to: number;
}

export function isWithin({ from, to }: Hours, time: Date): boolean {
  const minute = time.getHours() * 60 + time.getMinutes();
  return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}

/** How a bucket is moved while clients use it. Times in milliseconds. */
export interface MigrateSpec {
  readonly to: EndpointSpec;
  /** What clients write is written to the old side as well, so that there is a way back. */
  readonly writeBack: boolean;
  /** From the copy to the comparison without being asked. */
  readonly automatic: boolean;
  /** Switched without being asked at the first moment in these hours at which it may be. */
  readonly switchBetween: Hours | undefined;
  /** What clients read from the old side is moved before the rest. */
  readonly promoteOnRead: boolean;
  /** What the old side has to show when it tells of changes to its objects; it is not listened to where absent. */
  readonly notificationToken?: Secret | undefined;
  /** Longest a change is held at the switch. */
  readonly hold: number;
  /** Longest a change may go on on the old side after the switch. */
  readonly drain: number;
  /** Longest a store carries out what a process sent that died. */
  readonly linger: number;
  /** Of the copy: objects at once; found by itself where undefined. */
  readonly concurrency: number | undefined;
  readonly bandwidth: readonly BandwidthEntry[];
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
