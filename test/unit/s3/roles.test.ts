// Roles are assumed as the AWS tools assume them, at a token service as strict as its documentation.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CredentialChain, credentialSources } from '../../../src/stores/s3/credentials/chain.ts';
import type { Surroundings } from '../../../src/stores/s3/credentials/credentials.ts';
import { rejects } from '../../conformance/suite/bench.ts';
import { ScriptedServer } from './scripted-server.ts';
import { StsServer, type StsWorld } from './sts-server.ts';

const HOUR = 3_600_000;
const ARN = 'arn:aws:iam::123456789012:role/';
const KEYS = { AKIAALICE: { secret: 'alice/secret' }, AKIABOX: { secret: 'box', token: 'box token' } };
const ROLES = {
  [`${ARN}reader`]: { trusts: ['AKIAALICE', 'AKIABOX', 'ASIAFIRST1'], tokens: ['good.token'] },
  [`${ARN}first`]: { trusts: ['AKIAALICE'] },
  [`${ARN}partner`]: { trusts: ['AKIAALICE'], externalId: 'cust:1/2' },
};
const ALICE = '[alice]\naws_access_key_id = AKIAALICE\naws_secret_access_key = alice/secret\n';

interface World {
  readonly sts: StsServer;
  readonly env?: Record<string, string>;
  readonly config?: string;
  readonly credentials?: string;
  readonly files?: Record<string, string>;
  readonly profile?: string;
  readonly now?: () => number;
}

function chain({
  sts,
  env = {},
  config = '',
  credentials = ALICE,
  files = {},
  profile,
  now = Date.now,
}: World): CredentialChain {
  const own: Record<string, string> = { '/home/.aws/config': config, '/home/.aws/credentials': credentials };
  const around: Surroundings = {
    env: { HOME: '/home', AWS_EC2_METADATA_DISABLED: 'true', AWS_ENDPOINT_URL_STS: sts.endpoint, ...env },
    http: sts.server.http,
    now,
    readFile: (path) => Promise.resolve(files[path] ?? own[path]),
    runProgram: (program) =>
      Promise.resolve({
        output: `{"Version":1,"AccessKeyId":"AKIAALICE","SecretAccessKey":"alice/secret"}`,
        problem: program === 'keys' ? undefined : 'failed',
      }),
  };
  return new CredentialChain(credentialSources({ profile }, around), now);
}

function start(world: Partial<StsWorld> = {}): Promise<StsServer> {
  return StsServer.start({ keys: KEYS, roles: ROLES, now: Date.now, ...world });
}

test('a role is assumed with the keys of another profile', async () => {
  await using sts = await start();
  const config = `[profile r]\nrole_arn = ${ARN}reader\nsource_profile = alice\nregion = eu-west-1\nrole_session_name = me@host\nduration_seconds = 900\n`;
  const found = await chain({ sts, config, profile: 'r' }).load();
  assert.deepEqual([found.accessKeyId, found.sessionToken], ['ASIAREADER1', 'token/of+ASIAREADER1==']);
  assert.ok(Math.abs(found.expires! - Date.now() - 900_000) < 60_000);
  const told = { action: 'AssumeRole', role: `${ARN}reader`, session: 'me@host', seconds: 900, region: 'eu-west-1' };
  assert.deepEqual(sts.assumed, [told]);
});

test('an external id is sent, and a role refused is told with what STS said', async () => {
  await using sts = await start();
  const role = `[profile p]\nrole_arn=${ARN}partner\nsource_profile=alice\n`;
  const external = chain({ sts, config: `${role}external_id = cust:1/2\n`, profile: 'p' });
  assert.equal((await external.load()).accessKeyId, 'ASIAPARTNER1');
  const error = await rejects(chain({ sts, config: role, profile: 'p' }).load(), 'access-denied');
  assert.match(error.message, /role\/partner.*AccessDenied: not authorized to perform: sts:AssumeRole/);
  assert.match(error.remedy, /trust policy.*external id/);
  assert.match(sts.assumed[0]!.session, /^ferry-\d+$/);
});

test('a role may be the source of another, or a profile of its own role, but no circle', async () => {
  await using sts = await start();
  const config =
    `[profile r]\nrole_arn=${ARN}reader\nsource_profile=f\n[profile f]\nrole_arn=${ARN}first\nsource_profile=alice\n` +
    `[profile alice]\nrole_arn=${ARN}first\nsource_profile=alice\n` +
    `[profile a]\nrole_arn=${ARN}first\nsource_profile=b\n[profile b]\nrole_arn=${ARN}first\nsource_profile=a\n`;
  assert.equal(
    (await chain({ sts, config: config.replace(/\[profile alice\][^[]*/, ''), profile: 'r' }).load()).accessKeyId,
    'ASIAREADER2',
  );
  assert.equal((await chain({ sts, config, profile: 'alice' }).load()).accessKeyId, 'ASIAFIRST3');
  const error = await rejects(chain({ sts, config, profile: 'a' }).load(), 'configuration');
  assert.match(error.message, /"a" assumes its role by way of itself \(a, b\)/);
});

test('the source may be the environment, the container, or a program', async () => {
  await using sts = await start();
  await using box = await ScriptedServer.start(() => ({
    body: JSON.stringify({ AccessKeyId: 'AKIABOX', SecretAccessKey: 'box', Token: 'box token' }),
  }));
  const by = (source: string): string =>
    `[profile r]\nrole_arn=${ARN}reader\n${source}\n[profile tool]\ncredential_process=keys\n`;
  const alice = { AWS_ACCESS_KEY_ID: 'AKIAALICE', AWS_SECRET_ACCESS_KEY: 'alice/secret' };
  const load = async (source: string, env: Record<string, string>): Promise<string> =>
    (await chain({ sts, env, config: by(source), profile: 'r' }).load()).accessKeyId;
  assert.equal(await load('credential_source = Environment', alice), 'ASIAREADER1');
  assert.equal(
    await load('credential_source = EcsContainer', { AWS_CONTAINER_CREDENTIALS_FULL_URI: box.endpoint }),
    'ASIAREADER2',
  );
  assert.equal(await load('source_profile = tool', {}), 'ASIAREADER3');
  await rejects(load('credential_source = Environment', {}), 'no-credentials');
  await rejects(load('credential_source = Moon', {}), 'configuration');
});

test('what a profile says wrong is told before anything is asked', async () => {
  await using sts = await start();
  for (const [settings, code, message] of [
    ['', 'configuration', /none of source_profile, credential_source/],
    ['source_profile=alice\ncredential_source=Environment', 'configuration', /more than one of/],
    ['source_profile=alice\nduration_seconds=60', 'configuration', /duration_seconds/],
    ['source_profile=alice\nmfa_serial=arn:aws:iam::1:mfa/me', 'no-credentials', /mfa_serial/],
    ['source_profile=gone', 'no-credentials', /"gone"/],
    ['source_profile=sso', 'no-credentials', /"sso".*sso_session/],
  ] as const) {
    const config = `[profile r]\nrole_arn=${ARN}reader\n${settings}\n[profile sso]\nsso_session=x\n`;
    const error = await rejects(chain({ sts, config, profile: 'r' }).load(), code);
    assert.match(error.message, message);
  }
  assert.equal(sts.server.seen.length, 0);
});

test('a service account of EKS assumes its role with the token in its file, read anew each time', async () => {
  let now = Date.now();
  await using sts = await start({ now: () => now });
  const files = { '/var/run/token': 'expired.token\n' };
  const env = {
    AWS_WEB_IDENTITY_TOKEN_FILE: '/var/run/token',
    AWS_ROLE_ARN: `${ARN}reader`,
    AWS_ROLE_SESSION_NAME: 'pod',
  };
  const keys = chain({ sts, env, files, now: () => now });
  await rejects(keys.load(), 'expired-credentials');
  files['/var/run/token'] = 'good.token\n';
  assert.equal((await keys.load()).accessKeyId, 'ASIAREADER1');
  assert.match(keys.source!, /web identity/);
  now += HOUR - 4 * 60_000;
  assert.equal(keys.fresh, undefined, 'new ones are to be had before the old ones end');
  assert.equal((await keys.load()).accessKeyId, 'ASIAREADER2');
  assert.deepEqual(
    sts.assumed.map(({ action, session }) => `${action} ${session}`),
    Array(2).fill('AssumeRoleWithWebIdentity pod'),
  );

  files['/var/run/token'] = 'another.token';
  const error = await rejects(chain({ sts, env, files }).load(), 'access-denied');
  assert.ok(!JSON.stringify([error.message, error.remedy]).includes('another.token'));
  await rejects(chain({ sts, env: { ...env, AWS_ROLE_ARN: '' }, files }).load(), 'configuration');
  await rejects(chain({ sts, env: { ...env, AWS_WEB_IDENTITY_TOKEN_FILE: '/gone' }, files }).load(), 'no-credentials');
});

test('a profile may name the token file', async () => {
  await using sts = await start();
  const config = `[profile w]\nrole_arn=${ARN}reader\nweb_identity_token_file=/t\nrole_session_name=w1\n`;
  assert.equal(
    (await chain({ sts, config, files: { '/t': 'good.token' }, profile: 'w' }).load()).accessKeyId,
    'ASIAREADER1',
  );
});

test('a busy token service is asked again later; while it fails the old credentials are used on', async () => {
  let now = Date.now();
  await using sts = await start({ now: () => now });
  const config = `[profile r]\nrole_arn=${ARN}reader\nsource_profile=alice\n`;
  const keys = chain({ sts, config, profile: 'r', now: () => now });
  sts.outage = { status: 503, body: 'busy' };
  const busy = await rejects(keys.load(), 'unavailable');
  assert.equal(busy.retryable, 'later');
  sts.outage = {
    status: 400,
    body: '<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>',
  };
  await rejects(keys.load(), 'throttled');
  sts.outage = undefined;
  const first = await keys.load();
  now += HOUR - 2 * 60_000;
  sts.outage = { status: 503, body: 'busy' };
  const asked = sts.server.seen.length;
  assert.equal(await keys.load(), first);
  assert.equal(keys.fresh, first, 'requests go on with them');
  assert.equal(sts.server.seen.length, asked + 1);
  sts.outage = { body: '<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>' };
  now += 11_000;
  assert.equal(await keys.load(), first);
  now += 2 * 60_000;
  await rejects(keys.load(), 'bad-response');
  sts.outage = undefined;
  assert.equal((await keys.load()).accessKeyId, 'ASIAREADER2');
});

test('the token service of the region, or of the partition the role is in, is asked', async () => {
  const hosts: string[] = [];
  const around = (env: Record<string, string>): Surroundings => ({
    env,
    http: {
      request: (origin) => {
        hosts.push(`${origin.secure ? 'https' : 'http'}://${origin.host}:${origin.port}`);
        return Promise.reject(new Error('far away'));
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    },
    now: Date.now,
    readFile: () => Promise.resolve('good.token'),
    runProgram: () => assert.fail(),
  });
  const env = (arn: string, more = {}): Record<string, string> => ({
    AWS_WEB_IDENTITY_TOKEN_FILE: '/t',
    AWS_ROLE_ARN: arn,
    ...more,
  });
  for (const each of [
    env(`${ARN}x`),
    env(`${ARN}x`, { AWS_REGION: 'eu-west-1' }),
    env('arn:aws-cn:iam::123456789012:role/x'),
    env('arn:aws-cn:iam::123456789012:role/x', { AWS_DEFAULT_REGION: 'cn-northwest-1' }),
    env(`${ARN}x`, { AWS_ENDPOINT_URL: 'http://ceph.example:7480' }),
  ]) {
    await assert.rejects(new CredentialChain(credentialSources({}, around(each)), Date.now).load(), /far away/);
  }
  assert.deepEqual(hosts, [
    'https://sts.amazonaws.com:443',
    'https://sts.eu-west-1.amazonaws.com:443',
    'https://sts.cn-north-1.amazonaws.com.cn:443',
    'https://sts.cn-northwest-1.amazonaws.com.cn:443',
    'http://ceph.example:7480',
  ]);
});
