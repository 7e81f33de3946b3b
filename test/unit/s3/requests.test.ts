// Refusals that name their own cure are cured once; answers that lie are not believed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onClockSkew, type ClockSkew } from '../../../src/stores/s3/clock.ts';
import { rejects } from '../../conformance/suite/bench.ts';
import { errorBody, listBody, ScriptedServer, signedRegion } from './scripted-server.ts';

const EMPTY_LIST = listBody([]);
const range = (text: string, body = 'abc') => ({
  status: 206,
  headers: { etag: '"e1"', 'content-range': text },
  body,
});

const OBJECT = { headers: { etag: '"e1"' }, body: 'abc' };

test('a bucket in another region is followed there, and the region remembered', async () => {
  await using server = await ScriptedServer.start((request) =>
    signedRegion(request) === 'eu-west-1'
      ? { body: EMPTY_LIST }
      : { status: 400, body: errorBody('AuthorizationHeaderMalformed', '<Region>eu-west-1</Region>') },
  );
  const store = await server.open();
  await store.list({});
  await store.list({});
  assert.deepEqual(server.seen.map(signedRegion), ['us-east-1', 'eu-west-1', 'eu-west-1']);
  assert.equal(store.region, 'eu-west-1');
});

test('a permanent redirect and a HEAD without a body name the region in a header', async () => {
  for (const status of [301, 307, 400]) {
    await using server = await ScriptedServer.start((request) =>
      signedRegion(request) === 'eu-west-1' ? OBJECT : { status, headers: { 'x-amz-bucket-region': 'eu-west-1' } },
    );
    const store = await server.open();
    assert.equal((await store.stat('key'))?.etag, 'e1', String(status));
    assert.equal(server.seen.length, 2);
  }
});

test('a redirect that leads in a circle ends, and tells what to set', async () => {
  let turn = 0;
  await using server = await ScriptedServer.start(() => ({
    status: 301,
    headers: { 'x-amz-bucket-region': `region-${turn++}` },
  }));
  const error = await rejects((await server.open()).list({}), 'configuration');
  assert.match(error.remedy, /region/);
  assert.equal(server.seen.length, 2);
});

test('a wrong clock is corrected by the answer that refuses, told once, and remembered', async () => {
  const theirs = Date.UTC(2024, 4, 1, 12);
  const date = { date: new Date(theirs).toUTCString() };
  await using server = await ScriptedServer.start((request) =>
    request.headers['x-amz-date'] === '20240501T120000Z'
      ? { headers: date, body: EMPTY_LIST }
      : { status: 403, headers: date, body: errorBody('RequestTimeTooSkewed') },
  );
  const told: ClockSkew[] = [];
  using _ = onClockSkew((skew) => told.push(skew));
  const store = await server.open({ now: () => theirs - 3_600_000 });
  await store.list({});
  await store.list({});
  assert.equal(server.seen.length, 3);
  assert.equal(store.clockSkew, 3_600_000);
  assert.deepEqual(
    told.map(({ store: name, skew }) => [name, skew]),
    [[store.info.name, 3_600_000]],
  );
});

test('a HEAD refused without a body is taken for a wrong clock only where the clocks differ', async () => {
  const theirs = Date.UTC(2024, 4, 1, 12);
  await using server = await ScriptedServer.start(() => ({
    status: 403,
    headers: { date: new Date(theirs).toUTCString() },
  }));
  const wrong = await server.open({ now: () => theirs - 3_600_000 });
  await rejects(wrong.stat('key'), 'access-denied');
  assert.equal(server.seen.length, 2);
  const right = await server.open({ now: () => theirs });
  await rejects(right.stat('key'), 'access-denied');
  assert.equal(server.seen.length, 3);
});

test('a clock the service still refuses is an error that tells the correction', async () => {
  const date = new Date(Date.UTC(2024, 4, 1)).toUTCString();
  await using server = await ScriptedServer.start(() => ({
    status: 403,
    headers: { date },
    body: errorBody('RequestTimeTooSkewed'),
  }));
  const error = await rejects((await server.open({ now: () => 0 })).list({}), 'clock-skew');
  assert.match(error.message, /corrected by/);
});

test('an error with status 200 is an error: in a listing, a copy, a completion', async () => {
  await using server = await ScriptedServer.start(() => ({ body: errorBody('SlowDown') }));
  const store = await server.open();
  await rejects(store.list({}), 'throttled');
  await rejects(store.copy!({ store, key: 'from' }, 'to'), 'throttled');
  const upload = { key: 'key', uploadId: 'id' };
  await rejects(store.multipart.complete(upload, [{ number: 1, etag: 'e' }]), 'throttled');
  await rejects(store.multipart.begin('key'), 'throttled');
});

test('a web page with status 200 is neither a listing nor an object', async () => {
  await using server = await ScriptedServer.start(() => ({
    headers: { 'content-type': 'text/html' },
    body: '<html><body>Please log in</body></html>',
  }));
  const store = await server.open();
  await rejects(store.list({}), 'bad-response');
  await rejects(store.read('key'), 'bad-response');
  await rejects(store.multipart.complete({ key: 'key', uploadId: 'id' }, [{ number: 1, etag: 'e' }]), 'bad-response');
});

test('a body that ends early throws', async () => {
  await using server = await ScriptedServer.start(() => ({ ...OBJECT, body: 'x'.repeat(100_000), cutAfter: 50_000 }));
  const { body } = await (await server.open()).read('key');
  await rejects(body.bytes(1_000_000), 'short-read');
});

test('a range is believed only where the answer says it is that range', async () => {
  await using server = await ScriptedServer.start(() => range('bytes 10-12/100'));
  const store = await server.open();
  const read = await store.read('key', { offset: 10, length: 3 });
  assert.equal(read.meta.size, 100);
  assert.equal(Buffer.from(await read.body.bytes(10)).toString(), 'abc');
  assert.equal(server.seen[0]?.headers.range, 'bytes=10-12');

  server.answer = () => range('bytes 11-13/100');
  await rejects(store.read('key', { offset: 10, length: 3 }), 'wrong-length');
  server.answer = () => range('bytes 10-12/100', 'abcd');
  await rejects(store.read('key', { offset: 10, length: 3 }), 'wrong-length');
  server.answer = () => range('bytes 10-11/12', 'ab');
  await rejects(store.read('key', { offset: 10, length: 3 }), 'wrong-length');
  server.answer = () => ({ ...range(''), headers: { etag: '"e1"' } });
  await rejects(store.read('key', { offset: 10, length: 3 }), 'bad-response');
  server.answer = () => OBJECT;
  await rejects(store.read('key', { offset: 10, length: 3 }), 'bad-response');
  server.answer = () => ({ status: 416, body: errorBody('InvalidRange') });
  const past = await rejects(store.read('key', { offset: 10, length: 3 }), 'wrong-length');
  assert.equal(past.retryable, 'never');
});

test('another version than the one asked for is never read, even where the service ignores the condition', async () => {
  await using server = await ScriptedServer.start(() => OBJECT);
  const store = await server.open();
  await rejects(store.read('key', { ifMatch: 'e0' }), 'changed');
  assert.equal(server.seen[0]?.headers['if-match'], '"e0"');
  server.answer = () => ({ status: 412 });
  await rejects(store.read('key', { ifMatch: 'e0' }), 'changed');
});

test('credentials the service calls expired are renewed once, from where they came', async () => {
  await using server = await ScriptedServer.start((request) => {
    if (request.target === '/credentials') {
      const token = server.seen.filter((each) => each.target === '/credentials').length;
      const expires = new Date(Date.now() + 3_600_000).toISOString();
      const json = { AccessKeyId: 'A', SecretAccessKey: 'S', Token: `t${token}`, Expiration: expires };
      return { body: JSON.stringify(json) };
    }
    const fresh = request.headers['x-amz-security-token'] === 't2';
    return fresh ? { body: EMPTY_LIST } : { status: 400, body: errorBody('ExpiredToken') };
  });
  const store = await server.open({
    options: { access_key_id: undefined, secret_access_key: undefined },
    env: { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.endpoint}/credentials`, HOME: '/nowhere' },
  });
  await store.list({});
  assert.match(store.credentialSource ?? '', /container/);
  assert.equal(server.seen.length, 4);
});

test('a completion that fails because the upload is gone says so', async () => {
  await using server = await ScriptedServer.start((request) =>
    request.method === 'POST'
      ? { status: 500, body: errorBody('InternalError') }
      : { status: 404, body: errorBody('NoSuchUpload') },
  );
  const store = await server.open();
  const upload = { key: 'key', uploadId: 'id' };
  await rejects(store.multipart.complete(upload, [{ number: 1, etag: 'e' }]), 'not-found');
  server.answer = () => ({ status: 500, body: errorBody('InternalError') });
  await rejects(store.multipart.complete(upload, [{ number: 1, etag: 'e' }]), 'unavailable');
});

test('anonymous requests carry no signature', async () => {
  await using server = await ScriptedServer.start(() => ({ body: EMPTY_LIST }));
  const options = { anonymous: true, access_key_id: undefined, secret_access_key: undefined };
  const store = await server.open({ options });
  await store.list({});
  assert.equal(server.seen[0]?.headers.authorization, undefined);
  assert.equal(await store.presign('a b', 60), `${server.endpoint}/bucket/a%20b`);
});
