// A listing is complete, in order, and asked for by keys alone, or it is an error.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rejects } from '../../conformance/suite/bench.ts';
import { listBody, ScriptedServer, type Seen } from './scripted-server.ts';

const TRUNCATED = '<IsTruncated>true</IsTruncated><NextContinuationToken>t1</NextContinuationToken>';
const query = ({ target }: Seen) => Object.fromEntries(new URL(target, 'http://x').searchParams);

test('version 2 goes by start-after and never by a token', async () => {
  await using server = await ScriptedServer.start(() => ({ body: listBody(['p/a', 'p/b%2B+%25'], TRUNCATED) }));
  const store = await server.open({ path: '/p' });
  const page = await store.list({ prefix: 'x y', after: 'A+', limit: 2 });
  assert.deepEqual(query(server.seen[0]!), {
    'encoding-type': 'url',
    'list-type': '2',
    'max-keys': '2',
    prefix: 'p/x y',
    'start-after': 'p/A+',
  });
  assert.deepEqual(
    page.entries.map((entry) => entry.key),
    ['a', 'b+ %'],
  );
  assert.equal(page.next, 'b+ %');
  assert.deepEqual(page.entries[0], {
    key: 'a',
    size: 3,
    modified: Date.UTC(2024, 4, 1, 12, 0, 0, 123),
    etag: '0123',
    storageClass: 'STANDARD',
  });
});

test('version 1 goes by marker', async () => {
  await using server = await ScriptedServer.start(() => ({ body: listBody(['b']) }));
  const store = await server.open({ options: { enable_list_objects_v2: false } });
  assert.equal((await store.list({ after: 'a' })).next, undefined);
  assert.deepEqual(query(server.seen[0]!), { 'encoding-type': 'url', marker: 'a', 'max-keys': '1000', prefix: '' });
});

test('a service that answers the first page again is found out', async () => {
  await using server = await ScriptedServer.start(() => ({ body: listBody(['a', 'b'], TRUNCATED) }));
  const error = await rejects((await server.open()).list({ after: 'b' }), 'bad-listing');
  assert.match(error.remedy, /enable_list_objects_v2: false/);
});

test('pages without keys are passed over, as long as the position moves', async () => {
  await using server = await ScriptedServer.start((_, count) => ({
    body: count === 1 ? listBody([], TRUNCATED) : listBody(['a']),
  }));
  const store = await server.open();
  assert.equal((await store.list({})).entries.length, 1);
  assert.equal(query(server.seen[1]!)['continuation-token'], 't1');
  server.answer = () => ({ body: listBody([], TRUNCATED) });
  await rejects(store.list({}), 'bad-listing');
  server.answer = () => ({ body: listBody([], '<IsTruncated>true</IsTruncated>') });
  await rejects(store.list({}), 'bad-listing');
});

test('the marker of the root directory is no object in it, and does not end the listing', async () => {
  await using server = await ScriptedServer.start((request) => ({
    body: query(request)['start-after'] === undefined ? listBody(['p/'], TRUNCATED) : listBody(['p/a']),
  }));
  const { entries, next } = await (await server.open({ path: 'p' })).list({ limit: 1 });
  assert.deepEqual([entries.map((entry) => entry.key), next], [['a'], undefined]);
});

test('nothing is wanted past the end of the range', async () => {
  await using server = await ScriptedServer.start(() => ({ body: listBody(['b', 'c', 'd'], TRUNCATED) }));
  const store = await server.open();
  const names = async (through: string) => {
    const { entries, next } = await store.list({ after: 'a', through });
    return [entries.map((entry) => entry.key).join(''), next];
  };
  assert.deepEqual(await names('c'), ['bc', undefined]);
  assert.deepEqual(await names('a0'), ['', undefined]);
  assert.deepEqual(await names('d'), ['bcd', undefined]);
  assert.deepEqual(await names('e'), ['bcd', 'd']);
});

test('an unordered service is walked by its own positions', async () => {
  await using server = await ScriptedServer.start((_, count) => ({
    body: count === 1 ? listBody(['z', 'a'], TRUNCATED) : listBody(['m']),
  }));
  const store = await server.open({ options: { list_order: 'unordered' } });
  assert.equal(store.capabilities.list?.order, 'unordered');
  const first = await store.list({ after: 'ignored' });
  assert.deepEqual([first.entries.length, first.next, first.cursor], [2, undefined, 't1']);
  assert.equal((await store.list({ cursor: first.cursor })).cursor, undefined);
  assert.equal(query(server.seen[0]!)['start-after'], undefined);
  assert.equal(query(server.seen[1]!)['continuation-token'], 't1');
});

test('a listing that was cut off or does not say whether it is complete is no listing', async () => {
  await using server = await ScriptedServer.start(() => ({ body: listBody(['a'], '') }));
  const store = await server.open();
  await rejects(store.list({}), 'bad-response');
  server.answer = () => ({ body: listBody(['a']).slice(0, -10) });
  await rejects(store.list({}), 'bad-response');
});
