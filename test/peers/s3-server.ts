/** An S3 server as tests and benchmarks know it, and a bucket of it as an end of a task. */

export interface S3Server {
  readonly endpoint: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly region: string;
}

export interface Endpoint {
  readonly type: string;
  readonly path?: string;
  readonly options?: Readonly<Record<string, unknown>>;
}

/** `source` or `destination` of a task file. `type` is that of the service; `options` come on top. */
export function s3Endpoint(
  { endpoint, accessKey, secretKey, region }: S3Server,
  bucket: string,
  { type = 's3', path = '/', options = {} }: Partial<Endpoint> = {},
): Endpoint {
  const credentials = { access_key_id: accessKey, secret_access_key: secretKey };
  return { type, path, options: { bucket_name: bucket, endpoint, region, ...credentials, ...options } };
}
