// Origins that fail in every way: nothing wrong is stored, nothing is remembered for ever, no client is told a lie.
import assert from 'node:assert/strict';
import { hash, randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { MiB } from '../../../../src/model/units.ts';
import { Held, HostileOrigin, object } from './hostile-origin.ts';
import { Mirroring } from './mirroring.ts';

const bytes = randomBytes(5000);
const long = randomBytes(2 * MiB);
const codeOf = (text: Buffer): string | undefined => /<Code>(.*?)<\/Code>/.exec(String(text))?.[1];

/** Sees that a client gets no whole answer, and that nothing is stored. */
async function expectCut(mirroring: Mirroring, key: string): Promise<void> {
  await assert.rejects(mirroring.get(key), /closed|short|reset|bytes|ended/i);
  await mirroring.settled(key);
  assert.equal(await mirroring.stored(key), undefined);
}

test('404 and 403 are told as they are, believed for a while, and then asked again', async () => {
  await using origin = await HostileOrigin.start();
  origin.paths.set('/forbidden', (_, response) => response.writeHead(403).end());
  const absence = { seconds: 0.3, entries: 10 };
  await using mirroring = await Mirroring.start({ rule: { origin: origin.url, absence } });
  for (const [key, status, code] of [
    ['absent', 404, 'NoSuchKey'],
    ['forbidden', 403, 'AccessDenied'],
  ] as const) {
    // prettier-ignore
    for (let i = 0; i < 3; i++) {
      const got = await mirroring.get(key);
      assert.equal(got.status, status);
      assert.equal(codeOf(got.bytes), code);
      assert.equal((await mirroring.get(key, [], 'HEAD')).status, status);
    }
    assert.equal(origin.gets(`/${key}`), 1);
    origin.paths.set(`/${key}`, object(bytes));
    const deadline = Date.now() + 5000;
    while ((await mirroring.get(key)).status !== 200) assert.ok(Date.now() < deadline);
    assert.equal(origin.gets(`/${key}`), 2);
  }
  const [counters] = await mirroring.stop();
  assert.equal(counters!.failures, 0);
});

test('the memory for what is absent has a bound', async () => {
  await using origin = await HostileOrigin.start();
  const absence = { seconds: 600, entries: 3 };
  await using mirroring = await Mirroring.start({ rule: { origin: origin.url, absence } });
  for (const key of ['a', 'b', 'c', 'd', 'd', 'c', 'b']) await mirroring.get(key);
  assert.deepEqual(origin.requests, ['GET /a', 'GET /b', 'GET /c', 'GET /d']);
  await mirroring.get('a');
  assert.equal(origin.gets('/a'), 2);
});

test('an origin that fails is never taken for one that has nothing; the next is asked', async () => {
  await using one = await HostileOrigin.start();
  await using other = await HostileOrigin.start();
  one.paths.set('/x', (_, response) => response.writeHead(500).end());
  one.paths.set('/y', (_, response) => response.writeHead(500).end());
  other.paths.set('/x', object(bytes));
  other.paths.set('/y', (_, response) => response.writeHead(503).end());
  await using mirroring = await Mirroring.start({ rule: { origin: [one.url, other.url] } });
  assert.ok((await mirroring.get('x')).bytes.equals(bytes));
  const failed = await mirroring.get('y');
  assert.equal(failed.status, 503);
  assert.ok(Number(failed.headers.get('retry-after')) >= 1);
  assert.doesNotMatch(String(failed.bytes), /127\.0\.0\.1/);
  other.paths.set('/y', object(bytes));
  assert.equal((await mirroring.get('y')).status, 200);
});

test('a breaker leaves an origin alone that fails, and tries it again', async () => {
  await using origin = await HostileOrigin.start();
  for (const key of ['a', 'b', 'c', 'd']) origin.paths.set(`/${key}`, (_, response) => response.writeHead(500).end());
  const breaker = { failures: 2, seconds: 0.5 };
  await using mirroring = await Mirroring.start({ rule: { origin: origin.url, breaker, absence: { seconds: 0 } } });
  for (const key of ['a', 'b']) assert.equal((await mirroring.get(key)).status, 503);
  const before = origin.requests.length;
  const refused = await mirroring.get('c');
  assert.equal(refused.status, 503);
  assert.equal(codeOf(refused.bytes), 'SlowDown');
  assert.equal(origin.requests.length, before);
  for (const key of ['a', 'b', 'c', 'd']) origin.paths.set(`/${key}`, object(bytes));
  const deadline = Date.now() + 5000;
  while ((await mirroring.get('c')).status !== 200) assert.ok(Date.now() < deadline);
  assert.equal((await mirroring.get('d')).status, 200);
});

test('a cut body is read on where it broke off, of the same version', async () => {
  await using origin = await HostileOrigin.start();
  const whole = object(long);
  let times = 0;
  origin.paths.set('/x', (request, response) => {
    if (times++ > 0) return whole(request, response);
    response.writeHead(200, { 'Content-Length': long.length, ETag: '"v1"' });
    return response.write(long.subarray(0, MiB), () => response.destroy());
  });
  await using mirroring = await Mirroring.start({ rule: { origin: origin.url } });
  assert.ok((await mirroring.get('x')).bytes.equals(long));
  await mirroring.settled('x');
  assert.ok((await mirroring.stored('x'))?.equals(long));
  assert.equal(origin.heads[1]!['if-match'], '"v1"');
  assert.match(origin.heads[1]!.range!, /^bytes=\d+-/);
});

test('another version in the middle is never put together with the first', async () => {
  const other = object(randomBytes(long.length), { etag: '"v2"' });
  const unnamed = randomBytes(long.length);
  const second: Record<string, Parameters<HostileOrigin['paths']['set']>[1]> = {
    // Heeds If-Match; does not; has neither ETag nor time, so that nothing tells the versions apart.
    polite: other,
    careless: (request, response) => {
      delete request.headers['if-match'];
      return other(request, response);
    },
    nameless: (request, response) => {
      const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      response.writeHead(206, {
        'Content-Range': `bytes ${from}-${unnamed.length - 1}/${unnamed.length}`,
        'Content-Length': unnamed.length - from,
      });
      return response.end(unnamed.subarray(from));
    },
  };
  for (const [key, again] of Object.entries(second)) {
    await using origin = await HostileOrigin.start();
    let times = 0;
    origin.paths.set(`/${key}`, (request, response) => {
      if (times++ > 0) return again(request, response);
      response.writeHead(200, { 'Content-Length': long.length, ...(key === 'nameless' ? {} : { ETag: '"v1"' }) });
      return response.write(long.subarray(0, MiB), () => response.destroy());
    });
    await using mirroring = await Mirroring.start({ rule: { origin: origin.url } });
    await assert.rejects(mirroring.get(key), key);
    assert.equal(await mirroring.stored(key), undefined);
  }
});

test('a body that always breaks off cuts the client, and is not stored', async () => {
  await using origin = await HostileOrigin.start();
  origin.paths.set('/known', (_, response) => {
    response.writeHead(200, { 'Content-Length': long.length });
    response.write(long.subarray(0, MiB), () => response.destroy());
  });
  origin.paths.set('/chunked', (_, response) => {
    response.writeHead(200);
    response.write(long.subarray(0, MiB), () => response.destroy());
  });
  await using mirroring = await Mirroring.start({ rule: { origin: origin.url } });
  for (const key of ['known', 'chunked']) await expectCut(mirroring, key);
  // Not remembered as anything: as soon as it works it works.
  for (const key of ['known', 'chunked']) origin.paths.set(`/${key}`, object(long));
  for (const key of ['known', 'chunked']) assert.ok((await mirroring.get(key)).bytes.equals(long));
});

test('a Content-Length that lies, either way, is no object', async () => {
  const server = createServer((socket: Socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (head: Buffer) => {
      const announced = String(head).includes('/short') ? 300_000 : 200_000;
      const sent = announced === 300_000 ? 200_000 : 300_000;
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${announced}\r\n\r\n`);
      socket.end(Buffer.alloc(sent, 'x'));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  try {
    const rule = { origin: `http://127.0.0.1:${address.port}` };
    await using mirroring = await Mirroring.start({ rule });
    for (const key of ['short', 'excess']) await expectCut(mirroring, key);
  } finally {
    server.close();
  }
});

test('an endless body ends at the largest size allowed', async () => {
  await using origin = await HostileOrigin.start();
  origin.paths.set('/endless', (_, response) => {
    response.writeHead(200);
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(64 * 1024)));
    };
    response.on('drain', more);
    more();
  });
  origin.paths.set('/known', object(Buffer.alloc(4 * MiB)));
  const limits = { max_object_size: '3MiB' };
  for (const store of [true, false]) {
    await using mirroring = await Mirroring.start({ rule: { origin: origin.url, limits, store } });
    await assert.rejects(mirroring.get('endless'));
    const known = await mirroring.get('known');
    assert.equal(codeOf(known.bytes), 'EntityTooLarge');
    assert.equal((await mirroring.get('known', [], 'HEAD')).status, 400);
    assert.equal(await mirroring.stored('endless'), undefined);
    assert.equal(await mirroring.stored('known'), undefined);
  }
});

test('an origin that stalls is given up: before the head, and in the middle', async () => {
  await using origin = await HostileOrigin.start();
  origin.paths.set('/silent', () => undefined);
  const held = new Held({ 'Content-Length': long.length, ETag: '"v1"' });
  origin.paths.set('/stalls', (request, response) => {
    if (request.headers.range === undefined) held.behaviour(request, response);
  });
  const limits = { timeout: 0.2 };
  await using mirroring = await Mirroring.start({ rule: { origin: origin.url, limits } });
  const silent = await mirroring.get('silent');
  assert.equal(silent.status, 503);
  const cut = assert.rejects(mirroring.get('stalls'));
  await held.send(long.subarray(0, MiB));
  await cut;
  assert.equal(await mirroring.stored('stalls'), undefined);
});

test('a trickle is no progress', async () => {
  await using origin = await HostileOrigin.start();
  const timers: NodeJS.Timeout[] = [];
  origin.paths.set('/drip', (_, response) => {
    response.writeHead(200, { 'Content-Length': long.length });
    timers.push(setInterval(() => response.write('x'), 20));
  });
  try {
    const limits = { timeout: 0.3, min_speed: 1000 };
    await using mirroring = await Mirroring.start({ rule: { origin: origin.url, limits } });
    await expectCut(mirroring, 'drip');
  } finally {
    for (const timer of timers) clearInterval(timer);
  }
});

test('a head that comes letter by letter is no progress either', async () => {
  const timers: NodeJS.Timeout[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write('HTTP/1.1 200 OK\r\nX-Slow: ');
    timers.push(setInterval(() => socket.write('x'), 20));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  try {
    const rule = { origin: `http://127.0.0.1:${address.port}`, limits: { timeout: 0.2 } };
    await using mirroring = await Mirroring.start({ rule });
    assert.equal((await mirroring.get('x')).status, 503);
  } finally {
    for (const timer of timers) clearInterval(timer);
    server.close();
  }
});

test('redirects are followed, but not to private addresses unless allowed, nor to other schemes', async () => {
  await using elsewhere = await HostileOrigin.start();
  elsewhere.paths.set('/there', object(bytes));
  await using origin = await HostileOrigin.start();
  const to = (location: string) => (_: unknown, response: ServerResponse) =>
    response.writeHead(302, { Location: location }).end();
  origin.paths.set('/here', to('/x'));
  origin.paths.set('/x', object(bytes));
  origin.paths.set('/away', to(`${elsewhere.url}/there`));
  origin.paths.set('/named', to(`http://localhost:${elsewhere.port}/there`));
  origin.paths.set('/file', to('file:///etc/passwd'));
  origin.paths.set('/loop', to('/loop'));
  for (const allow of [false, true]) {
    const rule = { origin: origin.url, allow_private_redirects: allow, breaker: { failures: 100 } };
    await using mirroring = await Mirroring.start({ rule });
    assert.ok((await mirroring.get('here')).bytes.equals(bytes));
    for (const key of ['away', 'named']) assert.equal((await mirroring.get(key)).status, allow ? 200 : 503, key);
    for (const key of ['file', 'loop']) assert.equal((await mirroring.get(key)).status, 503, key);
  }
  assert.equal(elsewhere.requests.length, 2);
});

test('no key leads out of the origin, and no header comes from a key', async () => {
  await using origin = await HostileOrigin.start();
  for (const path of ['/secret', '/base/../secret', '/base/x']) origin.paths.set(path, object(bytes));
  await using mirroring = await Mirroring.start({ rule: { origin: `${origin.url}/base` } });
  for (const key of ['..%2Fsecret', '%2E%2E/secret', 'x/..%2F..%2Fsecret', '%2e%2e%2fsecret'])
    assert.equal((await mirroring.get(key)).status, 404, key);
  await mirroring.get('x%0d%0aX-Evil:%201');
  await mirroring.get('http:%2F%2Fevil.example%2Fx');
  assert.deepEqual(origin.requests, ['GET /base/x%0D%0AX-Evil%3A%201', 'GET /base/http%3A//evil.example/x']);
  assert.equal(origin.heads[0]!['x-evil'], undefined);
});

test('an answer that is compressed in transfer is not taken for the object', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () =>
      socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n'),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  try {
    await using mirroring = await Mirroring.start({ rule: { origin: `http://127.0.0.1:${address.port}` } });
    assert.equal((await mirroring.get('x')).status, 503);
    assert.equal(await mirroring.stored('x'), undefined);
  } finally {
    server.close();
  }
});

test('more requests than allowed wait their turn', async () => {
  await using origin = await HostileOrigin.start();
  let active = 0;
  let most = 0;
  for (let i = 0; i < 20; i++)
    origin.paths.set(`/${i}`, (request, response) => {
      most = Math.max(most, ++active);
      setImmediate(() => {
        active--;
        object(bytes)(request, response);
      });
    });
  await using mirroring = await Mirroring.start({ rule: { origin: origin.url, limits: { concurrency: 3 } } });
  const all = await Promise.all(Array.from({ length: 20 }, (_, i) => mirroring.get(String(i))));
  assert.ok(all.every((got) => got.bytes.equals(bytes)));
  assert.ok(most <= 3, `${most} at once`);
});

test('the bandwidth of an origin is kept', async () => {
  await using origin = await HostileOrigin.start();
  origin.paths.set('/x', object(long));
  const limits = { bandwidth: '4MiB' };
  await using mirroring = await Mirroring.start({ rule: { origin: origin.url, limits } });
  const began = performance.now();
  assert.ok((await mirroring.get('x')).bytes.equals(long));
  // 2 MiB at 4 MiB/s, of which a tenth of a second is a burst, and a chunk goes ahead.
  assert.ok(performance.now() - began > 200);
});

test('bytes that are not those the origin told the MD5 of are cut, and not stored', async () => {
  await using origin = await HostileOrigin.start();
  const md5 = hash('md5', long, 'base64');
  origin.paths.set('/right', object(long, { 'Content-MD5': md5 }));
  origin.paths.set('/wrong', object(randomBytes(long.length), { 'Content-MD5': md5 }));
  await using mirroring = await Mirroring.start({ rule: { origin: origin.url } });
  assert.ok((await mirroring.get('right')).bytes.equals(long));
  await expectCut(mirroring, 'wrong');
});
