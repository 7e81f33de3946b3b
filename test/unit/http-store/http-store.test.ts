import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { Secret } from '../../../src/model/secret.ts';
import type { Store } from '../../../src/store/store.ts';
import { isPrivate } from '../../../src/wire/http/private-address.ts';
import { redirectTarget } from '../../../src/stores/http/redirects.ts';
import { drain, rejects } from '../../conformance/suite/bench.ts';
import { serve, site } from './server.ts';

const bytes = Buffer.from('0123456789');

async function text(store: Store, key: string, options?: Parameters<Store['read']>[1]): Promise<string> {
  return (await drain((await store.read(key, options)).body)).toString();
}

async function keys(store: Store): Promise<readonly string[]> {
  return (await store.list({})).entries.map((entry) => (entry.badName ? `!${entry.key}` : entry.key));
}

test('stat tells what HEAD tells, and nothing is asked for compressed', async () => {
  await using server = await site((request, response) => serve(request, response, bytes));
  const store = await server.open({ urls: [`${server.url}/x/y?signature=1`] });
  assert.deepEqual(await keys(store), ['x/y']);
  const meta = await store.stat('x/y');
  assert.equal(meta?.size, 10);
  assert.equal(meta.etag, 'v1');
  assert.equal(meta.modified, Date.UTC(2001, 1, 3, 4, 5, 6));
  assert.equal(meta.contentType, 'text/x-ferry');
  assert.equal(server.requests[0]!.line, 'HEAD /x/y?signature=1');
  assert.equal(server.requests[0]!.headers['accept-encoding'], 'identity');
});

test('where HEAD is refused or tells no size, the first byte is asked for', async () => {
  await using server = await site((request, response) => {
    if (request.method !== 'HEAD') serve(request, response, request.url === '/empty' ? Buffer.alloc(0) : bytes);
    else if (request.url === '/unsized') response.end();
    else response.writeHead(405).end();
  });
  const store = await server.open({ urls: ['refused', 'unsized', 'empty'], base_url: `${server.url}/` });
  assert.equal((await store.stat('refused'))?.size, 10);
  assert.equal((await store.stat('unsized'))?.size, 10);
  assert.equal((await store.stat('empty'))?.size, 0);
});

test('an origin that never tells a size is read all the same', async () => {
  await using server = await site((request, response) => {
    response.write(request.method === 'HEAD' ? '' : 'chun');
    response.end(request.method === 'HEAD' ? undefined : 'ked');
  });
  const store = await server.open({ urls: [`${server.url}/x`] });
  assert.equal((await store.stat('x'))?.size, -1);
  const { body, meta } = await store.read('x');
  assert.equal(meta.size, -1);
  assert.equal(body.size, undefined);
  assert.equal((await drain(body)).toString(), 'chunked');
});

test('a weak ETag is no version, and an answer with another ETag than asked for is `changed`', async () => {
  let etag = 'W/"weak"';
  await using server = await site((request, response) => {
    delete request.headers['if-match'];
    serve(request, response, bytes, etag);
  });
  const store = await server.open({ urls: [`${server.url}/x`] });
  assert.equal((await store.stat('x'))?.etag, undefined);
  etag = '"v2"';
  await rejects(store.read('x', { ifMatch: 'v1' }), 'changed');
  assert.equal(await text(store, 'x', { ifMatch: 'v2', offset: 8 }), '89');
});

test('a server that knows no ranges still gives the bytes asked for', async () => {
  await using server = await site((_, response) => response.end(bytes));
  const store = await server.open({ urls: [`${server.url}/x`] });
  assert.equal(await text(store, 'x', { offset: 3, length: 4 }), '3456');
  assert.equal(await text(store, 'x', { offset: 8 }), '89');
  assert.equal(await text(store, 'x', { offset: 0, length: 10 }), '0123456789');
  await rejects(store.read('x', { offset: 10, length: 1 }), 'wrong-length');
  await rejects(store.read('x', { offset: 5, length: 6 }), 'wrong-length');
});

test('a server that answers another range than asked for is not believed', async () => {
  await using server = await site((_, response) => {
    response.writeHead(206, { 'Content-Range': 'bytes 0-3/10' }).end('0123');
  });
  const store = await server.open({ urls: [`${server.url}/x`] });
  await rejects(store.read('x', { offset: 3, length: 4 }), 'bad-response');
});

test('refusals are told by what they mean', async () => {
  await using server = await site((request, response) => {
    response.setHeader('Retry-After', '7');
    response.writeHead(Number(request.url!.slice(1))).end('an error page');
  });
  const codes = {
    401: 'bad-credentials',
    403: 'access-denied',
    404: 'not-found',
    429: 'throttled',
    503: 'unavailable',
    418: 'bad-response',
  } as const;
  const store = await server.open({ urls: Object.keys(codes), base_url: `${server.url}/` });
  for (const [status, code] of Object.entries(codes)) {
    const error = await rejects(store.read(status), code);
    assert.equal(error.status, Number(status));
    assert.equal(error.retryAfter, 7000);
  }
  assert.equal(await store.stat('404'), undefined);
  await rejects(store.stat('403'), 'access-denied');
});

test('redirects are followed within bounds, and headers stay with the host they are for', async () => {
  await using elsewhere = await site((request, response) => serve(request, response, bytes));
  await using server = await site((request, response) => {
    const hop = Number(request.url!.slice(1));
    const location = Number.isNaN(hop) ? `${elsewhere.url}/there` : hop === 0 ? undefined : `/${hop - 1}`;
    if (location === undefined) serve(request, response, bytes);
    else response.writeHead(302, { Location: location }).end('moved');
  });
  const options = { urls: ['3', '6', 'away'], base_url: `${server.url}/`, bearer_token: new Secret('s3cret') };
  const store = await server.open(options);
  assert.equal(await text(store, '3'), '0123456789');
  assert.ok(server.requests.every(({ headers }) => headers.authorization === 'Bearer s3cret'));
  await rejects(store.read('6'), 'bad-response');
  const refused = await rejects(store.read('away'), 'bad-response');
  assert.match(refused.message, /private/);
  const trusting = await server.open({ ...options, allow_private: true });
  assert.equal(await text(trusting, 'away'), '0123456789');
  assert.equal(elsewhere.requests[0]!.headers.authorization, undefined);
});

test('redirects never lead to other schemes, from https to http, or with credentials', async () => {
  const from = new URL('https://203.0.113.1/a');
  for (const location of [
    'ftp://203.0.113.1/',
    'http://203.0.113.1/a',
    'https://u:p@203.0.113.1/',
    undefined,
    'https://',
  ])
    await rejects(redirectTarget(from, location, from, true), 'bad-response');
  assert.equal((await redirectTarget(from, '../b#c', from, false)).url.href, 'https://203.0.113.1/b');
  const away = await redirectTarget(from, 'https://198.51.100.7/', from, false);
  assert.equal(away.url.href, 'https://198.51.100.7/');
  // What was found public is what is dialled.
  assert.equal(away.address, '198.51.100.7');
});

test('private addresses are known in every spelling', async () => {
  for (const host of [
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.0.9',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '[::1]',
    '[::]',
    '[fe80::1]',
    '[fd00::1]',
    '[::ffff:10.0.0.1]',
    'localhost',
  ])
    assert.equal(await isPrivate(host), true, host);
  for (const host of ['8.8.8.8', '172.32.0.1', '[2001:4860:4860::8888]', '[::ffff:8.8.8.8]'])
    assert.equal(await isPrivate(host), false, host);
});

test('keys come from the path, after the host where there are several, or as given', async () => {
  await using server = await site((_, response) => response.end());
  const { port } = server;
  const one = await server.open({
    urls: [`${server.url}/a%20b/%C3%BC?x=1#y`, `${server.url}/c\tother key`, `${server.url}/d  e f`],
  });
  assert.deepEqual(await keys(one), ['a b/ü', 'other key', 'e f']);
  const two = await server.open({ urls: [`${server.url}/a`, `http://localhost:${port}/a`] });
  assert.deepEqual(await keys(two), [`127.0.0.1:${port}/a`, `localhost:${port}/a`]);
  await rejects(
    server.open({ urls: [`${server.url}/a`, `http://localhost:${port}/a`], keys: 'path' }),
    'configuration',
  );
  for (const urls of [['nonsense'], ['ftp://x/y'], [`http://user:secret@x/y`], ['http://x/']]) {
    const error = await rejects(server.open({ urls }), 'configuration');
    assert.ok(!error.message.includes('secret'));
  }
  await rejects(server.open({}), 'configuration');
});

test('a list in a file is paged by position, and any key of it is found, however long it is', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferry-test-'));
  const list = path.join(folder, 'urls');
  await using server = await site((request, response) => serve(request, response, Buffer.from(request.url!)));
  const count = 60_000; // More than the index keeps in memory.
  const lines = Array.from({ length: count }, (_, i) => `${'p'.repeat(60)}/${i}\tkey ${i}`);
  fs.writeFileSync(list, [...lines, 'http://user:pw@x/bad'].join('\n'));
  const store = await server.open({ list_path: list, base_url: `${server.url}/` });
  const first = await store.list({ limit: 2 });
  assert.deepEqual(
    first.entries.map(({ key }) => key),
    ['key 0', 'key 1'],
  );
  const second = await store.list({ limit: 1, cursor: first.cursor });
  assert.deepEqual(second.entries, [{ key: 'key 2' }]);
  for (const i of [0, 31_234, count - 1]) assert.equal(await text(store, `key ${i}`), `/${'p'.repeat(60)}/${i}`);
  assert.equal(await store.stat('key -1'), undefined);
  await rejects(store.read('nothing'), 'not-found');
  await store[Symbol.asyncDispose]();
  assert.deepEqual(fs.readdirSync(folder), ['urls']);
  fs.rmSync(folder, { recursive: true });
});

test('a URL that needs no credentials can be given to a destination that fetches', async () => {
  await using server = await site((_, response) => response.end());
  const open = await server.open({ urls: [`${server.url}/a?b=c`] });
  assert.equal(await open.presign!('a', 60), `${server.url}/a?b=c`);
  const closed = await server.open({ urls: [`${server.url}/a`], username: 'u', password: 'p' });
  assert.equal(closed.capabilities.presign, false);
  await rejects(closed.presign!('a', 60), 'unsupported');
});

test('below a URL a key is put behind it, and none leads out of it', async () => {
  await using server = await site((request, response) => {
    if (request.url!.startsWith('/movie/')) serve(request, response, Buffer.from(request.url!));
    else response.writeHead(500).end();
  });
  const store = await server.open({ base_url: `${server.url}/movie?token=1` });
  assert.equal(store.capabilities.list, undefined);
  for (const [key, target] of [
    ['a/b.mp4', '/movie/a/b.mp4?token=1'],
    ['a b+ü?#%2e', '/movie/a%20b%2B%C3%BC%3F%23%252e?token=1'],
    ['/x//y', '/movie//x//y?token=1'],
    ['a\\..\\b', '/movie/a%5C..%5Cb?token=1'],
  ] as const)
    assert.equal(await text(store, key), target, key);
  const before = server.requests.length;
  for (const key of ['..', '../secret', 'a/../../secret', './a', 'a/.', 'a/'])
    await rejects(store.read(key), 'not-found');
  assert.equal(server.requests.length, before);
});

test('headers of a read go to the host listed, and not to others', async () => {
  await using elsewhere = await site((request, response) => serve(request, response, bytes));
  await using server = await site((request, response) =>
    request.url === '/here'
      ? serve(request, response, bytes)
      : response.writeHead(302, { Location: `${elsewhere.url}/there` }).end(),
  );
  const store = await server.open({ base_url: server.url, allow_private: true });
  for (const key of ['here', 'away']) {
    const { body } = await store.read(key, { headers: ['Accept-Language', 'zh'] });
    await body.bytes(100);
  }
  assert.deepEqual(
    server.requests.map(({ headers }) => headers['accept-language']),
    ['zh', 'zh'],
  );
  assert.equal(elsewhere.requests[0]!.headers['accept-language'], undefined);
});
