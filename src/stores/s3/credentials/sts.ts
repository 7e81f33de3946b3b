/**
 * Roles assumed at AWS STS, or at a service that speaks its protocol (Ceph, MinIO).
 * Source: "AssumeRole" and "AssumeRoleWithWebIdentity", AWS STS API reference; "Service-specific endpoints", AWS SDKs
 * reference guide.
 */
import { hash } from 'node:crypto';
import * as z from 'zod';
import { FerryError, type ErrorCode } from '../../../model/errors.ts';
import { uriEncode } from '../../../wire/sigv4/encode.ts';
import { SigV4Signer } from '../../../wire/sigv4/signer.ts';
import { parseErrorDocument } from '../../../wire/xml/error-document.ts';
import { parseXml } from '../../../wire/xml/tree.ts';
import type { Credentials, Surroundings } from './credentials.ts';
import { originOf } from './json.ts';

export interface Role {
  readonly arn: string;
  /** Made up where absent; shows in the logs of the service. */
  readonly sessionName: string | undefined;
  /** Region of the STS to ask, unless the environment names one; that of the partition of the role where absent. */
  readonly region: string | undefined;
}

export interface AssumedByKeys extends Role {
  readonly externalId: string | undefined;
  readonly durationSeconds: number | undefined;
}

const VERSION = '2011-06-15';
const TIMEOUTS = { connect: 10_000, read: 20_000, write: 10_000 } as const;
const MAX_ANSWER = 64 * 1024;

/** Rejects where STS refuses, with what it says; with a retryable error where it cannot be reached or is busy. */
export async function assumeRole(
  role: AssumedByKeys,
  credentials: Credentials,
  around: Surroundings,
  signal: AbortSignal | undefined,
): Promise<Credentials> {
  const parameters = {
    Action: 'AssumeRole',
    ...common(role, around),
    ExternalId: role.externalId,
    DurationSeconds: role.durationSeconds === undefined ? undefined : String(role.durationSeconds),
  };
  return await ask(role, parameters, credentials, around, signal);
}

/** The same with a token of an identity provider (EKS, GitHub…), which is all that vouches for the caller. */
export async function assumeRoleWithToken(
  role: Role,
  token: string,
  around: Surroundings,
  signal: AbortSignal | undefined,
): Promise<Credentials> {
  const parameters = { Action: 'AssumeRoleWithWebIdentity', ...common(role, around), WebIdentityToken: token };
  return await ask(role, parameters, undefined, around, signal);
}

type Parameters = Readonly<Record<string, string | undefined>>;

function common({ arn, sessionName }: Role, { now }: Surroundings): Parameters {
  return { Version: VERSION, RoleArn: arn, RoleSessionName: sessionName ?? `ferry-${now()}` };
}

async function ask(
  role: Role,
  parameters: Parameters,
  credentials: Credentials | undefined,
  around: Surroundings,
  signal: AbortSignal | undefined,
): Promise<Credentials> {
  const { url, region } = endpointOf(role, around);
  const form = Object.entries(parameters).filter(([, value]) => value !== undefined);
  const body = Buffer.from(form.map(([name, value]) => `${name}=${uriEncode(value!, false)}`).join('&'));
  const path = url.pathname;
  const headers = ['host', url.host, 'content-type', 'application/x-www-form-urlencoded; charset=utf-8'];
  if (credentials !== undefined) {
    const signer = new SigV4Signer({ ...credentials, region, service: 'sts' });
    const payloadHash = hash('sha256', body);
    headers.push(...signer.sign({ method: 'POST', path, query: '', headers, payloadHash, now: around.now() }));
  }
  const request = { method: 'POST', target: path, headers, body };
  const response = await around.http.request({ ...originOf(url), timeouts: TIMEOUTS }, request, signal);
  const answer = await response.body.bytes(MAX_ANSWER);
  if (response.status !== 200) throw refusal(role, url, response.status, answer);
  return parse(String(parameters['Action']), answer);
}

function parse(action: string, answer: Buffer): Credentials {
  const credentials = parseXml(answer).child(`${action}Result`)?.child('Credentials');
  const expires = z.iso.datetime({ offset: true }).safeParse(credentials?.get('Expiration'));
  if (credentials === undefined || !expires.success) {
    throw new FerryError('bad-response', { message: 'STS answered something that is not credentials' });
  }
  return {
    accessKeyId: credentials.require('AccessKeyId'),
    secretAccessKey: credentials.require('SecretAccessKey'),
    sessionToken: credentials.require('SessionToken'),
    expires: Date.parse(expires.data),
  };
}

/** Of the environment; else the one of the region, or of the partition the role is in. */
function endpointOf({ arn, region: told }: Role, { env }: Surroundings): { url: URL; region: string } {
  const region = env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || told || undefined;
  const given = env['AWS_ENDPOINT_URL_STS'] || env['AWS_ENDPOINT_URL'];
  if (given) return { url: urlOf(given), region: region ?? 'us-east-1' };
  const [partition, home] = PARTITIONS.find(([each]) => arn.startsWith(`arn:${each}:`)) ?? ['aws', undefined];
  const where = region ?? home;
  if (where === undefined) return { url: new URL('https://sts.amazonaws.com/'), region: 'us-east-1' };
  if (!/^[a-z0-9-]+$/.test(where)) throw notUsable(`"${where}" is no region`, 'Correct the region of the profile.');
  const domain = partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  return { url: new URL(`https://sts.${where}.${domain}/`), region: where };
}

/** Partitions with endpoints of their own, and the region that is asked where none is told. */
const PARTITIONS = [
  ['aws-cn', 'cn-north-1'],
  ['aws-us-gov', 'us-gov-west-1'],
] as const;

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return url;
  throw notUsable(`"${text}" is no URL of an STS`, 'Correct AWS_ENDPOINT_URL_STS or AWS_ENDPOINT_URL.');
}

function notUsable(message: string, remedy: string): FerryError {
  return new FerryError('configuration', { message, remedy });
}

function refusal(role: Role, url: URL, status: number, answer: Buffer): FerryError {
  const { code, message } = parseErrorDocument(answer) ?? { code: '', message: '' };
  const said = code === '' ? `status ${status}` : `${code}: ${message.slice(0, 300)}`;
  const known = CODES[code] ?? (status === 429 ? 'throttled' : status >= 500 ? 'unavailable' : 'no-credentials');
  return new FerryError(known, {
    message: `${url.host} does not let Ferry assume the role ${role.arn} (${said})`,
    remedy: REMEDIES[known],
    status,
  });
}

const CODES: Readonly<Record<string, ErrorCode>> = {
  AccessDenied: 'access-denied',
  ExpiredToken: 'expired-credentials',
  ExpiredTokenException: 'expired-credentials',
  IDPCommunicationError: 'unavailable',
  IDPRejectedClaim: 'access-denied',
  InvalidClientTokenId: 'bad-credentials',
  InvalidIdentityToken: 'bad-credentials',
  SignatureDoesNotMatch: 'bad-credentials',
  RequestExpired: 'clock-skew',
  Throttling: 'throttled',
};

/** Where those of the catalogue would speak of the store. */
const REMEDIES: Partial<Record<ErrorCode, string>> = {
  'access-denied':
    'Let the trust policy of the role name who assumes it, with its external id if it wants one; `aws sts assume-role` shows the same.',
  'bad-credentials': 'Check the keys of the source profile, or the token file and who issued it.',
  'no-credentials': 'Check the settings of the role in the profile or the environment.',
};
