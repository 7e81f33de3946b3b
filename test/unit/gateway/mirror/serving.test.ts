// What a mirrored bucket gives its clients, and what it stores, where the origin does as it should.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { CopyObjectCommand, DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { FerryError } from '../../../../src/model/errors.ts';
import { MiB } from '../../../../src/model/units.ts';
import type { Layer } from '../../../../src/store/layers/layer.ts';
import { Held, HostileOrigin, object } from './hostile-origin.ts';
import { Mirroring } from './mirroring.ts';

const bytes = randomBytes(5000);
/** Longer than what an HTTP client waits for in one piece. */
const long = randomBytes(MiB);

test('what is missing comes from the origin once, with its headers, and is stored', async () => {
  await using origin = await HostileOrigin.start();
  origin.paths.set('/movie/a b.mp4', object(bytes));
  origin.paths.set(
    '/movie/a%20b.mp4',
    object(bytes, { 'Content-Type': 'video/mp4', 'Cache-Control': 'max-age=9', 'x-amz-meta-owner': 'me' }),
  );
  await using mirroring = await Mirroring.start({ rule: { origin: `${origin.url}/movie` } });
  const first = await mirroring.get('a%20b.mp4');
  assert.equal(first.status, 200);
  assert.ok(first.bytes.equals(bytes));
  for (const [name, value] of [
    ['content-type', 'video/mp4'],
    ['cache-control', 'max-age=9'],
    ['etag', '"v1"'],
    ['content-length', '5000'],
    ['x-amz-meta-owner', 'me'],
    ['last-modified', 'Sat, 03 Feb 2001 04:05:06 GMT'],
  ] as const)
    assert.equal(first.headers.get(name), value);
  await mirroring.settled('a%20b.mp4');
  assert.ok((await mirroring.stored('a%20b.mp4'))?.equals(bytes));
  const second = await mirroring.get('a%20b.mp4');
  assert.ok(second.bytes.equals(bytes));
  assert.equal(second.headers.get('content-type'), 'video/mp4');
  assert.equal(second.headers.get('last-modified'), 'Sat, 03 Feb 2001 04:05:06 GMT');
  assert.equal(origin.gets('/movie/a%20b.mp4'), 1);
  const [counters] = await mirroring.stop();
  const { hits, misses, stored, bytes: moved, failures, absent } = counters!;
  assert.deepEqual(
    { hits, misses, stored, moved, failures, absent },
    { hits: 2, misses: 1, stored: 1, moved: 5000, failures: 0, absent: 0 },
  );
  assert.ok(counters!.lastUse! > Date.now() - 60_000);
});

test('many clients, one fetch; each gets all of it, whenever it came', async () => {
  await using origin = await HostileOrigin.start();
  const large = randomBytes(6 * MiB);
  const held = new Held({ 'Content-Length': large.length, ETag: '"v1"' });
  origin.paths.set('/large', held.behaviour);
  await using mirroring = await Mirroring.start({ rule: { origin: origin.url } });
  const early = Array.from({ length: 20 }, () => mirroring.get('large'));
  await held.send(large.subarray(0, 3 * MiB));
  const late = Array.from({ length: 20 }, () => mirroring.get('large'));
  await held.end(large.subarray(3 * MiB));
  for (const got of await Promise.all([...early, ...late])) assert.ok(got.bytes.equals(large));
  assert.equal((await mirroring.settled('large')).status, 200);
  assert.ok((await mirroring.stored('large'))?.equals(large));
  assert.equal(origin.gets('/large'), 1);
  assert.deepEqual(await mirroring.temporary(), []);
});

test('the first byte is answered before the last has come', async () => {
  await using origin = await HostileOrigin.start();
  const held = new Held({ 'Content-Length': long.length });
  origin.paths.set('/slow', held.behaviour);
  await using mirroring = await Mirroring.start({ rule: { origin: origin.url } });
  const answer = mirroring.ask('slow');
  await held.send(long.subarray(0, 300_000));
  const { status, body } = await answer;
  assert.equal(status, 200);
  const chunks = body[Symbol.asyncIterator]();
  let got = 0;
  while (got < 300_000) {
    const { value = new Uint8Array(0) } = await chunks.next();
    assert.ok(long.subarray(got, got + value.length).equals(value));
    got += value.length;
  }
  assert.equal(await mirroring.stored('slow'), undefined);
  await held.end(long.subarray(300_000));
  for (let step = await chunks.next(); step.done !== true; step = await chunks.next()) got += step.value.length;
  assert.equal(got, long.length);
});

test('a client that goes away stops nothing', async () => {
  await using origin = await HostileOrigin.start();
  const held = new Held({ 'Content-Length': long.length });
  origin.paths.set('/left', held.behaviour);
  await using mirroring = await Mirroring.start({ rule: { origin: origin.url } });
  const answer = mirroring.ask('left');
  await held.send(long.subarray(0, 300_000));
  (await answer).body.cancel();
  const settled = mirroring.settled('left');
  await held.end(long.subarray(300_000));
  assert.equal((await settled).status, 200);
  assert.ok((await mirroring.stored('left'))?.equals(long));
  assert.equal(origin.gets('/left'), 1);
});

test('a client that stalls holds up neither another nor the storing', async () => {
  await using origin = await HostileOrigin.start();
  const large = randomBytes(48 * MiB);
  origin.paths.set('/large', object(large));
  await using mirroring = await Mirroring.start({ rule: { origin: origin.url } });
  const stalled = await mirroring.ask('large');
  const fast = await mirroring.get('large');
  assert.ok(fast.bytes.equals(large));
  assert.equal((await mirroring.settled('large')).status, 200);
  assert.ok((await mirroring.stored('large'))?.equals(large));
  // It has all of it to come still, and gets it.
  assert.ok((await stalled.body.bytes(large.length)).equals(large));
  assert.equal(origin.gets('/large'), 1);
});

test('large objects pass through little temporary space, and a client left behind goes on from the copy', async () => {
  await using origin = await HostileOrigin.start();
  const large = randomBytes(300 * MiB);
  origin.paths.set('/huge', object(large));
  const gateway = { mirror_spool: '128MiB' };
  await using mirroring = await Mirroring.start({ rule: { origin: origin.url }, gateway });
  const stalled = await mirroring.ask('huge');
  assert.equal((await mirroring.settled('huge')).status, 200);
  assert.ok((await mirroring.stored('huge'))?.equals(large));
  assert.ok((await stalled.body.bytes(large.length)).equals(large));
  assert.equal(origin.gets('/huge'), 1);
});

test('a range is answered at once while the whole is stored behind', async () => {
  await using origin = await HostileOrigin.start();
  const held = new Held({ 'Content-Length': long.length, ETag: '"v1"' });
  const ranged = object(long);
  origin.paths.set('/ranged', (request, response) =>
    request.headers.range === undefined ? held.behaviour(request, response) : ranged(request, response),
  );
  await using mirroring = await Mirroring.start({ rule: { origin: origin.url } });
  const { status, headers, bytes: part } = await mirroring.get('ranged', ['Range', 'bytes=900000-900099']);
  assert.equal(status, 206);
  assert.equal(headers.get('content-range'), `bytes 900000-900099/${long.length}`);
  assert.ok(part.equals(long.subarray(900_000, 900_100)));
  await held.send(long.subarray(0, 300_000));
  const under = await mirroring.get('ranged', ['Range', 'bytes=0-9']);
  assert.ok(under.bytes.equals(long.subarray(0, 10)));
  const last = await mirroring.get('ranged', ['Range', 'bytes=-10']);
  assert.ok(last.bytes.equals(long.subarray(-10)));
  const settled = mirroring.settled('ranged');
  await held.end(long.subarray(300_000));
  await settled;
  assert.ok((await mirroring.stored('ranged'))?.equals(long));
  const past = await mirroring.get('ranged', ['Range', `bytes=${long.length}-`]);
  assert.equal(past.status, 416);
});

test('HEAD answers from the origin and begins to fetch, or only asks', async () => {
  for (const head of ['fetch', 'ask'] as const) {
    await using origin = await HostileOrigin.start();
    origin.paths.set('/x', object(bytes, { 'Content-Type': 'text/css' }));
    await using mirroring = await Mirroring.start({ rule: { origin: origin.url, head } });
    const { status, headers, bytes: none } = await mirroring.get('x', [], 'HEAD');
    assert.equal(status, 200);
    assert.equal(headers.get('content-length'), '5000');
    assert.equal(headers.get('content-type'), 'text/css');
    assert.equal(none.length, 0);
    assert.deepEqual(origin.requests, [head === 'fetch' ? 'GET /x' : 'HEAD /x']);
    if (head === 'ask') assert.equal(await mirroring.stored('x'), undefined);
    await mirroring.settled('x');
    assert.ok((await mirroring.stored('x'))?.equals(bytes));
  }
});

test('conditions are judged by what the origin tells, and by the copy once it is there', async () => {
  await using origin = await HostileOrigin.start();
  const held = new Held({
    'Content-Length': long.length,
    ETag: '"v1"',
    'Last-Modified': 'Sat, 03 Feb 2001 04:05:06 GMT',
  });
  origin.paths.set('/c', held.behaviour);
  await using mirroring = await Mirroring.start({ rule: { origin: origin.url } });
  const asked = async (...headers: string[]): Promise<number> => {
    const { status, body } = await mirroring.ask('c', headers);
    body.cancel();
    return status;
  };
  assert.equal(await asked('If-None-Match', '"v1"'), 304);
  assert.equal(await asked('If-Match', '"v2"'), 412);
  await held.send(long.subarray(0, 300_000));
  assert.equal(await asked('If-Match', '"v1"'), 200);
  assert.equal(await asked('If-Modified-Since', 'Sat, 03 Feb 2001 04:05:06 GMT'), 304);
  assert.equal(await asked('If-Unmodified-Since', 'Sat, 03 Feb 2001 04:05:05 GMT'), 412);
  const { headers, body } = await mirroring.ask('c');
  const etag = headers.get('etag')!;
  body.cancel();
  await held.end(long.subarray(300_000));
  await mirroring.settled('c');
  const copy = (await mirroring.get('c')).headers.get('etag')!;
  assert.notEqual(copy, etag);
  assert.equal(await asked('If-None-Match', copy), 304);
  // A download that was begun while it came goes on.
  for (const [name, status] of [
    ['If-Match', 206],
    ['If-Range', 206],
    ['If-None-Match', 304],
  ] as const) {
    // prettier-ignore
    const part = await mirroring.get('c', [name, etag, 'Range', 'bytes=500000-500009']);
    assert.equal(part.status, status, name);
    assert.equal(part.headers.get('etag'), etag);
    if (status === 206) assert.ok(part.bytes.equals(long.subarray(500_000, 500_010)));
  }
  assert.equal(await asked('If-Match', '"v2"'), 412);
  assert.equal(await asked('If-Modified-Since', 'Sat, 03 Feb 2001 04:05:06 GMT'), 304);
  assert.equal(origin.gets('/c'), 1);
});

test('redirect: the client is sent to the origin, and the object is fetched behind', async () => {
  await using origin = await HostileOrigin.start();
  origin.paths.set('/films/x', object(bytes));
  const rule = { origin: origin.url, mode: 'redirect', match: { prefix: 'movie/' }, rewrite: { strip: 'movie/', add: 'films/' } }; // prettier-ignore
  await using mirroring = await Mirroring.start({ rule });
  const { status, headers } = await mirroring.get('movie/x');
  assert.equal(status, 302);
  assert.equal(headers.get('location'), `${origin.url}/films/x`);
  assert.equal((await mirroring.settled('movie/x')).status, 200);
  assert.equal((await mirroring.get('movie/x')).status, 200);
  assert.equal(origin.gets('/films/x'), 1);
  // Known to be nowhere, nobody is sent there.
  await mirroring.get('movie/none', [], 'HEAD');
  assert.equal((await mirroring.get('movie/none')).status, 404);
});

test('store: false passes everything through', async () => {
  await using origin = await HostileOrigin.start();
  origin.paths.set('/x', object(bytes));
  await using mirroring = await Mirroring.start({ rule: { origin: origin.url, store: false } });
  for (let i = 0; i < 2; i++) assert.ok((await mirroring.get('x')).bytes.equals(bytes));
  assert.equal((await mirroring.get('x', ['Range', 'bytes=5-6'])).bytes.length, 2);
  assert.equal((await mirroring.get('x', [], 'HEAD')).headers.get('content-length'), '5000');
  assert.equal(await mirroring.stored('x'), undefined);
  assert.equal(origin.gets('/x'), 3);
});

test('the first rule that matches decides, by prefix, suffix and the miss', async () => {
  await using one = await HostileOrigin.start();
  await using other = await HostileOrigin.start();
  one.paths.set('/v1/x.bin', object(Buffer.from('one')));
  other.paths.set('/pics/x.jpg', object(Buffer.from('other')));
  const rules = [
    { match: { prefix: 'pics/', suffix: '.jpg' }, origin: other.url },
    { match: { prefix: 'pics/' }, origin: one.url, rewrite: { strip: 'pics/', template: 'v1/{key}.bin' } },
  ];
  await using mirroring = await Mirroring.start({ rules: rules.map((rule, i) => ({ ...rule, name: `r${i}` })) });
  assert.equal(String((await mirroring.get('pics/x.jpg')).bytes), 'other');
  assert.equal(String((await mirroring.get('pics/x')).bytes), 'one');
  assert.equal((await mirroring.get('elsewhere/x')).status, 404);
  assert.deepEqual([one.requests, other.requests], [['GET /v1/x.bin'], ['GET /pics/x.jpg']]);
});

test('the origin is told only what the rule allows', async () => {
  await using origin = await HostileOrigin.start();
  origin.paths.set('/x', object(bytes));
  const headers = { pass: ['accept-language', 'x-app-*'], drop: ['x-app-secret'], set: { 'X-From': 'ferry' } };
  await using mirroring = await Mirroring.start({ rule: { origin: origin.url, headers, head: 'ask' } });
  const told = ['Accept-Language', 'zh', 'X-App-Id', '7', 'X-App-Secret', 's', 'Cookie', 'c=1', 'X-From', 'me'];
  assert.equal((await mirroring.get('x', told, 'HEAD')).status, 200);
  await mirroring.get('x', told);
  assert.equal(origin.heads.length, 2);
  for (const head of origin.heads) {
    assert.equal(head['accept-language'], 'zh');
    assert.equal(head['x-app-id'], '7');
    assert.equal(head['x-from'], 'ferry');
    for (const name of ['x-app-secret', 'cookie', 'authorization', 'x-amz-date']) assert.equal(head[name], undefined);
  }
});

test('only the headers to keep are kept, for who waits and for who comes later', async () => {
  await using origin = await HostileOrigin.start();
  origin.paths.set('/x', object(bytes, { 'Content-Type': 'text/css', 'Content-Disposition': 'inline', Expires: '0' }));
  await using mirroring = await Mirroring.start({ rule: { origin: origin.url, keep: ['content-type'] } });
  for (let i = 0; i < 2; i++) {
    const { headers } = await mirroring.get('x');
    assert.equal(headers.get('content-type'), 'text/css');
    assert.equal(headers.get('content-disposition'), undefined);
    assert.equal(headers.get('expires'), undefined);
    await mirroring.settled('x');
  }
});

test('gzip by the origin is kept as it is', async () => {
  await using origin = await HostileOrigin.start();
  origin.paths.set('/x', object(bytes, { 'Content-Encoding': 'gzip' }));
  await using mirroring = await Mirroring.start({ rule: { origin: origin.url } });
  for (let i = 0; i < 2; i++) {
    const got = await mirroring.get('x');
    assert.equal(got.headers.get('content-encoding'), 'gzip');
    assert.ok(got.bytes.equals(bytes));
    await mirroring.settled('x');
  }
  assert.equal(origin.heads[0]!['accept-encoding'], 'identity');
});

test('bodies without a length are streamed, and stored when their end has come', async () => {
  await using origin = await HostileOrigin.start();
  for (const [path, size] of [
    ['/small', 1000],
    ['/medium', 3 * MiB],
    ['/large', 40 * MiB],
  ] as const)
    // prettier-ignore
    origin.paths.set(path, (_, response) => {
      response.writeHead(200);
      for (let at = 0; at < size; at += 1000) response.write(Buffer.alloc(Math.min(1000, size - at), 'x'));
      response.end();
    });
  await using mirroring = await Mirroring.start({ rule: { origin: origin.url } });
  for (const [key, size] of [
    ['small', 1000],
    ['medium', 3 * MiB],
    ['large', 40 * MiB],
  ] as const) {
    // prettier-ignore
    const { headers, bytes: all } = await mirroring.get(key);
    assert.equal(headers.get('transfer-encoding'), 'chunked');
    assert.equal(all.length, size);
    await mirroring.settled(key);
    assert.equal((await mirroring.stored(key))?.length, size);
  }
});

test('a range of what has no length is never told as more or less than it is', async () => {
  await using origin = await HostileOrigin.start();
  const held = new Held();
  origin.paths.set('/x', held.behaviour);
  await using mirroring = await Mirroring.start({ rule: { origin: origin.url } });
  const whole = mirroring.get('x');
  await held.send(long.subarray(0, 300_000));
  const ranges = ['bytes=100-199', 'bytes=200000-', 'bytes=-10'].map((range) => mirroring.get('x', ['Range', range]));
  await held.end(long.subarray(300_000));
  const [first, rest, last] = await Promise.all(ranges);
  assert.ok((await whole).bytes.equals(long));
  for (const [got, expected] of [
    [first, long.subarray(100, 200)],
    [rest, long.subarray(200_000)],
  ] as const) {
    // prettier-ignore
    // Where the origin knows no ranges either, nothing but the truth is told.
    if (got!.status === 206) assert.ok(got!.bytes.equals(expected));
    else assert.ok(got!.status >= 500, String(got!.status));
  }
  // Before the end is known there are no last bytes: all of it is an answer, too.
  assert.ok(last!.bytes.equals(last!.status === 200 ? long : long.subarray(-10)));
});

test('what the store refuses or does not answer can count as a miss, and is not overwritten', async () => {
  await using origin = await HostileOrigin.start();
  origin.paths.set('/x', object(bytes));
  const codes = { 403: 'access-denied', 503: 'unavailable' } as const;
  for (const [status, code] of Object.entries(codes)) {
    const broken: Layer = {
      run: (call, next) =>
        ['read', 'stat'].includes(call.operation) ? Promise.reject(new FerryError(code)) : next(call),
    };
    const start = (statuses: number[]): Promise<Mirroring> =>
      Mirroring.start({ rule: { origin: origin.url, match: { status: statuses } }, layers: [broken] });
    {
      await using mirroring = await start([404]);
      assert.equal((await mirroring.get('x')).status, 503);
    }
    await using mirroring = await start([404, Number(status)]);
    assert.ok((await mirroring.get('x')).bytes.equals(bytes));
    assert.equal((await mirroring.get('x', [], 'HEAD')).headers.get('content-length'), '5000');
    // That the origin has nothing does not say that the store has not.
    for (const method of ['GET', 'HEAD']) assert.equal((await mirroring.get('y', [], method)).status, 503);
    const { Contents } = await mirroring.client.send(new ListObjectsV2Command({ Bucket: 'raw' }));
    assert.equal(Contents, undefined);
  }
});

test('a copy of what is missing fetches it first; so do conditional writes', async () => {
  await using origin = await HostileOrigin.start();
  origin.paths.set('/from', object(bytes, { 'Content-Type': 'text/css' }));
  origin.paths.set('/there', object(bytes));
  await using mirroring = await Mirroring.start({ rule: { origin: origin.url } });
  const { client } = mirroring;
  await client.send(new CopyObjectCommand({ Bucket: 'site', Key: 'to', CopySource: 'site/from' }));
  assert.ok((await mirroring.stored('to'))?.equals(bytes));
  assert.equal((await mirroring.get('to')).headers.get('content-type'), 'text/css');
  await assert.rejects(
    client.send(new PutObjectCommand({ Bucket: 'site', Key: 'there', Body: 'mine', IfNoneMatch: '*' })),
    { name: 'PreconditionFailed' },
  );
  await client.send(new PutObjectCommand({ Bucket: 'site', Key: 'new', Body: 'mine', IfNoneMatch: '*' }));
  origin.paths.set('/known', object(bytes));
  const told = (await mirroring.get('known', [], 'HEAD')).headers.get('etag')!;
  const replace = (IfMatch: string) =>
    client.send(new PutObjectCommand({ Bucket: 'site', Key: 'known', Body: 'mine', IfMatch }));
  await assert.rejects(replace('"v0"'), { name: 'PreconditionFailed' });
  await replace(told);
  assert.equal(String(await mirroring.stored('known')), 'mine');
  await assert.rejects(replace(told), { name: 'PreconditionFailed' });
  assert.equal(String(await mirroring.stored('new')), 'mine');
});

test('listings show what is stored', async () => {
  await using origin = await HostileOrigin.start();
  origin.paths.set('/a', object(bytes));
  origin.paths.set('/b', object(bytes));
  await using mirroring = await Mirroring.start({ rule: { origin: origin.url } });
  await mirroring.settled('b');
  const { Contents } = await mirroring.client.send(new ListObjectsV2Command({ Bucket: 'site' }));
  assert.deepEqual(
    Contents?.map(({ Key }) => Key),
    ['b'],
  );
});

test('a DELETE is followed by another fetch, or remembered for ever', async () => {
  for (const deletes of ['refetch', 'remember'] as const) {
    await using origin = await HostileOrigin.start();
    origin.paths.set('/x', object(bytes));
    origin.paths.set('/never-here', object(bytes));
    const options = { rule: { origin: origin.url, deletes } };
    await using mirroring = await Mirroring.start(options);
    await mirroring.settled('x');
    for (const Key of ['x', 'never-here'])
      await mirroring.client.send(new DeleteObjectCommand({ Bucket: 'site', Key }));
    assert.equal(await mirroring.stored('x'), undefined);
    const expected = deletes === 'refetch' ? 200 : 404;
    for (const key of ['x', 'never-here'])
      for (const method of ['HEAD', 'GET']) assert.equal((await mirroring.get(key, [], method)).status, expected, key);
    if (deletes === 'refetch') continue;
    assert.equal(origin.gets('/x'), 1);
    await mirroring.client.send(new PutObjectCommand({ Bucket: 'site', Key: 'x', Body: 'again' }));
    assert.equal(String((await mirroring.get('x')).bytes), 'again');
    await mirroring.client.send(new DeleteObjectCommand({ Bucket: 'site', Key: 'x' }));
    await mirroring.stop();
    await using later = await Mirroring.start({ ...options, dir: mirroring.dir });
    assert.equal((await later.get('x')).status, 404);
  }
});
