import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { loadGateway, type LoadedGateway } from '../../../src/config/gateway-config.ts';
import { isFerryError } from '../../../src/model/errors.ts';
import { isWithin, type GatewaySpec } from '../../../src/model/gateway.ts';
import { allDrivers } from './all-drivers.ts';
import { stubRegistry } from './stub-drivers.ts';

const USERS = 'users: [{ name: app, access_key_id: APP, secret_access_key: "12345678" }]';

async function load(text: string, env: Record<string, string> = {}): Promise<LoadedGateway> {
  const dir = mkdtempSync(path.join(tmpdir(), 'ferry-gateway-config-'));
  try {
    const file = path.join(dir, 'ferry.yaml');
    writeFileSync(file, text);
    return await loadGateway(file, stubRegistry, env);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

async function complaints(section: string): Promise<string> {
  try {
    await load(`gateway:\n  ${section.replaceAll('\n', '\n  ')}\n`);
  } catch (error) {
    assert.ok(isFerryError(error, 'configuration'), String(error));
    return error.message;
  }
  assert.fail('nothing was wrong');
}

test('the example is one, and its secrets are concealed', async () => {
  const file = path.join(import.meta.dirname, '../../../examples/serve/ferry.yaml');
  const env = { FERRY_APP_SECRET: 'hunter2-app' };
  await assert.rejects(loadGateway(file, allDrivers(), env), /reports\.secret/);
  const { spec, secrets } = await loadGateway(file, allDrivers(), env, () => 'hunter2-reports');
  assert.deepEqual(
    secrets.map((secret) => secret.reveal()),
    ['hunter2-app', 'hunter2-reports'],
  );
  assert.doesNotMatch(JSON.stringify(spec), /hunter2/);
  assert.deepEqual(
    spec.users.map(({ name, tenant, readOnly }) => [name, tenant, readOnly]),
    [
      ['app', 'acme', false],
      ['reports', 'acme', true],
    ],
  );
  assert.equal(spec.storage?.path, '/srv/objects');
  assert.deepEqual(
    spec.buckets.map(({ name, anonymousRead, cors }) => [name, anonymousRead, cors[0]?.maxAgeSeconds]),
    [['downloads', true, 600]],
  );
});

test('defaults are those of a server that nobody else reaches', async () => {
  const { spec } = await load(`gateway: { ${USERS} }\n`);
  assert.deepEqual([spec.host, spec.port, spec.tls, spec.region], ['127.0.0.1', 9000, undefined, 'us-east-1']);
  assert.deepEqual([spec.users[0]!.tenant, spec.users[0]!.buckets, spec.storage], ['app', undefined, undefined]);
});

test('other addresses need TLS, or a word', async () => {
  for (const listen of ['0.0.0.0:9000', '"[::]:9000"', '192.0.2.1:80', 'gateway.example:443'])
    assert.match(await complaints(`${USERS}\nlisten: ${listen}`), /gateway\.listen: is reached from elsewhere/, listen);
  for (const listen of ['127.0.0.1:1', '127.9.9.9:1', 'localhost:1', '"[::1]:1"'])
    await load(`gateway:\n  ${USERS}\n  listen: ${listen}\n`);
  await load(`gateway:\n  ${USERS}\n  listen: 0.0.0.0:9000\n  plain_http: true\n`);
  const { spec } = await load(`gateway:\n  ${USERS}\n  listen: "[::]:9000"\n  tls: { cert_file: c, key_file: k }\n`);
  assert.deepEqual([spec.host, spec.port], ['::', 9000]);
});

test('every mistake is told with its place', async () => {
  const wrong: [string, RegExp][] = [
    ['listen: 127.0.0.1', /gateway\.listen: must be ADDRESS:PORT/],
    [`${USERS}\nlisten: 127.0.0.1:99999`, /gateway\.listen: must be ADDRESS:PORT/],
    ['users: [{ name: a, access_key_id: abc, secret_access_key: short }]', /secret_access_key: must have at least 8/],
    [
      `users:\n  - { name: a, access_key_id: abc, secret_access_key: "12345678" }\n  - { name: b, access_key_id: abc, secret_access_key: "12345678" }`,
      /users\[1\]\.access_key_id: is another user's/,
    ],
    ['buckets: {}', /names no users/],
    [`${USERS}\nbucket: {}`, /gateway\.bucket: .*buckets/],
    [`${USERS}\nstorage: { type: fil }`, /gateway\.storage\.type: there is no store type "fil".*file/],
    [`${USERS}\nstorage: { type: filelist, options: { list_path: x } }`, /"filelist" cannot be a destination/],
    [
      `${USERS}\nbuckets: { photos: { tenant: a, store: { type: s3, options: { buckt_name: x } } } }`,
      /gateway\.buckets\.photos\.store\.options\.buckt_name: .*bucket_name/,
    ],
    [
      `${USERS}\nbuckets: { Photos: { tenant: a, store: { type: file } } }`,
      /gateway\.buckets\.Photos: is no name for a bucket/,
    ],
  ];
  for (const [section, message] of wrong) assert.match(await complaints(section), message, section);
  await assert.rejects(load('log_level: info\n'), /has no `gateway` section/);
});

test('the example of a mirror is one', async () => {
  const file = path.join(import.meta.dirname, '../../../examples/mirror/ferry.yaml');
  const env = { FERRY_APP_SECRET: 'hunter2-app', FERRY_OLD_SECRET: 'hunter2-old' };
  const { spec } = await loadGateway(file, allDrivers(), env);
  const [movies, old] = spec.buckets[0]!.mirror;
  assert.deepEqual(
    movies!.origins.map(({ type, options }) => [type, options['base_url']]),
    [
      ['http', 'https://old.example.com/'],
      ['http', 'https://backup.example.com/'],
    ],
  );
  assert.deepEqual(movies!.rewrite, { strip: 'movie/', template: 'films/{key}' });
  assert.deepEqual(movies!.headers.set, ['X-Mirror', 'ferry']);
  assert.equal(movies!.limits.bandwidth, 50 * 1024 * 1024);
  assert.deepEqual([old!.origins[0]!.type, old!.deletes, old!.mode], ['s3', 'remember', 'stream']);
  assert.doesNotMatch(JSON.stringify(spec), /hunter2/);
});

test('mistakes in the rules of a mirror are told with their place', async () => {
  const wrong: [string, RegExp][] = [
    ['origin: "http://x", orign: 1', /mirror\[0\]\.orign: unknown key; did you mean "origin"/],
    ['match: { prefx: a }, origin: "http://x"', /match\.prefx: unknown key; did you mean "prefix"/],
    ['mode: stream', /origin: must be a URL, an endpoint/],
    ['origin: "ftp://x/"', /origin: must be an http or https URL/],
    ['origin: "http://u:p@x/"', /origin: holds credentials/],
    ['origin: { type: s4 }', /origin\.type: there is no store type "s4"/],
    ['origin: ["http://x", { type: s4 }]', /origin\[1\]\.type: there is no store type "s4"/],
    ['origin: "http://x", rewrite: { strip: a/ }', /rewrite\.strip: is no beginning of `match\.prefix`/],
    ['origin: "http://x", rewrite: { template: a }', /template: must have \{key\} in it/],
    ['origin: "http://x", rewrite: { template: "{key}", add: b }', /rewrite: has either/],
    ['origin: "http://x", headers: { pass: [Authorization] }', /pass\[0\]: "Authorization" belongs to the client/],
    ['origin: "http://x", headers: { pass: ["x y"] }', /must be the name of a header/],
    ['origin: "http://x", headers: { set: { Host: evil } }', /"Host" is for the gateway/],
    ['origin: "http://x", headers: { set: { X: "a\\nb" } }', /must be one line/],
    ['origin: "http://x", mode: redirect, match: { status: [503] }', /can only be 404/],
    ['origin: "http://x", keep: [contnt-type]', /must be one of .*did you mean "content-type"/],
    ['origin: "http://x" }, { origin: "http://y", name: rule 1', /\[1\]: has the name "rule 1" of an earlier rule/],
  ];
  for (const [rule, expected] of wrong) {
    const bucket = `{ tenant: a, store: { type: file, path: /x }, mirror: [{ ${rule} }] }`;
    assert.match(await complaints(`${USERS}\nbuckets: { media: ${bucket} }`), expected, rule);
  }
});

test('the example of a bucket that is moved is one; it cannot mirror as well', async () => {
  const file = path.join(import.meta.dirname, '../../../examples/migrate/ferry.yaml');
  const env = new Proxy<Record<string, string>>({}, { get: () => 'a secret' });
  const { spec } = await loadGateway(file, allDrivers(), env);
  const [{ migrate, store }] = spec.buckets as [GatewaySpec['buckets'][number]];
  assert.equal(store.options['endpoint'], 'https://old.example.com');
  assert.equal(migrate?.to.options['endpoint'], 'https://new.example.com');
  const { writeBack, automatic, promoteOnRead, hold, drain, linger, bandwidth } = migrate;
  assert.deepEqual(
    { writeBack, automatic, promoteOnRead, hold, drain, linger },
    { writeBack: true, automatic: false, promoteOnRead: true, hold: 10_000, drain: 3_600_000, linger: 75_000 },
  );
  assert.equal(bandwidth.length, 2);
  const place = '{ type: file, path: /x }';
  const both = await complaints(
    `${USERS}\nbuckets: { media: { tenant: a, store: ${place}, migrate: { to: ${place} }, mirror: [{ origin: "https://a.example/" }] } }`,
  );
  assert.match(both, /mirror.*cannot be beside `migrate`/);
  for (const wrong of ['25:00-01:00', '1:00-2:00', '01:00', '01:00-02:60']) {
    const bucket = `{ tenant: a, store: ${place}, migrate: { to: ${place}, switch_between: "${wrong}" } }`;
    assert.match(await complaints(`${USERS}\nbuckets: { media: ${bucket} }`), /switch_between: must be hours/, wrong);
  }
});

test('hours of the day may go over midnight', () => {
  const at = (hour: number, minute: number): Date => new Date(2026, 0, 31, hour, minute);
  const night = { from: 22 * 60, to: 5 * 60 };
  assert.deepEqual(
    [at(21, 59), at(22, 0), at(0, 0), at(4, 59), at(5, 0)].map((time) => isWithin(night, time)),
    [false, true, true, true, false],
  );
  const noon = { from: 12 * 60, to: 13 * 60 };
  assert.deepEqual(
    [at(11, 59), at(12, 0), at(12, 59), at(13, 0)].map((time) => isWithin(noon, time)),
    [false, true, true, false],
  );
});
