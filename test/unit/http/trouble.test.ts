import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import type { Socket } from 'node:net';
import { suite, test } from 'node:test';
import type { StreamBody } from '../../../src/model/body.ts';
import { FerryError, isFerryError } from '../../../src/model/errors.ts';
import type { HttpResponse } from '../../../src/wire/http/client.ts';
import { ManualClock, OK, client, gather, get, rawServer, scripted, text } from './support.ts';

const BIG = 20_000_000;

/** Resolves with the first bytes that reach a server. */
function arrival(): { promise: Promise<void>; arrived: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, arrived: resolve };
}

function streamOf(chunks: () => AsyncIterable<Uint8Array>, size: number): StreamBody {
  return { size, open: chunks };
}

async function aborted(promise: Promise<unknown>, controller: AbortController): Promise<void> {
  await assert.rejects(
    promise,
    (error) => isFerryError(error, 'interrupted') && error.cause === controller.signal.reason,
  );
  assert.equal(getEventListeners(controller.signal, 'abort').length, 0, 'no listener is left');
}

suite('abort', () => {
  test('before the call', async () => {
    const controller = new AbortController();
    controller.abort();
    await using http = client();
    await aborted(http.request({ secure: false, host: '127.0.0.1', port: 1 }, get(), controller.signal), controller);
  });

  test('while connecting, TCP and TLS', async () => {
    for (const secure of [false, true]) {
      await using server = await rawServer(() => undefined);
      await using http = client();
      const controller = new AbortController();
      const answer = http.request({ ...server.origin, secure }, get(), controller.signal);
      controller.abort();
      await aborted(answer, controller);
    }
  });

  test('while waiting for a connection: the others go on', async () => {
    const { promise, arrived } = arrival();
    let busy: Socket | undefined;
    await using server = await scripted((head, socket) => {
      if (!head.startsWith('GET /first')) return OK;
      busy = socket;
      arrived();
      return undefined;
    });
    await using http = client({ maxConnections: 1 });
    const controller = new AbortController();
    const first = http.request(server.origin, get('/first'));
    const second = http.request(server.origin, get(), controller.signal);
    const third = http.request(server.origin, get());
    await promise;
    controller.abort();
    await aborted(second, controller);
    busy!.write(OK);
    assert.equal(await text(await first), 'ok');
    assert.equal(await text(await third), 'ok');
  });

  test('while sending, while waiting for the answer, inside of the body', async () => {
    let step = arrival();
    await using server = await rawServer((socket) => {
      socket.once('data', (bytes) => {
        if (bytes.includes('PUT')) socket.pause();
        if (bytes.includes('/body')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nabc');
        step.arrived();
      });
    });
    await using http = client();
    for (const [target, body] of [
      ['/put', Buffer.alloc(BIG)],
      ['/wait', undefined],
    ] as const) {
      const controller = new AbortController();
      const request = get(target, { method: body === undefined ? 'GET' : 'PUT', body });
      const answer = http.request(server.origin, request, controller.signal);
      await step.promise;
      step = arrival();
      controller.abort();
      await aborted(answer, controller);
    }
    for (const read of [
      (answer: HttpResponse) => gather(answer.body),
      (answer: HttpResponse) => answer.body.bytes(1_000_000),
    ]) {
      const controller = new AbortController();
      const answer = await http.request(server.origin, get('/body'), controller.signal);
      const reading = read(answer);
      controller.abort();
      await aborted(reading, controller);
    }
  });

  test('gives the reason where it is one of ours; one listener serves all requests of a signal', async () => {
    await using server = await scripted((head) => (head.startsWith('GET /wait') ? undefined : OK));
    await using http = client();
    const controller = new AbortController();
    const requests = Array.from({ length: 20 }, () => http.request(server.origin, get(), controller.signal));
    assert.equal(getEventListeners(controller.signal, 'abort').length, 1, 'one listener, however many requests');
    for (const answer of requests) await text(await answer);
    await text(await http.request(server.origin, get(), controller.signal));
    assert.equal(getEventListeners(controller.signal, 'abort').length, 1, 'one after the other, too');
    const reason = new FerryError('throttled');
    const waiting = http.request(server.origin, get('/wait'), controller.signal);
    controller.abort(reason);
    await assert.rejects(waiting, reason);
  });
});

function timedOut(error: unknown): boolean {
  return isFerryError(error, 'timeout') && /127\.0\.0\.1:\d+/.test(error.message);
}

/** Turns of the event loop until `condition` holds; the test's own time-out ends it otherwise. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

suite('time-outs count lack of progress', () => {
  const timeouts = { connect: 1000, read: 3000, write: 5000 };

  test('connecting', async () => {
    const { promise, arrived } = arrival();
    await using server = await rawServer(arrived);
    const clock = new ManualClock();
    await using http = client({ clock });
    const answer = http.request({ ...server.origin, secure: true, timeouts }, get());
    await promise;
    clock.advance(999);
    clock.advance(1);
    await assert.rejects(answer, timedOut);
  });

  test('waiting for an answer', async () => {
    const { promise, arrived } = arrival();
    await using server = await rawServer((socket) => socket.once('data', arrived));
    const clock = new ManualClock();
    await using http = client({ clock });
    const answer = http.request({ ...server.origin, timeouts }, get());
    await promise;
    clock.advance(2999);
    clock.advance(1);
    await assert.rejects(answer, timedOut);
  });

  test('inside of a body, but not while the reader takes its time', async () => {
    await using server = await scripted(
      () => `HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(200_000)}`,
    );
    const clock = new ManualClock();
    await using http = client({ clock });
    const { body } = await http.request({ ...server.origin, timeouts }, get());
    clock.advance(100_000);
    let got = 0;
    const reading = (async () => {
      for await (const chunk of body) got += chunk.length;
    })();
    await until(() => got === 200_000);
    clock.advance(3000);
    await assert.rejects(reading, timedOut);
  });

  test('sending, where the server does not read', async () => {
    await using server = await rawServer((socket) => void socket.pause());
    const clock = new ManualClock();
    await using http = client({ clock });
    const request = get('/', { method: 'PUT', body: Buffer.alloc(BIG) });
    const answer = http.request({ ...server.origin, timeouts }, request);
    await until(() => server.connections.length > 0);
    let done = false;
    const rejected = assert.rejects(answer, timedOut).then(() => (done = true));
    await until(() => {
      clock.advance(2500);
      return done;
    });
    await rejected;
  });

  test('a slow source of a request body is not the fault of the server', async () => {
    await using server = await scripted(() => OK);
    const clock = new ManualClock();
    await using http = client({ clock });
    const { promise, resolve } = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const body = streamOf(async function* () {
      yield Buffer.from('ab');
      asked.resolve();
      await promise;
      yield Buffer.from('cd');
    }, 4);
    const answer = http.request({ ...server.origin, timeouts }, get('/', { method: 'PUT', body }));
    await asked.promise;
    clock.advance(100_000);
    resolve();
    assert.equal(await text(await answer), 'ok');
  });

  test('idle connections go after their time, or a second before the server says', async () => {
    for (const [header, after] of [
      ['', 15_000],
      ['Keep-Alive: timeout=5\r\n', 4000],
      ['Keep-Alive: timeout=60\r\n', 15_000],
    ] as const) {
      await using server = await scripted(() => `HTTP/1.1 200 OK\r\n${header}Content-Length: 2\r\n\r\nok`);
      const clock = new ManualClock();
      await using http = client({ clock });
      await text(await http.request(server.origin, get()));
      clock.advance(after - 1);
      await text(await http.request(server.origin, get()));
      assert.equal(server.connections.length, 1);
      clock.advance(after);
      await text(await http.request(server.origin, get()));
      assert.equal(server.connections.length, 2);
    }
  });

  test('silence after Expect: 100-continue is a yes after a second', async () => {
    const { promise, arrived } = arrival();
    await using server = await rawServer((socket) => {
      socket.once('data', () => {
        arrived();
        socket.once('data', (body) =>
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${String(body)}`),
        );
      });
    });
    const clock = new ManualClock();
    await using http = client({ clock });
    const request = get('/', { method: 'PUT', body: Buffer.from('hello'), expectContinue: true });
    const answer = http.request(server.origin, request);
    await promise;
    clock.advance(1000);
    assert.equal(await text(await answer), 'hello');
  });
});

suite('early answers', () => {
  const busy = 'HTTP/1.1 503 Slow Down\r\nContent-Length: 4\r\n\r\nbusy';

  test('a refusal stops the body, is delivered, and the connection is not used again', async () => {
    await using server = await rawServer((socket, index) => {
      let got = 0;
      socket.on('data', (bytes) => {
        if (index > 0) return void socket.write(OK);
        if (got === 0) socket.write(busy);
        got += bytes.length;
        // Kept open and read: only the client can end this.
        assert.ok(got < BIG);
        return undefined;
      });
    });
    await using http = client();
    let stopped = false;
    const body = streamOf(async function* () {
      try {
        for (;;) {
          await new Promise((resolve) => setImmediate(resolve));
          yield Buffer.alloc(1000);
        }
      } finally {
        stopped = true;
      }
    }, BIG);
    const answer = await http.request(server.origin, get('/', { method: 'PUT', body }));
    assert.equal(answer.status, 503);
    assert.equal(await text(answer), 'busy');
    await until(() => stopped);
    assert.equal(await text(await http.request(server.origin, get())), 'ok');
    assert.equal(server.connections.length, 2);
  });

  test('a refusal instead of 100 Continue: the body is never opened', async () => {
    await using server = await scripted((_head, socket) => {
      socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
      return undefined;
    });
    await using http = client();
    const body: StreamBody = { size: 10, open: () => assert.fail('opened') };
    const answer = await http.request(server.origin, get('/', { method: 'PUT', body, expectContinue: true }));
    assert.deepEqual([answer.status, await text(answer)], [403, 'no']);
    await (await http.request(server.origin, get())).body.discard();
    assert.equal(server.connections.length, 2);
  });
});

/** Bytes that reach the server until the request has failed with `code`. */
async function bytesSeen(body: StreamBody, code: FerryError['code'] | Error): Promise<number> {
  let seen = 0;
  const ended = Promise.withResolvers<void>();
  await using server = await rawServer((socket) => {
    socket.on('data', (bytes) => (seen += bytes.length));
    socket.on('close', () => ended.resolve());
  });
  await using http = client();
  const answer = http.request(server.origin, get('/', { method: 'PUT', body }));
  await assert.rejects(answer, typeof code === 'string' ? (error) => isFerryError(error, code) : code);
  await ended.promise;
  return seen;
}

function headLength(size: number): number {
  return `PUT / HTTP/1.1\r\nHost: 127.0.0.1:00000\r\nContent-Length: ${size}\r\n\r\n`.length;
}

suite('bodies to send', () => {
  test('that are longer or shorter than they say are never sent whole', async () => {
    for (const size of [0, 99, 101, 200, 300_000 - 1]) {
      const piece = size > 1000 ? 300_000 : 100;
      const body = streamOf(async function* () {
        yield Buffer.alloc(piece);
      }, size);
      const seen = await bytesSeen(body, 'wrong-length');
      assert.ok(seen === 0 || seen < headLength(size) + size, `${seen} of ${size}`);
    }
  });

  test('that fail at their very end are never sent whole', async () => {
    const failure = new FerryError('wrong-checksum');
    for (const size of [10, 300_000]) {
      const body = streamOf(async function* () {
        yield Buffer.alloc(size);
        throw failure;
      }, size);
      const seen = await bytesSeen(body, failure);
      const head = headLength(size);
      assert.ok(seen === 0 || seen === head + size - 1, `${seen} of ${head + size}`);
    }
  });
});

suite('errors name the place', () => {
  test('refused, reset, no such name', async () => {
    await using http = client();
    const server = await rawServer(() => undefined);
    const { origin, port } = server;
    await server[Symbol.asyncDispose]();
    await assert.rejects(
      http.request(origin, get()),
      (error) =>
        isFerryError(error, 'network') && error.message.includes(`127.0.0.1:${port}`) && /refused/.test(error.message),
    );
    await assert.rejects(
      http.request({ ...origin, host: 'localhost' }, get()),
      (error) => isFerryError(error, 'network') && error.message.includes(`localhost:${port}`),
    );
    await assert.rejects(
      http.request({ ...origin, host: 'no-such-host.invalid' }, get()),
      (error) => isFerryError(error, 'dns') && error.message.includes('no-such-host.invalid'),
    );
    await using resetting = await scripted((_head, socket) => void socket.resetAndDestroy());
    await assert.rejects(
      http.request(resetting.origin, get()),
      (error) => isFerryError(error, 'network') && error.message.includes(`:${resetting.port}`),
    );
    await assert.rejects(http.request({ ...origin, host: 'a b' }, get()), (error) =>
      isFerryError(error, 'configuration'),
    );
  });
});

test('a closed client fails what is under way and takes no more', async () => {
  const { promise, arrived } = arrival();
  await using server = await rawServer((socket) => socket.once('data', arrived));
  const http = client({ maxConnections: 1 });
  const answers = [http.request(server.origin, get()), http.request(server.origin, get())];
  await promise;
  const closed = Promise.all(
    answers.map((answer) => assert.rejects(answer, (error) => isFerryError(error, 'interrupted'))),
  );
  await http[Symbol.asyncDispose]();
  await closed;
  await assert.rejects(http.request(server.origin, get()), (error) => isFerryError(error, 'interrupted'));
});
