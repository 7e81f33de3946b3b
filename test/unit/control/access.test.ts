// Who may do what, and how it is proved.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Controlled } from './controlled.ts';

test('without a token nothing is told but whether the server lives', async () => {
  await using server = await Controlled.start();
  for (const path of ['/v1/session', '/v1/tokens', '/v1/audit', '/v1/nodes', '/v1/live']) {
    const { status, json, headers } = await server.ask('GET', path);
    assert.equal(status, 401, path);
    assert.equal(json.code, 'unauthenticated');
    assert.match(headers.get('www-authenticate')!, /^Bearer/);
  }
  for (const path of ['/healthz', '/readyz', '/v1/openapi.json'])
    assert.equal((await server.ask('GET', path)).status, 200, path);
});

test('a role may do what is its own and what lies below', async () => {
  await using server = await Controlled.start();
  const [viewer, admin] = [await server.token('viewer'), await server.token('admin')];
  assert.equal((await server.ask('GET', '/v1/nodes', { token: viewer })).status, 200);
  const refused = await server.ask('GET', '/v1/tokens', { token: viewer });
  assert.equal(refused.status, 403);
  assert.match(refused.json.detail, /role admin/);
  assert.equal((await server.ask('GET', '/v1/tokens', { token: admin })).status, 200);
});

test('a token is shown once, works until it is removed, and its secret is not kept', async () => {
  await using server = await Controlled.start();
  const admin = await server.token('admin');
  const made = await server.ask('POST', '/v1/tokens', { token: admin, json: { name: 'watcher', role: 'viewer' } });
  assert.equal(made.status, 201);
  const { token, id } = made.json;
  assert.equal((await server.ask('GET', '/v1/session', { token })).json.name, 'watcher');
  const again = await server.ask('POST', '/v1/tokens', { token: admin, json: { name: 'watcher', role: 'viewer' } });
  assert.equal(again.status, 409);
  const listed = await server.ask('GET', '/v1/tokens', { token: admin });
  assert.ok(!JSON.stringify(listed.json).includes(token));
  assert.ok(!JSON.stringify(listed.json).includes('digest'));
  assert.equal((await server.ask('DELETE', `/v1/tokens/${id}`, { token: admin })).status, 204);
  assert.equal((await server.ask('GET', '/v1/session', { token })).status, 401);
  assert.equal((await server.ask('DELETE', `/v1/tokens/${id}`, { token: admin })).status, 404);
});

test('an expired token is worth nothing, and neither is its session', async () => {
  let now = Date.now();
  await using server = await Controlled.start([], () => now);
  const admin = await server.token('admin');
  const { token } = (
    await server.ask('POST', '/v1/tokens', { token: admin, json: { name: 'short', role: 'viewer', days: 1 } })
  ).json;
  const begun = await server.ask('POST', '/v1/session', { json: { token } });
  const cookie = begun.headers.get('set-cookie')!.split(';')[0]!;
  assert.equal((await server.ask('GET', '/v1/session', { headers: { cookie } })).status, 200);
  now += 86_400_001;
  assert.equal((await server.ask('GET', '/v1/session', { token })).status, 401);
  assert.equal((await server.ask('GET', '/v1/session', { headers: { cookie } })).status, 401);
});

test('a session changes something only with its CSRF token, and ends', async () => {
  await using server = await Controlled.start();
  const begun = await server.ask('POST', '/v1/session', { json: { token: await server.token('admin') } });
  assert.equal(begun.status, 201);
  const set = begun.headers.get('set-cookie')!;
  assert.match(set, /HttpOnly; SameSite=Strict/);
  const cookie = set.split(';')[0]!;
  const json = { name: 'x', role: 'viewer' };
  assert.equal((await server.ask('POST', '/v1/tokens', { headers: { cookie }, json })).status, 403);
  const headers = { cookie, 'x-ferry-csrf': begun.json.csrf };
  assert.equal((await server.ask('POST', '/v1/tokens', { headers, json })).status, 201);
  assert.equal((await server.ask('GET', '/v1/session', { headers: { cookie } })).json.csrf, begun.json.csrf);
  assert.equal((await server.ask('DELETE', '/v1/session', { headers })).status, 204);
  assert.equal((await server.ask('GET', '/v1/session', { headers: { cookie } })).status, 401);
});

test('the printed address opens the console once', async () => {
  await using server = await Controlled.start();
  const admin = await server.token('admin');
  const [{ id }] = (await server.ask('GET', '/v1/tokens', { token: admin })).json.items;
  const code = server.control.loginUrl(id).split('#code=')[1];
  assert.equal((await server.ask('POST', '/v1/session', { json: { code } })).status, 201);
  assert.equal((await server.ask('POST', '/v1/session', { json: { code } })).status, 401);
});

test('who guesses is made to wait, others are not', async () => {
  let now = 0;
  await using server = await Controlled.start([], () => now);
  const token = await server.token('viewer');
  for (let i = 0; i < 10; i++)
    assert.equal((await server.ask('GET', '/v1/session', { token: 'ferry_aaaaaaaaaaaa_wrong' })).status, 401);
  const refused = await server.ask('GET', '/v1/session', { token });
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get('retry-after'), '60');
  now += 60_000;
  assert.equal((await server.ask('GET', '/v1/session', { token })).status, 200);
});

test('what was done is written down with who, from where and how it ended', async () => {
  await using server = await Controlled.start();
  const admin = await server.token('admin', 'anna');
  await server.ask('POST', '/v1/tokens', { token: admin, json: { name: 'one', role: 'viewer' } });
  await server.ask('POST', '/v1/tokens', { token: admin, json: { name: 'one', role: 'viewer' } });
  const { items, next } = (await server.ask('GET', '/v1/audit?limit=1', { token: admin })).json;
  assert.deepEqual(
    [items.length, items[0].who, items[0].action, items[0].outcome],
    [1, 'anna', 'createToken', 'already-exists'],
  );
  const second = (await server.ask('GET', `/v1/audit?limit=1&cursor=${next}`, { token: admin })).json;
  assert.equal(second.items[0].outcome, '201');
  assert.match(second.items[0].subject, /^[\w-]+$/, 'what was made');
  await server.ask('POST', '/v1/session', { json: { token: admin } });
  const [login] = (await server.ask('GET', '/v1/audit?limit=1', { token: admin })).json.items;
  assert.deepEqual([login.action, login.who, login.role], ['createSession', 'anna', 'admin']);
  assert.equal((await server.ask('GET', '/v1/audit?cursor=%21', { token: admin })).status, 400);
});

test('a name that is not the server’s own is refused: pages elsewhere can lead their names here', async () => {
  await using server = await Controlled.start();
  const token = await server.token('viewer');
  // fetch sets Host itself.
  const { request } = await import('node:http');
  const status = await new Promise((resolve, reject) => {
    request(
      `${server.url}/v1/nodes`,
      { headers: { host: 'evil.example', authorization: `Bearer ${token}` } },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      },
    )
      .on('error', reject)
      .end();
  });
  assert.equal(status, 403);
});

test('the database holds no secret', async () => {
  await using server = await Controlled.start();
  const token = await server.token('admin');
  const begun = await server.ask('POST', '/v1/session', { json: { token } });
  const cookie = begun.headers.get('set-cookie')!.split(';')[0]!.split('=')[1]!;
  await server.ask('POST', '/v1/tokens', {
    token,
    json: { name: 'kept', role: 'viewer' },
    headers: { 'idempotency-key': 'k1' },
  });
  const bytes =
    readFileSync(server.file('control.db'), 'latin1') + readFileSync(server.file('control.db-wal'), 'latin1');
  assert.ok(bytes.includes('kept'), 'the file is the one');
  for (const secret of [token.slice(-43), cookie]) assert.ok(!bytes.includes(secret));
  assert.ok(!/ferry_[\w-]{12}_[\w-]{43}/.test(bytes));
});
