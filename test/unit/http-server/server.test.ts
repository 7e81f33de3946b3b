import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate as immediate } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { MiB } from '../../../src/model/units.ts';
import { listen, type ListenOptions } from '../../../src/wire/http/server/listen.ts';
import type { HttpAnswer, HttpHandler, HttpServer, ServerRequest } from '../../../src/wire/http/server/server.ts';
import { certificate } from '../http/certificates.ts';
import { SocketHttpClient } from '../../../src/wire/http/socket-client.ts';

/** A server for one test. */
class Served implements AsyncDisposable {
  readonly server: HttpServer;

  constructor(server: HttpServer) {
    this.server = server;
  }

  async open(): Promise<Socket> {
    const socket = connect(this.server.port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  }

  /** Everything the server says to these bytes until it closes the connection. */
  async say(text: string): Promise<string> {
    const socket = await this.open();
    socket.write(text, 'latin1');
    return await everything(socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.drain(0);
  }
}

async function serving(handler: HttpHandler, options: ListenOptions = {}): Promise<Served> {
  return new Served(await listen(handler, options));
}

async function everything(socket: Socket): Promise<string> {
  let said = '';
  for await (const bytes of socket) said += String(bytes);
  return said;
}

/** What a socket says until it holds `end`. */
async function until(socket: Socket, end: string): Promise<string> {
  let said = '';
  while (!said.includes(end)) {
    const [bytes]: Buffer[] = await once(socket, 'data');
    said += bytes!.toString('latin1');
  }
  return said;
}

const echo: HttpHandler = async (request) => {
  const bytes = await request.body.bytes(MiB);
  return { status: 200, headers: ['x-method', request.method, 'x-target', request.target], body: bytes };
};

const CLOSE = 'Host: h\r\nConnection: close\r\n';

test('requests are answered in order on one connection, however they arrive', async () => {
  await using server = await serving(echo);
  const requests = ['one', 'two', 'three'].map(
    (body, i) => `PUT /${i} HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  for (const size of [1, 7, 1000]) {
    const socket = await server.open();
    const text = requests.join('') + `GET /end HTTP/1.1\r\n${CLOSE}\r\n`;
    const said = everything(socket);
    for (let at = 0; at < text.length; at += size) socket.write(text.slice(at, at + size), 'latin1');
    const bodies = (await said).split('HTTP/1.1 200 OK').slice(1);
    assert.deepEqual(
      bodies.map((answer) => [/x-target: (.*)\r/.exec(answer)![1], answer.split('\r\n\r\n')[1]]),
      [
        ['/0', 'one'],
        ['/1', 'two'],
        ['/2', 'three'],
        ['/end', ''],
      ],
    );
  }
});

test('what is no HTTP, or can be read in two ways, is refused and the connection closed', async () => {
  await using server = await serving(echo, { maxHeaderBytes: 1000 });
  const refused: [string, number][] = [
    ['GET / HTTP/2.0\r\n', 400],
    ['GET  / HTTP/1.1\r\nHost: h\r\n\r\n', 400],
    ['GET / HTTP/1.1\nHost: h\r\n\r\n', 400],
    ['GET /\x01 HTTP/1.1\r\nHost: h\r\n\r\n', 400],
    ['GET /ü HTTP/1.1\r\nHost: h\r\n\r\n', 400],
    ['GE T / HTTP/1.1\r\nHost: h\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nHost : h\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nHost: h\r\n X: y\r\n\r\n', 400],
    ['GET nowhere HTTP/1.1\r\nHost: h\r\n\r\n', 400],
    ['PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
    ['PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n', 400],
    ['PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
    ['PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n', 400],
    ['PUT / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(1000)}\r\n\r\n`, 431],
    ['PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n', 400],
    ['PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n', 400],
    ['PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n', 400],
    ['PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n', 400],
    ['PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\x0bchunked\r\n\r\n', 400],
    ['PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding\t: chunked\r\n\r\n', 400],
    ['PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 1\r\n\r\n', 400],
    ['PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\n', 400],
    ['PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x1\r\n\r\n', 400],
    ['PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1 1\r\n\r\n', 400],
    ['PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: \r\n\r\n', 400],
    ['PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\n Host: h\r\n\r\n', 400],
    ['\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n', 400],
    ['GET http://u@h/ HTTP/1.1\r\nHost: h\r\n\r\n', 400],
    ['CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n', 400],
  ];
  for (const [text, status] of refused)
    assert.match(await server.say(text), new RegExp(`^HTTP/1.1 ${status} [^]*Connection: close`), JSON.stringify(text));
});

test('header fields and connections are limited', async () => {
  await using server = await serving(echo, { maxConnections: 2 });
  const fields = (count: number): string => Array.from({ length: count }, (_, i) => `x-${i}: y\r\n`).join('');
  assert.match(await server.say(`GET / HTTP/1.1\r\n${CLOSE}${fields(254)}\r\n`), /^HTTP\/1.1 200 /);
  assert.match(await server.say(`GET / HTTP/1.1\r\n${CLOSE}${fields(255)}\r\n`), /^HTTP\/1.1 431 /);
  const first = await server.open();
  const second = await server.open();
  assert.equal(await everything(await server.open()), '', 'the third is closed');
  for (const socket of [first, second]) {
    socket.write('GET /still HTTP/1.1\r\nHost: h\r\n\r\n');
    assert.match(await until(socket, '\r\n\r\n'), /^HTTP\/1.1 200 /);
  }
  first.destroy();
  second.destroy();
});

test('connections that never finish their handshake count, and are cut', async () => {
  const tls = certificate('localhost', { names: ['127.0.0.1'] });
  const timeouts = { head: 100 };
  await using server = await serving(echo, { tls, maxConnections: 2, timeouts });
  const silent = [await server.open(), await server.open()];
  assert.equal(await everything(await server.open()), '', 'the third is closed');
  for (const socket of silent) assert.equal(await everything(socket), '', 'cut after its time');
  const secure = connectTls({ port: server.server.port, host: '127.0.0.1', ca: tls.cert });
  secure.write(`GET /a HTTP/1.1\r\n${CLOSE}\r\n`);
  assert.match(await everything(secure), /x-target: \/a/);
});

test('HTTP/1.0 is answered and the connection closed; an absolute target tells the host', async () => {
  const seen: string[] = [];
  await using server = await serving(async (request) => {
    seen.push(`${request.host} ${request.target}`);
    return { status: 200, headers: [], body: pieces('all', ' of it') };
  });
  const old = await server.say('GET /old HTTP/1.0\r\n\r\n');
  assert.match(old, /Connection: close\r\n\r\nall of it$/);
  assert.doesNotMatch(old, /Transfer-Encoding|Content-Length/);
  const chunked = await server.say(`GET http://there:80/a?b HTTP/1.1\r\n${CLOSE}\r\n`);
  assert.match(chunked, /Transfer-Encoding: chunked\r\n[^]*\r\n\r\n3\r\nall\r\n6\r\n of it\r\n0\r\n\r\n$/);
  assert.deepEqual(seen, [' /old', 'there:80 /a?b']);
});

test('a chunked body arrives decoded; a malformed one fails whoever reads it', async () => {
  await using server = await serving(async (request) => {
    try {
      return { status: 200, headers: [], body: await request.body.bytes(MiB) };
    } catch (error) {
      return { status: 400, headers: [], body: Buffer.from(String(error)) };
    }
  });
  const head = `PUT / HTTP/1.1\r\n${CLOSE}Transfer-Encoding: chunked\r\n\r\n`;
  assert.match(
    await server.say(`${head}3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: t\r\n\r\n`),
    /200 OK[^]*\r\n\r\nabcde$/,
  );
  assert.match(await server.say(`${head}3\r\nabcd\r\n0\r\n\r\n`), /400 [^]*The request holds a chunk longer/);
  assert.match(await server.say(`${head}zz\r\n`), /400 [^]*The request holds a chunk without a size/);
});

test('a client that expects it is told to go on only when its body is wanted', async () => {
  await using server = await serving(async (request) =>
    request.target === '/no' ? { status: 403, headers: [] } : await echo(request),
  );
  const put = (path: string): string =>
    `PUT ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n`;
  const socket = await server.open();
  socket.write(put('/yes'));
  assert.match(await until(socket, '\r\n\r\n'), /^HTTP\/1.1 100 Continue\r\n\r\n$/);
  socket.write('body');
  assert.match(await until(socket, 'body'), /^HTTP\/1.1 200 OK/);
  socket.write(put('/empty').replace('Length: 4', 'Length: 0'));
  assert.match(await until(socket, 'Content-Length: 0\r\n\r\n'), /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK/);
  socket.write(put('/no'));
  const refusal = await everything(socket);
  assert.match(refusal, /^HTTP\/1.1 403 Forbidden\r\n[^]*Connection: close/);
});

test('an answer before the body arrived reaches a client that goes on sending', async () => {
  await using server = await serving(async () => ({ status: 403, headers: [], body: Buffer.from('no') }));
  const socket = await server.open();
  const said = everything(socket);
  socket.write(`PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: ${8 * MiB}\r\n\r\n`);
  socket.write(Buffer.alloc(4 * MiB));
  assert.match(await said, /^HTTP\/1.1 403 Forbidden[^]*Connection: close\r\n\r\nno$/);
});

test('the rest of a short body nobody read is passed over, and the connection goes on', async () => {
  await using server = await serving(async (request) => ({
    status: 200,
    headers: [],
    body: Buffer.from(request.target),
  }));
  const put = 'PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789';
  assert.match(await server.say(`${put}${put}GET /b HTTP/1.1\r\n${CLOSE}\r\n`), /\/a[^]*\/a[^]*\/b$/);
});

test('answers to HEAD, 204 and 304 have no body, and tell the length where there is one', async () => {
  await using server = await serving(async (request): Promise<HttpAnswer> => {
    if (request.target === '/204') return { status: 204, headers: [] };
    if (request.target === '/304') return { status: 304, headers: ['etag', '"e"'] };
    return { status: 200, headers: [], length: 1234 };
  });
  assert.match(await server.say(`HEAD / HTTP/1.1\r\n${CLOSE}\r\n`), /Content-Length: 1234\r\n[^]*\r\n\r\n$/);
  for (const path of ['/204', '/304']) {
    const said = await server.say(`GET ${path} HTTP/1.1\r\n${CLOSE}\r\n`);
    assert.match(said, /\r\n\r\n$/);
    assert.doesNotMatch(said, /Content-Length|Transfer-Encoding/);
  }
});

test('a body that breaks off cuts the connection: the client cannot take it for whole', async () => {
  const sent: boolean[] = [];
  await using server = await serving(async (request) => ({
    status: 200,
    headers: [],
    body: request.target === '/sized' ? { size: 10, open: () => breaking() } : breaking(),
    sent: (whole) => void sent.push(whole),
  }));
  await using client = new SocketHttpClient();
  for (const target of ['/sized', '/chunked']) {
    const origin = { secure: false, host: '127.0.0.1', port: server.server.port };
    const { body } = await client.request(origin, { method: 'GET', target, headers: [] });
    await assert.rejects(async () => await body.bytes(MiB), { code: 'short-read' });
  }
  assert.deepEqual(sent, [false, false]);
});

test('headers that could be read as another line are a defect, not an answer', async () => {
  await using server = await serving(async () => ({ status: 200, headers: ['x', 'a\r\nSet-Cookie: b'] }));
  assert.equal(await server.say(`GET / HTTP/1.1\r\n${CLOSE}\r\n`), '');
});

test('a client that leaves aborts its request', async () => {
  const begun = Promise.withResolvers<ServerRequest>();
  const aborted = Promise.withResolvers<void>();
  await using server = await serving(async (request) => {
    request.signal().addEventListener('abort', () => aborted.resolve());
    begun.resolve(request);
    await aborted.promise;
    return { status: 200, headers: [] };
  });
  const socket = await server.open();
  socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  await begun.promise;
  socket.destroy();
  await aborted.promise;
});

/** Time that goes on when told to. */
class HandClock {
  #now = 0;
  #ticks = new Set<() => void>();
  now = (): number => this.#now;
  every = (_: number, tick: () => void): { stop(): void } => {
    this.#ticks.add(tick);
    return { stop: () => void this.#ticks.delete(tick) };
  };
  pass(ms: number): void {
    this.#now += ms;
    for (const tick of this.#ticks) tick();
  }
}

test('idle clients, slow heads, bodies that stop and answers nobody takes end after their time', async () => {
  const clock = new HandClock();
  const timeouts = { idle: 1000, head: 2000, progress: 3000 };
  const outcomes: string[] = [];
  const reading = Promise.withResolvers<void>();
  const writing = Promise.withResolvers<void>();
  const cut = Promise.withResolvers<void>();
  const handler: HttpHandler = async (request) => {
    if (request.method === 'GET') {
      writing.resolve();
      const sent = (whole: boolean): void => (outcomes.push(`sent ${whole}`), cut.resolve());
      return { status: 200, headers: [], body: { size: 64 * MiB, open: () => forever() }, sent };
    }
    reading.resolve();
    await request.body.bytes(MiB).catch((error: Error) => outcomes.push(error.message));
    return { status: 400, headers: [] };
  };
  await using server = await serving(handler, { clock, timeouts });

  const idle = everything(await server.open());
  const slowHead = await server.open();
  slowHead.write('GET / HT');
  const slow = everything(slowHead);
  const stopped = await server.open();
  stopped.write('PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n123');
  const answered = everything(stopped);
  await reading.promise;
  clock.pass(1000);
  assert.equal(await idle, '');
  clock.pass(1000);
  assert.match(await slow, /^HTTP\/1.1 408 /);
  clock.pass(1000);
  assert.match(await answered, /^HTTP\/1.1 400 /);
  assert.deepEqual(outcomes.splice(0), ['The client sent nothing for 3 s']);

  const deaf = await server.open();
  deaf.pause();
  deaf.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  await writing.promise;
  // The kernel takes some megabytes before nothing moves any more.
  for (let i = 0; i < 100 && outcomes.length === 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    clock.pass(1500);
  }
  await cut.promise;
  assert.deepEqual(outcomes, ['sent false']);
});

test('a body that only drips is cut where a pace is asked for; one that was not asked for is not', async () => {
  const clock = new HandClock();
  const outcomes: string[] = [];
  let bytes = 0;
  let more = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const handler: HttpHandler = async (request) => {
    if (request.target === '/later') await goOn.promise;
    try {
      for await (const chunk of request.body) {
        bytes += chunk.length;
        more.resolve();
      }
      outcomes.push('whole');
    } catch (error) {
      outcomes.push((error as Error).message);
    }
    return { status: 400, headers: [] };
  };
  const timeouts = { idle: 100_000, head: 100_000, progress: 3000 };
  await using server = await serving(handler, { clock, timeouts, bodyPace: { bytes: 1000, within: 10_000 } });
  const client = await server.open();
  const answered = everything(client);
  client.write('PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n');
  const send = async (length: number): Promise<void> => {
    const wanted = bytes + length;
    client.write(`${length.toString(16)}\r\n${'x'.repeat(length)}\r\n`);
    for (; bytes < wanted; more = Promise.withResolvers()) await more.promise;
  };
  const waits = await server.open();
  const later = everything(waits);
  waits.write('PUT /later HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n');
  // Slow, and fast enough; then in drips that never stand still.
  for (let second = 0; second < 30; second++) {
    await send(120);
    clock.pass(1000);
  }
  assert.deepEqual(outcomes, []);
  for (let second = 0; second < 20 && outcomes.length === 0; second++) {
    await Promise.race([send(1), answered]);
    clock.pass(1000);
    await new Promise(setImmediate);
  }
  assert.match(await answered, /^HTTP\/1.1 400 /);
  assert.match(outcomes.pop()!, /^The client sent \d+ bytes in 10 s, and at least 1000 are wanted/);
  goOn.resolve();
  waits.write('1\r\nx\r\n0\r\n\r\n');
  await later;
  assert.deepEqual(outcomes, ['whole']);
});

test('a client that takes none of many short answers is cut as well', async () => {
  const clock = new HandClock();
  let answered = 0;
  const handler: HttpHandler = async () => {
    answered++;
    return { status: 200, headers: [], body: Buffer.alloc(60_000) };
  };
  await using server = await serving(handler, { clock, timeouts: { idle: 1000, head: 2000, progress: 3000 } });
  const deaf = await server.open();
  deaf.pause();
  const closed = once(deaf, 'close');
  deaf.on('error', () => undefined);
  deaf.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(1000));
  // Until the kernel takes no more, which is after some megabytes.
  for (let before = -1; before !== answered;) {
    before = answered;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok(answered < 1000);
  assert.equal(server.server.active, 1);
  for (let i = 0; i < 3; i++) clock.pass(1500);
  assert.equal(server.server.active, 0);
  deaf.destroy();
  await closed;
});

test('the rest of a body that nobody reads is not waited for longer than another', async () => {
  const clock = new HandClock();
  const timeouts = { idle: 1000, head: 2000, progress: 3000 };
  await using server = await serving(async () => ({ status: 200, headers: [] }), { clock, timeouts });
  const heads = [
    'Content-Length: 100',
    'Content-Length: 60000',
    'Content-Length: 200000',
    'Transfer-Encoding: chunked',
  ];
  const sockets = await Promise.all(
    heads.map(async (head) => {
      const socket = await server.open();
      socket.write(`PUT / HTTP/1.1\r\nHost: h\r\n${head}\r\n\r\n5`);
      assert.match(await until(socket, '\r\n\r\n'), /^HTTP\/1.1 200 /, head);
      return socket;
    }),
  );
  const all = Promise.all(sockets.map(everything));
  // What a tick ends takes some turns of the event loop.
  while ((await Promise.race([all, immediate('waiting')])) === 'waiting') clock.pass(500);
  assert.deepEqual(await all, ['', '', '', '']);
});

test('drained: no new connections, idle ones closed, requests finished, the rest cut', async () => {
  const begun = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  await using server = await serving(async () => {
    begun.resolve();
    await go.promise;
    return { status: 200, headers: [], body: Buffer.from('done') };
  });
  const idle = everything(await server.open());
  const busy = await server.open();
  busy.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  const answer = everything(busy);
  await begun.promise;
  const drained = server.server.drain(60_000);
  assert.equal(await idle, '');
  await assert.rejects(server.open(), { code: 'ECONNREFUSED' });
  go.resolve();
  assert.match(await answer, /Connection: close\r\n\r\ndone$/);
  await drained;

  await using stuck = await serving(async () => await new Promise<HttpAnswer>(() => undefined));
  const never = await stuck.open();
  never.write('GET /never HTTP/1.1\r\nHost: h\r\n\r\n');
  const nothing = everything(never).catch((error: NodeJS.ErrnoException) => error.code);
  await stuck.server.drain(1);
  assert.ok(['', 'ECONNRESET'].includes((await nothing) ?? ''));
});

async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function* breaking(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('half');
  throw new Error('broken');
}

async function* forever(): AsyncGenerator<Uint8Array> {
  const piece = Buffer.alloc(MiB);
  for (;;) yield piece;
}
