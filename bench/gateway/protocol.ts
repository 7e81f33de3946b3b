/** What the benchmark and the process that makes its load say to each other. */

/** One measurement: as many requests as go through in the time, or one for each key. */
export interface Load {
  readonly port: number;
  readonly method: 'GET' | 'PUT' | 'DELETE';
  readonly bucket: string;
  /** Of objects, in turn; one that begins with `?` is a query of the bucket, encoded and in order of its names. */
  readonly keys: readonly string[];
  /** Requests in flight: one on each connection. */
  readonly connections: number;
  /** Where absent each key is asked for once. */
  readonly seconds?: number | undefined;
  /** Where `PUT` finds what it sends, under the same keys; the bucket `source` at the same port where absent. */
  readonly contents?: { readonly port: number; readonly bucket: string } | undefined;
  /** Status an answer has; any success where absent. */
  readonly status?: number | undefined;
}

export type Order =
  | ({ readonly do: 'run' } & Load)
  /** Opens connections that each ask once and then stay; answers when all are there. */
  | { readonly do: 'open'; readonly port: number; readonly bucket: string; readonly key: string; readonly connections: number }
  /** Closes them. */
  | { readonly do: 'close' }; // prettier-ignore

export interface Outcome {
  readonly requests: number;
  readonly bytes: number;
  /** Seconds it took. */
  readonly wall: number;
  /** Milliseconds from the first byte sent to the last received. */
  readonly p50: number;
  readonly p99: number;
}

/** Credentials of the one user. */
export const USER = { accessKeyId: 'BENCHUSER', secretAccessKey: 'bench-user-secret', region: 'us-east-1' };
