/** Types with option names of their own, those of qscamel among them, as options of `s3`. */
import * as z from 'zod';
import { FerryError } from '../../model/errors.ts';
import { Secret } from '../../model/secret.ts';
import type { StoreDriver } from '../../store/registry.ts';
import type { HttpClient } from '../../wire/http/client.ts';
import { parseEndpoint } from './endpoint.ts';
import {
  accessKey,
  bucketName,
  commonOptions,
  endpointUrl,
  s3Shape,
  SECRET_OPTIONS,
  type S3OptionValues,
  type S3Settings,
} from './options.ts';
import { askZone } from './qingstor-zone.ts';

/** One type's options: their schema, and what they mean. */
export interface OptionMapping {
  readonly schema: z.ZodType<Record<string, unknown>>;
  readonly secrets: readonly string[];
  /** See `StoreDriver`. */
  readonly nameEncoding?: StoreDriver['nameEncoding'];
  /** Checks values and gives them the names of `s3`; rejects with `configuration`. */
  readonly parse: (values: Readonly<Record<string, unknown>>) => MappedOptions;
  /** Options the task file leaves out and the service tells. `settings` are those without them. */
  readonly lookUp?: ((options: Given, settings: S3Settings, http: HttpClient) => Promise<Given>) | undefined;
}

type Given = Readonly<Record<string, unknown>>;

export interface MappedOptions extends S3OptionValues {
  /** Name of a preset. */
  readonly provider?: string | undefined;
}

export function mapping<Shape extends z.ZodRawShape>(
  shape: Shape,
  secrets: readonly string[],
  map: (values: z.output<z.ZodObject<Shape, z.core.$strict>>) => MappedOptions,
): OptionMapping {
  const schema = z.strictObject(shape);
  return {
    schema,
    secrets: [...secrets, ...SECRET_OPTIONS],
    parse(values) {
      const parsed = schema.safeParse(revealed(values));
      if (parsed.success) return map(parsed.data);
      throw new FerryError('configuration', { message: z.prettifyError(parsed.error) });
    },
  };
}

/** Services whose options are called as those of `s3`. */
export const standard: OptionMapping = mapping(s3Shape, [], (values) => values);

/** `aliyun`: `access_key_secret`; an endpoint of the native interface (oss-REGION) means the S3 one (s3.oss-REGION). */
export const aliyunOptions = mapping(
  {
    bucket_name: bucketName,
    endpoint: endpointUrl.optional(),
    access_key_id: accessKey,
    access_key_secret: z.string().min(1).optional().describe('Secret key.'),
    ...commonOptions,
  },
  ['access_key_secret'],
  ({ access_key_secret, endpoint, ...rest }) => ({
    ...rest,
    secret_access_key: access_key_secret,
    endpoint: endpoint?.replace(/^((?:https?:\/\/)?)(oss-[^./]+\.aliyuncs\.com)/, '$1s3.$2'),
  }),
);

/** `cos`: `bucket_url` holds bucket and region: https://BUCKET-APPID.cos.REGION.myqcloud.com. */
export const cosOptions = mapping(
  {
    bucket_url: z.string().min(1).describe('https://BUCKET-APPID.cos.REGION.myqcloud.com'),
    secret_id: z.string().min(1).optional().describe('Access key.'),
    secret_key: z.string().min(1).optional().describe('Secret key.'),
    ...commonOptions,
  },
  ['secret_key'],
  ({ bucket_url, secret_id, secret_key, ...rest }) => {
    const parts = /^((?:https?:\/\/)?)([^./]+)\.(cos\.[^/]+?)\/?$/.exec(bucket_url);
    if (parts === null) {
      throw new FerryError('configuration', {
        message: `bucket_url "${bucket_url}" does not begin with a bucket and "cos."`,
        remedy: 'Write it as https://BUCKET-APPID.cos.REGION.myqcloud.com.',
      });
    }
    const [, scheme, bucket, host] = parts;
    return {
      ...rest,
      bucket_name: bucket!,
      endpoint: `${scheme}${host}`,
      access_key_id: secret_id,
      secret_access_key: secret_key,
    };
  },
);

/** `qingstor`: host and zone become the host of the S3 interface, s3.ZONE.HOST. */
export const qingstorOptions: OptionMapping = {
  nameEncoding: { option: 'decoding', of: 'source' },
  lookUp: zoneOf,
  ...mapping(
    {
      protocol: z.enum(['https', 'http']).default('https').describe('Scheme of the service.'),
      host: z.string().min(1).default('qingstor.com').describe('Domain of the service.'),
      port: z.int().min(1).max(65_535).optional().describe('Port; that of the protocol by default.'),
      zone: z
        .string()
        .min(1)
        .optional()
        .describe('Zone of the bucket, such as pek3a; the service is asked where absent.'),
      enable_virtual_style: z.boolean().optional().describe('Bucket in the host name.'),
      user_define_meta: z
        .boolean()
        .optional()
        .describe('Accepted: user metadata travels by default; `metadata: drop` in the task leaves it out.'),
      decoding: z
        .enum(['gbk', 'gb2312', 'big5', 'cp1252'])
        .optional()
        .describe(
          'At a destination: encoding of the file names of a `file` or `filelist` source, as its own `encoding` (qscamel).',
        ),
      bucket_name: bucketName,
      access_key_id: accessKey,
      secret_access_key: s3Shape.secret_access_key,
      ...commonOptions,
    },
    [],
    ({ protocol, host, port, zone, enable_virtual_style, ...given }) => {
      const rest = omit(given, 'user_define_meta', 'decoding');
      const region = zone ?? rest.region ?? 'pek3a';
      const domain = host.startsWith('s3.') ? host : `s3.${region}.${host}`;
      return {
        ...rest,
        region,
        endpoint: `${protocol}://${domain}${port === undefined ? '' : `:${port}`}`,
        path_style: rest.path_style ?? !enable_virtual_style,
      };
    },
  ),
};

async function zoneOf(options: Given, settings: S3Settings, http: HttpClient): Promise<Given> {
  const { zone, region, host = 'qingstor.com' } = options;
  if (zone !== undefined || region !== undefined || typeof host !== 'string' || host.startsWith('s3.')) return options;
  const { bucket, tls, proxy, timeouts } = settings;
  const { secure, port } = parseEndpoint(settings.endpoint!, false);
  return {
    ...options,
    zone: await askZone(http, { bucket, host, secure, port, connection: { tls, proxy, timeouts } }),
  };
}

/** `qiniu`: `domain` serves downloads only; the S3 interface is at an endpoint of the region. */
export const qiniuOptions = mapping(
  {
    bucket_name: bucketName.describe('Bucket, by its S3 name where that differs from the native one.'),
    access_key: z.string().min(1).optional().describe('Access key.'),
    secret_key: z.string().min(1).optional().describe('Secret key.'),
    domain: z.string().optional().describe('Accepted: the S3 interface needs no download domain.'),
    use_https: z.boolean().optional().describe('https (the default) or http.'),
    use_cdn_domains: z.boolean().optional().describe('Accepted and without effect.'),
    endpoint: endpointUrl.optional(),
    ...commonOptions,
  },
  ['secret_key'],
  ({ access_key, secret_key, use_https, ...given }) => {
    const rest = omit(given, 'domain', 'use_cdn_domains');
    if (rest.region === undefined && rest.endpoint === undefined) {
      throw new FerryError('configuration', {
        message: 'qiniu needs `region`: its S3 interface is at an endpoint of the region',
        remedy: 'Add `region`, one of cn-east-1, cn-east-2, cn-north-1, cn-south-1, us-north-1, ap-southeast-1.',
      });
    }
    return {
      ...rest,
      access_key_id: access_key,
      secret_access_key: secret_key,
      disable_ssl: rest.disable_ssl ?? use_https === false,
    };
  },
);

/** `gcs`: the S3 interface wants HMAC keys; an API key cannot sign. */
export const gcsOptions = mapping(
  {
    api_key: z.string().optional().describe('Not usable here: give an HMAC key instead.'),
    bucket_name: bucketName,
    access_key_id: accessKey,
    secret_access_key: s3Shape.secret_access_key,
    endpoint: endpointUrl.optional(),
    ...commonOptions,
  },
  ['api_key'],
  ({ api_key, ...rest }) => {
    if (api_key !== undefined && rest.access_key_id === undefined && !rest.anonymous) {
      throw new FerryError('configuration', {
        message: 'gcs: an `api_key` cannot sign requests',
        remedy:
          'Create an HMAC key (Cloud Storage, Settings, Interoperability; or `gcloud storage hmac create`) and give it ' +
          'as `access_key_id` and `secret_access_key`.',
      });
    }
    return rest;
  },
);

/** `r2`: the endpoint is that of an account. */
export const r2Options = mapping(
  {
    account_id: z.string().min(1).optional().describe('Cloudflare account, in place of an endpoint.'),
    ...s3Shape,
  },
  [],
  ({ account_id, ...rest }) => {
    if (account_id === undefined) return rest;
    return { ...rest, endpoint: rest.endpoint ?? `https://${account_id}.r2.cloudflarestorage.com` };
  },
);

function omit<T extends object, K extends keyof T>(values: T, ...names: readonly K[]): Omit<T, K> {
  const rest = { ...values };
  for (const name of names) delete rest[name];
  return rest;
}

/** The loader wraps secrets; the schema describes them as text. */
function revealed(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, value instanceof Secret ? value.reveal() : value]),
  );
}
