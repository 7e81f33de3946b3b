/** Where a bucket is: host, port, path, and how its name is written into them. */
import { isIP } from 'node:net';
import { FerryError } from '../../model/errors.ts';
import type { Preset } from './providers/preset.ts';

/** An endpoint as it was written, taken apart. */
export interface Endpoint {
  readonly secure: boolean;
  /** Name in lower case, or address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** Encoded path in front of the bucket, without a final `/`; mostly ''. */
  readonly path: string;
}

/** Everything a request line and `Host` header need. */
export interface BucketAddress {
  readonly secure: boolean;
  /** Host to connect to. */
  readonly host: string;
  readonly port: number;
  /** Value of the `Host` header. */
  readonly hostHeader: string;
  /** Encoded path of the bucket without a final `/`: '' in virtual-host style. */
  readonly base: string;
  /** The bucket is in the path. */
  readonly pathStyle: boolean;
}

/**
 * Reads `https://host:port/path`, `host:port`, `host`, `[::1]:9000`. Without a scheme it is https unless `disableSsl`.
 * A scheme that is written wins over `disableSsl`.
 */
export function parseEndpoint(text: string, disableSsl: boolean): Endpoint {
  const written = text.trim();
  const hasScheme = written.includes('://');
  let url: URL;
  try {
    url = new URL(hasScheme ? written : `${disableSsl ? 'http' : 'https'}://${written}`);
  } catch (error) {
    throw wrongEndpoint(text, error);
  }
  if ((url.protocol !== 'https:' && url.protocol !== 'http:') || url.hostname === '') throw wrongEndpoint(text);
  if (url.username !== '' || url.search !== '' || url.hash !== '') throw wrongEndpoint(text);
  const secure = url.protocol === 'https:';
  const bracketed = url.hostname.startsWith('[');
  return {
    secure,
    host: bracketed ? url.hostname.slice(1, -1) : url.hostname.toLowerCase(),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    path: trimEnd(url.pathname),
  };
}

/** Puts the bucket into the path or the host name. */
export function addressBucket(endpoint: Endpoint, bucket: string, pathStyle: boolean): BucketAddress {
  const { secure, port } = endpoint;
  const host = pathStyle ? endpoint.host : `${bucket}.${endpoint.host}`;
  return {
    secure,
    host,
    port,
    hostHeader: hostHeader(host, port, secure),
    base: pathStyle ? `${endpoint.path}/${bucket}` : endpoint.path,
    pathStyle,
  };
}

/**
 * Path style where the option says so; else for addresses and `localhost`; else as the preset says; and where it does not,
 * for explicit ports and for buckets that cannot be part of a host name, or not of one a certificate covers.
 */
export function wantsPathStyle(
  endpoint: Endpoint,
  bucket: string,
  option: boolean | undefined,
  preset: Preset,
): boolean {
  if (option !== undefined) return option;
  // Nothing can be put in front of an address.
  if (isIP(endpoint.host) !== 0 || endpoint.host === 'localhost') return true;
  if (preset.pathStyle !== undefined) return preset.pathStyle;
  if (endpoint.port !== (endpoint.secure ? 443 : 80)) return true;
  return !HOST_LABEL.test(bucket) || (endpoint.secure && bucket.includes('.'));
}

/** `http://[::1]:9000/base`, without a default port; for people and identities. */
export function formatEndpoint(endpoint: Endpoint): string {
  const { secure, host, port, path } = endpoint;
  return `${secure ? 'https' : 'http'}://${hostHeader(host, port, secure)}${path}`;
}

/** The endpoint of `region`, where the service has a pattern for it. */
export function regionalEndpoint(preset: Preset, region: string, disableSsl: boolean): Endpoint | undefined {
  if (preset.endpoint === undefined) return undefined;
  const url = preset.endpoint.replace('{region}', region) + (preset.endpointSuffix?.(region) ?? '');
  return parseEndpoint(disableSsl ? url.replace('https://', 'http://') : url, disableSsl);
}

/** The region a host name of the service tells: `oss-cn-hangzhou.aliyuncs.com` → `cn-hangzhou`. */
export function regionOfHost(preset: Preset, host: string): string | undefined {
  const suffix = preset.hosts.find((candidate) => host.endsWith(candidate));
  if (suffix === undefined || preset.regionInHost === undefined) return undefined;
  return preset.regionInHost.exec(host.slice(0, host.length - suffix.length))?.[1];
}

/** Bucket names that can be a host name: lower-case letters, digits, `-`, and `.` between them. */
const HOST_LABEL = /^[a-z0-9](?:[a-z0-9.-]{1,61}[a-z0-9])?$/;

function hostHeader(host: string, port: number, secure: boolean): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === (secure ? 443 : 80) ? name : `${name}:${port}`;
}

function trimEnd(path: string): string {
  let end = path.length;
  while (end > 0 && path[end - 1] === '/') end--;
  return path.slice(0, end);
}

function wrongEndpoint(text: string, cause?: unknown): FerryError {
  const shown = text.includes('@') ? 'endpoint' : `endpoint "${text}"`;
  return new FerryError('configuration', {
    message: `the ${shown} is not a URL or host name`,
    cause,
    remedy: 'Write `endpoint` as https://host, https://host:port or host.',
  });
}
