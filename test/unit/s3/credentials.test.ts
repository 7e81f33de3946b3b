// Credentials are found where the AWS tools find them, in their order, and renewed before they expire.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CredentialChain, credentialSources, type ChainOptions } from '../../../src/stores/s3/credentials/chain.ts';
import type { Surroundings } from '../../../src/stores/s3/credentials/credentials.ts';
import { rejects } from '../../conformance/suite/bench.ts';
import { listBody, ScriptedServer, type Answer } from './scripted-server.ts';

const HOUR = 3_600_000;
const FILES = {
  '/home/.aws/config':
    '[default]\nregion = eu-west-1\n\n[profile work]\naws_access_key_id=CONFIG\naws_secret_access_key=c\n' +
    '[profile single]\nsso_session = s\n[profile old]\nsso_start_url = https://example.com\n',
  '/home/.aws/credentials':
    '# mine\n[default]\naws_access_key_id = FILE\naws_secret_access_key = f # secret\n' +
    '[work]\naws_access_key_id = WORK\naws_secret_access_key = a=b#c\naws_session_token = tok\n',
};

interface World {
  readonly options?: ChainOptions;
  readonly env?: Record<string, string>;
  readonly files?: Readonly<Record<string, string>>;
  readonly now?: () => number;
  readonly server?: ScriptedServer;
}

function chain({ options = {}, env = {}, files = {}, now = Date.now, server }: World): CredentialChain {
  const around: Surroundings = {
    env: { HOME: '/home', AWS_EC2_METADATA_DISABLED: 'true', ...env },
    http: server === undefined ? NO_HTTP : server.http,
    now,
    readFile: (path) => Promise.resolve(files[path]),
    runProgram: () => assert.fail('nothing should be run'),
  };
  return new CredentialChain(credentialSources(options, around), now);
}

const NO_HTTP: Surroundings['http'] = {
  request: () => Promise.reject(new Error('nothing should be asked')),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

test('options come first, and only whole', async () => {
  const env = { AWS_ACCESS_KEY_ID: 'ENV', AWS_SECRET_ACCESS_KEY: 'e' };
  const options = { accessKeyId: 'OPT', secretAccessKey: 'o', sessionToken: 't' };
  assert.deepEqual(await chain({ options, env, files: FILES }).load(), options);
  assert.throws(() => chain({ options: { accessKeyId: 'OPT' } }), /secret_access_key is missing/);
});

test('then the environment, then the profile files', async () => {
  const env = { AWS_ACCESS_KEY_ID: 'ENV', AWS_SECRET_ACCESS_KEY: 'e' };
  assert.equal((await chain({ env, files: FILES }).load()).accessKeyId, 'ENV');
  const file = chain({ files: FILES });
  assert.deepEqual(await file.load(), { accessKeyId: 'FILE', secretAccessKey: 'f', sessionToken: undefined });
  assert.equal(file.source, 'profile "default"');
});

test('a profile is chosen by option or AWS_PROFILE, and must be there', async () => {
  const work = { accessKeyId: 'WORK', secretAccessKey: 'a=b#c', sessionToken: 'tok' };
  assert.deepEqual(await chain({ files: FILES, options: { profile: 'work' } }).load(), work);
  assert.deepEqual(await chain({ files: FILES, env: { AWS_PROFILE: 'work' } }).load(), work);
  await rejects(chain({ files: FILES, options: { profile: 'gone' } }).load(), 'no-credentials');
  await rejects(chain({ files: FILES, env: { AWS_PROFILE: 'gone' } }).load(), 'no-credentials');
  const elsewhere = { AWS_SHARED_CREDENTIALS_FILE: '/other', AWS_CONFIG_FILE: '/none' };
  const files = { '/other': '[default]\naws_access_key_id=OTHER\naws_secret_access_key=x' };
  assert.equal((await chain({ files, env: elsewhere }).load()).accessKeyId, 'OTHER');
});

test('a profile somebody has to log in for is refused with a remedy', async () => {
  for (const [profile, setting] of [
    ['single', 'sso_session'],
    ['old', 'sso_start_url'],
  ] as const) {
    const error = await rejects(chain({ files: FILES, options: { profile } }).load(), 'no-credentials');
    assert.match(error.message, new RegExp(setting));
    assert.match(error.remedy, /export-credentials/);
  }
});

test('without any the places looked at are told', async () => {
  const error = await rejects(chain({}).load(), 'no-credentials');
  assert.match(error.message, /environment.*web identity.*profile.*container.*instance/);
});

test('a container is asked with its token, and only on this machine or by TLS', async () => {
  await using server = await ScriptedServer.start((request) =>
    request.headers.authorization === 'secret token' ? json({ AccessKeyId: 'BOX' }) : { status: 401 },
  );
  const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.endpoint}/role?x=1` };
  const token = { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/token' };
  const files = { '/token': 'secret token\n' };
  assert.equal((await chain({ env: { ...env, ...token }, files, server }).load()).accessKeyId, 'BOX');
  assert.equal(server.seen[0]?.target, '/role?x=1');
  await rejects(chain({ env, server }).load(), 'no-credentials');
  await rejects(chain({ env: { ...env, ...token }, server }).load(), 'no-credentials');
  const outside = { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://example.com/' };
  await rejects(chain({ env: outside, server }).load(), 'configuration');
  server.answer = () => ({ body: 'not json' });
  await rejects(chain({ env, server }).load(), 'no-credentials');
});

test('an instance is asked by version 2 of its metadata service', async () => {
  await using server = await ScriptedServer.start(({ method, target, headers }): Answer => {
    if (method === 'PUT' && target === '/latest/api/token') {
      return headers['x-aws-ec2-metadata-token-ttl-seconds'] === '21600' ? { body: 'TOKEN' } : { status: 400 };
    }
    if (headers['x-aws-ec2-metadata-token'] !== 'TOKEN') return { status: 401 };
    return target.endsWith('/my-role') ? json({ AccessKeyId: 'EC2' }) : { body: 'my-role\n' };
  });
  const env = { AWS_EC2_METADATA_DISABLED: 'false', AWS_EC2_METADATA_SERVICE_ENDPOINT: server.endpoint };
  const found = await chain({ env, server }).load();
  assert.deepEqual([found.accessKeyId, found.sessionToken], ['EC2', 'token']);
  server.answer = () => ({ status: 404 });
  await rejects(chain({ env, server }).load(), 'no-credentials');
});

test('credentials are renewed before they expire; while the service fails the old ones last', async () => {
  let now = Date.UTC(2024, 0, 1);
  let issued = 0;
  let working = true;
  await using server = await ScriptedServer.start(() => {
    if (!working) return { status: 500 };
    return json({ AccessKeyId: `KEY${++issued}`, Expiration: new Date(now + HOUR).toISOString() });
  });
  const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: server.endpoint };
  const keys = chain({ env, server, now: () => now });
  assert.equal(keys.fresh, undefined);
  const [first, same] = await Promise.all([keys.load(), keys.load()]);
  assert.equal(first, same);
  assert.equal(keys.fresh, first);

  now += 56 * 60_000;
  assert.equal(keys.fresh, undefined);
  working = false;
  assert.equal((await keys.load()).accessKeyId, 'KEY1');
  now += 5 * 60_000;
  await rejects(keys.load(), 'no-credentials');
  working = true;
  assert.equal((await keys.load()).accessKeyId, 'KEY2');
});

test('a store signs with the old credentials while no new ones are to be had', async () => {
  let now = Date.now();
  let working = true;
  await using server = await ScriptedServer.start(({ target }): Answer => {
    if (target !== '/keys') return { body: listBody([]) };
    if (!working) return { status: 500 };
    return json({ AccessKeyId: 'BOX', Expiration: new Date(now + HOUR).toISOString() });
  });
  const store = await server.open({
    options: { access_key_id: undefined, secret_access_key: undefined },
    env: { HOME: '/nowhere', AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.endpoint}/keys` },
    now: () => now,
  });
  await store.list({});
  working = false;
  now += HOUR - 60_000;
  await store.list({});
  await store.list({});
  const asked = server.seen.map(({ target }) => (target === '/keys' ? 'keys' : 'list'));
  assert.deepEqual(asked, ['keys', 'list', 'keys', 'list', 'list']);
  for (const { target, headers } of server.seen) {
    if (target !== '/keys') assert.match(headers.authorization ?? '', /Credential=BOX\//);
  }
});

function json(more: Record<string, string>): Answer {
  return { body: JSON.stringify({ SecretAccessKey: 's', Token: 'token', ...more }) };
}
