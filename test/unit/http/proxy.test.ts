import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import { type Socket, connect } from 'node:net';
import { suite, test } from 'node:test';
import { isFerryError } from '../../../src/model/errors.ts';
import { certificate } from './certificates.ts';
import { OK, type TestServer, client, gather, get, listen, rawServer, scripted } from './support.ts';

const self = certificate('localhost', { names: ['127.0.0.1', 'localhost'] });
const tls = { ca: self.cert };

function secureServer(): Promise<TestServer> {
  return listen(
    createServer({ cert: self.cert, key: self.key }, (request, response) => {
      const size = Number(/\d+/.exec(request.url ?? '')?.[0] ?? 0);
      response.setHeader('content-length', size);
      request.resume().on('end', () => response.end(Buffer.alloc(size, 'x')));
    }),
    true,
  );
}

/** Answers the first head with `answer`; where that is a success it then carries bytes to `port`. */
function tunnelling(port: number, heads: string[], answer = 'HTTP/1.1 200 OK\r\n\r\n'): Promise<TestServer> {
  return rawServer((socket: Socket) => {
    socket.once('data', (bytes) => {
      heads.push(bytes.toString('latin1'));
      socket.write(answer);
      if (!answer.includes(' 200 ')) return;
      const onward = connect({ host: '127.0.0.1', port });
      onward.on('error', () => socket.destroy());
      socket.on('close', () => onward.destroy());
      socket.pipe(onward).pipe(socket);
    });
  });
}

suite('proxies', () => {
  test('https goes through CONNECT, with user and password, and keeps its connection', async () => {
    await using server = await secureServer();
    const heads: string[] = [];
    await using proxy = await tunnelling(server.port, heads);
    await using http = client();
    const origin = { ...server.origin, tls, proxy: `http://us%20er:p%40ss@127.0.0.1:${proxy.port}` };
    for (const size of [0, 4096, 3_000_000]) {
      assert.equal((await gather((await http.request(origin, get(`/${size}`))).body)).length, size);
      assert.equal((await (await http.request(origin, get(`/${size}`))).body.bytes(size)).length, size);
    }
    const body = Buffer.alloc(1_000_000);
    await (await http.request(origin, { method: 'PUT', target: '/', headers: [], body })).body.discard();
    const place = `127.0.0.1:${server.port}`;
    const secret = Buffer.from('us er:p@ss').toString('base64');
    assert.deepEqual(heads, [
      `CONNECT ${place} HTTP/1.1\r\nHost: ${place}\r\nProxy-Authorization: Basic ${secret}\r\n\r\n`,
    ]);
  });

  test('http goes in the absolute form', async () => {
    const heads: string[] = [];
    await using proxy = await scripted((head) => {
      heads.push(head);
      return OK;
    });
    await using http = client();
    const origin = { secure: false, host: 'bucket.example', port: 80, proxy: `http://u:p@127.0.0.1:${proxy.port}` };
    await (await http.request(origin, get('/a?b'))).body.discard();
    await (await http.request(origin, get('/a?b'))).body.discard();
    const head = `GET http://bucket.example/a?b HTTP/1.1\r\nHost: bucket.example\r\nProxy-Authorization: Basic ${btoa('u:p')}`;
    assert.deepEqual(heads, [head, head]);
    assert.equal(proxy.connections.length, 1);
  });

  test('refusals are `proxy` errors that name it, without its password', async () => {
    const secret = 'hunter2';
    for (const [answer, message] of [
      ['HTTP/1.1 407 Proxy Authentication Required\r\n\r\n', /does not accept/],
      ['HTTP/1.1 403 Forbidden\r\n\r\n', /status 403/],
      ['SSH-2.0-x\r\n', /does not speak HTTP/],
      ['HTTP/1.1 200 OK\r\n\r\nextra', /before anybody asked/],
    ] as const) {
      await using proxy = await tunnelling(9, [], answer);
      await using http = client();
      const origin = { secure: true, host: 'h', port: 443, proxy: `http://me:${secret}@127.0.0.1:${proxy.port}` };
      await assert.rejects(http.request(origin, get()), (error) => {
        assert.ok(isFerryError(error, 'proxy'), String(error));
        assert.match(error.message, message);
        assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${proxy.port}`));
        assert.ok(!JSON.stringify(error).includes(secret) && !String(error.stack).includes(secret));
        return true;
      });
    }
  });

  test('that are down or nonsense', async () => {
    const proxy = await rawServer((socket) => void socket.end());
    await using http = client();
    const via = (secure: boolean) => ({ secure, host: 'h', port: 1, proxy: `http://127.0.0.1:${proxy.port}` });
    await assert.rejects(
      http.request(via(true), get()),
      (error) => isFerryError(error, 'proxy') && /hung up/.test(error.message),
    );
    await proxy[Symbol.asyncDispose]();
    for (const secure of [true, false])
      await assert.rejects(
        http.request(via(secure), get()),
        (error) => isFerryError(error, 'proxy') && /refused/.test(error.message),
      );
    for (const text of ['socks5://a:1', 'nonsense', 'http://'])
      await assert.rejects(http.request({ ...via(true), proxy: text }, get()), (error) =>
        isFerryError(error, 'configuration'),
      );
  });

  test('an abort while the tunnel is made', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    await using proxy = await rawServer((socket) => void socket.once('data', () => resolve()));
    await using http = client();
    const controller = new AbortController();
    const origin = { secure: true, host: 'h', port: 1, proxy: `http://127.0.0.1:${proxy.port}` };
    const answer = http.request(origin, get(), controller.signal);
    await promise;
    controller.abort();
    await assert.rejects(answer, (error) => isFerryError(error, 'interrupted'));
  });
});
