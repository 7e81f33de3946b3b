import assert from 'node:assert/strict';
import { createServer as createPlainServer } from 'node:http';
import { createServer } from 'node:https';
import { suite, test } from 'node:test';
import { type TlsOptions as ServerOptions, TLSSocket } from 'node:tls';
import { type FerryError, isFerryError } from '../../../src/model/errors.ts';
import type { Origin, TlsOptions } from '../../../src/wire/http/client.ts';
import { type Identity, certificate } from './certificates.ts';
import { type TestServer, client, gather, get, listen, text } from './support.ts';

const authority = certificate('Test authority', { authority: true });
const good = certificate('localhost', { issuer: authority, names: ['localhost', '127.0.0.1', '::1'] });

function secureServer(identity: Identity, options: ServerOptions = {}, host = '127.0.0.1'): Promise<TestServer> {
  const server = createServer({ cert: identity.cert, key: identity.key, ...options }, (request, response) => {
    const { socket } = request;
    const size = Number(/\d+/.exec(request.url ?? '')?.[0] ?? 0);
    response.setHeader('content-length', size);
    if (socket instanceof TLSSocket) {
      response.setHeader('x-servername', String(socket.servername));
      response.setHeader('x-reused', String(socket.isSessionReused()));
    }
    response.end(Buffer.alloc(size, 'x'));
  });
  server.on('tlsClientError', () => undefined);
  return listen(server, true, host);
}

function trusting(origin: Origin, tls: TlsOptions = {}): Origin {
  return { ...origin, tls: { ca: authority.cert, ...tls } };
}

async function failure(origin: Origin): Promise<FerryError> {
  await using http = client();
  let failed: unknown;
  await http.request(origin, get()).catch((error: unknown) => (failed = error));
  assert.ok(isFerryError(failed, 'tls'), String(failed));
  assert.match(failed.message, new RegExp(`${origin.host}:${origin.port}`));
  return failed;
}

suite('TLS', () => {
  test('round trips with an authority of our own, by name and by address', async () => {
    await using server = await secureServer(good);
    await using http = client();
    for (const host of ['localhost', '127.0.0.1']) {
      const origin = trusting({ ...server.origin, host });
      for (const size of [0, 4096, 100_000, 3_000_000]) {
        const whole = await http.request(origin, get(`/${size}`));
        assert.equal(whole.headers.get('x-servername'), host === 'localhost' ? 'localhost' : 'false');
        assert.equal((await whole.body.bytes(size)).length, size);
        assert.equal((await gather((await http.request(origin, get(`/${size}`))).body)).length, size);
      }
      const body = Buffer.alloc(2_000_000);
      await (await http.request(origin, { method: 'PUT', target: '/', headers: [], body })).body.discard();
    }
    assert.equal(server.connections.length, 2);
  });

  test('a reader slower than the server gets everything, and the connection goes on', async () => {
    // Records already decrypted arrive after reading was stopped; the reader may have made room meanwhile.
    await using server = await secureServer(good);
    await using http = client();
    for (const turns of [0, 1, 3]) {
      let got = 0;
      for await (const chunk of (await http.request(trusting(server.origin), get('/5000000'))).body) {
        got += chunk.length;
        for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      }
      assert.equal(got, 5_000_000);
    }
    assert.equal(server.connections.length, 1);
  });

  test('IPv6', async () => {
    await using server = await secureServer(good, {}, '::1');
    await using http = client();
    assert.equal(await text(await http.request(trusting(server.origin), get('/2'))), 'xx');
  });

  test('sessions are resumed', async () => {
    await using server = await secureServer(good);
    await using http = client();
    const origin = trusting(server.origin);
    const reused: (string | undefined)[] = [];
    for (let n = 0; n < 3; n++) {
      const pair = [http.request(origin, get('/2')), http.request(origin, get('/2'))];
      for (const answer of await Promise.all(pair)) {
        reused.push(answer.headers.get('x-reused'));
        await answer.body.discard();
      }
      if (n === 0) server.connections[0]!.destroy();
    }
    assert.equal(server.connections.length, 3);
    assert.ok(reused.includes('true'));
  });

  test('an intermediate authority in `ca` is enough', async () => {
    const middle = certificate('Middle', { authority: true, issuer: authority });
    const leaf = certificate('localhost', { issuer: middle, names: ['127.0.0.1'] });
    await using server = await secureServer(leaf);
    await using http = client();
    await text(await http.request({ ...server.origin, tls: { ca: middle.cert } }, get()));
  });

  test('client certificates', async () => {
    const me = certificate('me', { issuer: authority });
    await using server = await secureServer(good, { requestCert: true, rejectUnauthorized: true, ca: authority.cert });
    await using http = client();
    const { cert, key } = me;
    assert.equal(await text(await http.request(trusting(server.origin, { cert, key }), get('/2'))), 'xx');
    const broken = http.request(trusting(server.origin, { cert: 'x', key }), get());
    await assert.rejects(broken, (error) => isFerryError(error, 'configuration'));
  });

  test('`insecure` accepts anything', async () => {
    await using server = await secureServer(certificate('nobody', { until: new Date(0), from: new Date(0) }));
    await using http = client();
    assert.equal(await text(await http.request({ ...server.origin, tls: { insecure: true } }, get('/2'))), 'xx');
  });
});

suite('TLS failures say what is wrong', () => {
  const cases: readonly [string, Identity, boolean, RegExp][] = [
    ['an authority nobody knows', good, false, /authority that is not known|not trusted/],
    ['self-signed', certificate('localhost', { names: ['127.0.0.1'] }), true, /self-signed/],
    [
      'another name',
      certificate('x', { issuer: authority, names: ['example.org'] }),
      true,
      /another name.*DNS:example\.org/,
    ],
    [
      'expired',
      certificate('x', { issuer: authority, names: ['127.0.0.1'], from: new Date(0), until: new Date(1e12) }),
      true,
      /has expired/,
    ],
    [
      'not valid yet',
      certificate('x', { issuer: authority, names: ['127.0.0.1'], from: new Date(4e12), until: new Date(5e12) }),
      true,
      /not valid yet/,
    ],
  ];
  for (const [name, identity, trusted, message] of cases) {
    test(name, async () => {
      await using server = await secureServer(identity);
      const error = await failure(trusted ? trusting(server.origin) : server.origin);
      assert.match(error.message, message);
    });
  }

  test('a port that does not speak TLS', async () => {
    await using server = await listen(createPlainServer());
    assert.match((await failure({ ...server.origin, secure: true })).message, /does not speak TLS/);
  });

  test('a client certificate that is missing', async () => {
    await using server = await secureServer(good, { requestCert: true, rejectUnauthorized: true, ca: authority.cert });
    assert.match((await failure(trusting(server.origin))).message, /wants a client certificate/);
  });
});
