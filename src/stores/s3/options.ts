/** Options of every S3 endpoint: their schema, and what they come to together with a preset. */
import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { FerryError } from '../../model/errors.ts';
import type { TlsOptions } from '../../wire/http/client.ts';
import type { ChainOptions } from './credentials/chain.ts';
import type { Preset } from './providers/preset.ts';

const seconds = z.number().positive().max(86_400);

const timeouts = z
  .strictObject({
    connect_timeout: seconds.optional().describe('Seconds until a connection must stand; 30 by default.'),
    read_timeout: seconds.optional().describe('Seconds without a byte received; 30 by default.'),
    write_timeout: seconds.optional().describe('Seconds without a byte sent; 30 by default.'),
  })
  .describe('How long no progress is accepted.');

/** Options every type has, whatever its provider calls bucket and keys. */
export const commonOptions = {
  region: z.string().min(1).optional().describe('Region of the bucket. Found out by itself where the service tells.'),
  session_token: z.string().optional().describe('Session token of temporary credentials.'),
  profile: z.string().optional().describe('Profile in ~/.aws/credentials and ~/.aws/config; default is AWS_PROFILE.'),
  anonymous: z.boolean().optional().describe('Send unsigned requests, for public buckets.'),
  disable_ssl: z.boolean().optional().describe('http where the endpoint names no scheme.'),
  path_style: z
    .boolean()
    .optional()
    .describe('Bucket in the path (true) or in the host name (false). By default as the service wants it.'),
  enable_list_objects_v2: z.boolean().optional().describe('List with ListObjectsV2 (true) or ListObjects (false).'),
  enable_signature_v2: z.boolean().optional().describe('Sign with the retired Signature Version 2.'),
  disable_uri_cleaning: z
    .boolean()
    .optional()
    .describe('Accepted and without effect: keys are never cleaned, `//` and `..` stay as they are.'),
  list_order: z
    .enum(['utf8', 'unordered'])
    .optional()
    .describe(
      '`unordered` where the service does not list in byte order (directory buckets, hierarchical namespaces).',
    ),
  payload_signing: z
    .enum(['auto', 'always', 'never'])
    .optional()
    .describe(
      '`always` signs the SHA-256 of every body (streams are read twice). `auto` signs it for documents only; ' +
        'data is bound by its signed Content-MD5 where there is one. `never` not even that.',
    ),
  checksums: z
    .array(z.enum(['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256']))
    .optional()
    .describe('x-amz-checksum algorithms the service verifies, where the preset does not know.'),
  etag: z
    .enum(['md5', 'opaque'])
    .optional()
    .describe(
      'What ETags are: `opaque` where they are no MD5s, as in buckets encrypted with SSE-KMS or SSE-C. Measured where ' +
        'neither this nor the preset says.',
    ),
  storage_class: z.string().optional().describe('Storage class of objects that are written without one.'),
  storage_classes: z.array(z.string()).optional().describe('Storage classes the service takes, where it has its own.'),
  expect_continue: z
    .boolean()
    .optional()
    .describe('Ask before sending bodies over 1 MiB (Expect: 100-continue); false by default.'),
  ca_file: z.string().optional().describe("PEM file of authorities to trust besides the system's."),
  insecure_skip_verify: z.boolean().optional().describe('Accept any certificate. For tests only.'),
  proxy: z.string().optional().describe('http://user:password@host:port of a proxy for this endpoint.'),
  timeout_config: timeouts.optional(),
} as const;

export const bucketName = z.string().min(1).max(255).describe('Name of the bucket.');
export const endpointUrl = z
  .string()
  .min(1)
  .describe('https://host, https://host:port/path, or host. Where the service has a known one it may be left out.');
export const accessKey = z
  .string()
  .min(1)
  .optional()
  .describe('Access key; else environment, web identity, profile, container, instance.');
export const secretKey = z.string().min(1).optional().describe('Secret key that belongs to the access key.');

/** `type: s3`: the keys of qscamel and `provider`. */
export const s3Shape = {
  bucket_name: bucketName,
  endpoint: endpointUrl.optional(),
  access_key_id: accessKey,
  secret_access_key: secretKey,
  use_accelerate: z.boolean().optional().describe('Use the transfer acceleration endpoint of Amazon S3.'),
  ...commonOptions,
} as const;

export type S3OptionValues = z.input<z.ZodObject<typeof s3Shape>>;

/** Names of options whose values are secrets. */
export const SECRET_OPTIONS: readonly string[] = ['secret_access_key', 'session_token', 'proxy'];

/** Options as the store uses them. */
export interface S3Settings {
  readonly preset: Preset;
  readonly bucket: string;
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  readonly disableSsl: boolean;
  readonly accelerate: boolean;
  readonly pathStyle: boolean | undefined;
  readonly credentials: ChainOptions;
  readonly anonymous: boolean;
  readonly signatureV2: boolean;
  readonly payloadSigning: 'auto' | 'always' | 'never';
  readonly listOrder: 'utf8' | 'unordered';
  readonly storageClass: string | undefined;
  readonly expectContinue: boolean;
  readonly tls: TlsOptions | undefined;
  readonly proxy: string | undefined;
  readonly timeouts: { readonly connect: number; readonly read: number; readonly write: number };
}

/** What mapped options of one type come to. Reads `ca_file`; opens nothing else. */
export async function settle(values: S3OptionValues, preset: Preset): Promise<S3Settings> {
  const { timeout_config: wait } = values;
  return {
    preset: adjusted(preset, values),
    bucket: values.bucket_name,
    endpoint: values.endpoint,
    region: values.region,
    disableSsl: values.disable_ssl ?? false,
    accelerate: values.use_accelerate ?? false,
    pathStyle: values.path_style,
    credentials: {
      accessKeyId: values.access_key_id,
      secretAccessKey: values.secret_access_key,
      sessionToken: values.session_token,
      profile: values.profile,
    },
    anonymous: values.anonymous ?? false,
    signatureV2: values.enable_signature_v2 ?? false,
    payloadSigning: values.payload_signing ?? 'auto',
    listOrder: values.list_order ?? 'utf8',
    storageClass: values.storage_class,
    expectContinue: values.expect_continue ?? false,
    tls: await tlsOf(values),
    proxy: values.proxy,
    timeouts: {
      connect: (wait?.connect_timeout ?? 30) * 1000,
      read: (wait?.read_timeout ?? 30) * 1000,
      write: (wait?.write_timeout ?? 30) * 1000,
    },
  };
}

/** The preset with what the options say of this very installation. */
function adjusted(preset: Preset, values: S3OptionValues): Preset {
  return {
    ...preset,
    listVersion:
      values.enable_list_objects_v2 === undefined ? preset.listVersion : values.enable_list_objects_v2 ? 2 : 1,
    etag: values.etag ?? preset.etag,
    checksums: values.checksums ?? preset.checksums,
    storageClasses: values.storage_classes ?? preset.storageClasses,
  };
}

async function tlsOf(values: S3OptionValues): Promise<TlsOptions | undefined> {
  if (values.ca_file === undefined && !values.insecure_skip_verify) return undefined;
  return { ca: await readAuthority(values.ca_file), insecure: values.insecure_skip_verify };
}

async function readAuthority(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new FerryError('configuration', { message: `ca_file: cannot read ${path}`, cause: error });
  }
}
