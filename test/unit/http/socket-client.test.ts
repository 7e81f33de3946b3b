import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { suite, test } from 'node:test';
import type { StreamBody } from '../../../src/model/body.ts';
import { isFerryError } from '../../../src/model/errors.ts';
import type { HttpRequest } from '../../../src/wire/http/client.ts';
import { ManualClock, OK, type TestServer, client, gather, get, listen, rawServer, scripted, text } from './support.ts';

/** node:http that answers with what it got; `/bytes/N` with N bytes. */
function echo(): Promise<TestServer> {
  return listen(
    createServer((request, response) => {
      const size = /^\/bytes\/(\d+)/.exec(request.url ?? '')?.[1];
      if (size !== undefined) {
        response.setHeader('content-length', size);
        response.end(pattern(Number(size)));
        return;
      }
      response.setHeader('x-method', request.method ?? '');
      response.setHeader('x-headers', JSON.stringify(request.rawHeaders));
      if (request.url === '/known') response.setHeader('content-length', request.headers['content-length'] ?? 0);
      request.pipe(response);
    }),
  );
}

function pattern(size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  for (let at = 0; at < size; at++) bytes[at] = (at * 31 + (at >> 8)) & 255;
  return bytes;
}

/** A stream that reuses its buffer, as the contract allows. */
function reusing(bytes: Buffer, piece: number): StreamBody {
  return {
    size: bytes.length,
    async *open() {
      const buffer = Buffer.alloc(piece);
      for (let at = 0; at < bytes.length; at += piece) {
        const length = bytes.copy(buffer, 0, at, at + piece);
        yield buffer.subarray(0, length);
        buffer.fill(0);
      }
    },
  };
}

suite('round trips with node:http', () => {
  const sizes = [0, 1, 4096, 65_536, 131_072, 131_073, 3_000_000];

  test('answers of all sizes, by bytes and by chunks', async () => {
    await using server = await echo();
    await using http = client({ readBuffer: 100_000 });
    for (const size of sizes) {
      const whole = await http.request(server.origin, get(`/bytes/${size}`));
      assert.equal(whole.body.length, size);
      assert.ok(pattern(size).equals(await whole.body.bytes(size)), `bytes of ${size}`);
      const chunks = await http.request(server.origin, get(`/bytes/${size}`));
      assert.ok(pattern(size).equals(await gather(chunks.body)), `chunks of ${size}`);
    }
    assert.equal(server.connections.length, 1, 'one connection serves them all');
  });

  test('requests of all sizes, from memory and from streams, echoed with and without a length', async () => {
    await using server = await echo();
    await using http = client();
    for (const size of sizes)
      for (const target of ['/known', '/chunked'])
        for (const body of [pattern(size), reusing(pattern(size), 50_000), reusing(pattern(size), 1_000_000)]) {
          const answer = await http.request(server.origin, { method: 'PUT', target, headers: ['X-A', 'b'], body });
          assert.ok(pattern(size).equals(await gather(answer.body)), `${target} ${size}`);
          const sent: unknown = JSON.parse(answer.headers.get('x-headers') ?? '');
          assert.deepEqual(sent, ['Host', `127.0.0.1:${server.port}`, 'X-A', 'b', 'Content-Length', String(size)]);
        }
  });

  test('a body may be piped from one request into another', async () => {
    await using server = await echo();
    await using http = client();
    const size = 2_500_000;
    const body: StreamBody = {
      size,
      async *open() {
        yield* (await http.request(server.origin, get(`/bytes/${size}`))).body;
      },
    };
    const answer = await http.request(server.origin, { method: 'PUT', target: '/known', headers: [], body });
    assert.ok(pattern(size).equals(await answer.body.bytes(size)));
  });

  test('Expect: 100-continue sends the body when told to', async () => {
    await using server = await echo();
    await using http = client();
    for (const body of [pattern(3000), pattern(300_000), reusing(pattern(300_000), 7000)]) {
      const request = { method: 'PUT', target: '/known', headers: [], body, expectContinue: true };
      const answer = await http.request(server.origin, request);
      assert.ok(pattern(answer.body.length!).equals(await answer.body.bytes(300_000)));
    }
    assert.equal(server.connections.length, 1);
  });

  test('a body follows its head, also where the wait for the word to go on is over before the head went out', async () => {
    await using server = await echo();
    const clock = new ManualClock();
    await using http = client({ clock });
    for (const body of [pattern(3000), pattern(300_000)]) {
      const first = await http.request(server.origin, get('/bytes/1'));
      await first.body.discard();
      const answering = http.request(server.origin, {
        method: 'PUT',
        target: '/known',
        headers: [],
        body,
        expectContinue: true,
      });
      // The process stood still in the turn in which the request was made.
      clock.advance(1500);
      const answer = await answering;
      assert.ok(body.equals(await answer.body.bytes(300_000)));
    }
    assert.equal(server.connections.length, 1);
  });

  test('many at once share no more than the connections allowed, first come first served', async () => {
    await using server = await echo();
    await using http = client({ maxConnections: 4 });
    const order: number[] = [];
    const one = async (n: number): Promise<void> => {
      const answer = await http.request(server.origin, get(`/bytes/${n}`));
      assert.equal((await answer.body.bytes(1000)).length, n);
      order.push(n);
    };
    await Promise.all(Array.from({ length: 100 }, (_, n) => one(n)));
    assert.equal(server.connections.length, 4);
    assert.equal(order.length, 100);
    assert.ok(order.indexOf(0) < order.indexOf(50) && order.indexOf(50) < order.indexOf(99));
  });
});

async function headOf(request: Partial<HttpRequest>, host?: string): Promise<string> {
  let seen = '';
  await using server = await rawServer((socket) => {
    socket.on('data', (bytes) => {
      seen += bytes.toString('latin1');
      socket.write(OK);
    });
  }, host);
  await using http = client();
  const answer = await http.request(server.origin, get('/a%20b?c', request));
  await answer.body.discard();
  return seen.replaceAll(String(server.port), 'PORT');
}

suite('what goes on the wire', () => {
  test('exactly the head asked for, Host and Content-Length', async () => {
    assert.equal(await headOf({}), 'GET /a%20b?c HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n');
    assert.equal(
      await headOf({ method: 'POST' }),
      'POST /a%20b?c HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nContent-Length: 0\r\n\r\n',
    );
    assert.equal(
      await headOf({
        method: 'PUT',
        headers: ['host', 'x', 'X-Ä'.slice(0, 2) + 'A', 'Ã¤', 'Content-Length', '9'],
        body: Buffer.from('abc'),
      }),
      'PUT /a%20b?c HTTP/1.1\r\nhost: x\r\nX-A: Ã¤\r\nContent-Length: 3\r\n\r\nabc',
    );
  });

  test('IPv6 hosts have brackets', async () => {
    assert.match(await headOf({}, '::1'), /^GET .*\r\nHost: \[::1\]:PORT\r\n\r\n$/);
  });

  test('what would be read as another line is refused', async () => {
    await using http = client();
    const origin = { secure: false, host: '127.0.0.1', port: 9 };
    for (const bad of [
      { headers: ['X', 'a\r\nY: b'] },
      { headers: ['X', 'a\0'] },
      { headers: ['X', '\u{1F600}'] },
      { headers: ['X Y', 'a'] },
      { headers: ['X\n', 'a'] },
      { headers: ['Transfer-Encoding', 'chunked'] },
      { target: '/a b' },
      { target: '/a\r\nX: y' },
      { method: 'GET /\r\n' },
    ])
      await assert.rejects(http.request(origin, get('/', bad)), (error) => isFerryError(error, 'unsupported'));
  });
});

/** Connections that three requests take. */
async function count(answer: string): Promise<number> {
  await using server = await scripted(() => answer);
  await using http = client();
  for (let n = 0; n < 3; n++) assert.equal(await text(await http.request(server.origin, get())), 'ok');
  return server.connections.length;
}

suite('connections', () => {
  test('are kept, unless the server says close or speaks HTTP/1.0', async () => {
    assert.equal(await count(OK), 1);
    assert.equal(await count('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'), 3);
    assert.equal(await count('HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'), 3);
    assert.equal(await count('HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok'), 1);
  });

  test('a body without length ends with the connection', async () => {
    for (const size of [0, 10, 1_000_000]) {
      await using server = await scripted((_head, socket) => {
        socket.end(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(size)}`);
        return undefined;
      });
      await using http = client();
      const whole = await http.request(server.origin, get());
      assert.equal(whole.body.length, undefined);
      assert.equal((await whole.body.bytes(size)).length, size);
      assert.equal((await gather((await http.request(server.origin, get())).body)).length, size);
    }
  });

  test('200 requests run while the server closes idle connections', async () => {
    await using server = await scripted((_head, socket, nth) => {
      if (nth % 3 === 2) setImmediate(() => socket.destroy());
      return OK;
    });
    await using http = client({ maxConnections: 5 });
    const worker = async (): Promise<void> => {
      for (let n = 0; n < 40; n++) {
        assert.equal(await text(await http.request(server.origin, get('/', { method: n % 2 ? 'GET' : 'POST' }))), 'ok');
        if (n % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await Promise.all(Array.from({ length: 5 }, worker));
  });

  test('a request on a connection that was dead is sent again once, with its body from the start', async () => {
    const bodies: string[] = [];
    await using server = await rawServer((socket, index) => {
      let requests = 0;
      socket.on('data', (bytes) => {
        // The first connection takes a second request and dies without a word.
        if (index === 0 && requests++ === 1) return socket.resetAndDestroy();
        bodies.push(bytes.toString('latin1').split('\r\n\r\n')[1]!);
        return socket.write(OK);
      });
    });
    await using http = client();
    await text(await http.request(server.origin, get()));
    let opened = 0;
    const body: StreamBody = {
      size: 5,
      async *open() {
        opened++;
        yield Buffer.from('hello');
      },
    };
    const answer = await http.request(server.origin, { method: 'PUT', target: '/', headers: [], body });
    assert.equal(await text(answer), 'ok');
    assert.deepEqual([opened, bodies], [2, ['', 'hello']]);
  });

  test('one that is to be sent once is not sent again', async () => {
    let requests = 0;
    await using server = await scripted((_head, socket) => {
      if (++requests === 1) return OK;
      socket.resetAndDestroy();
      return undefined;
    });
    await using http = client();
    await text(await http.request(server.origin, get()));
    const once = http.request(server.origin, get('/', { method: 'POST', once: true }));
    await assert.rejects(once, (error) => isFerryError(error, 'network'));
    assert.equal(requests, 2);
  });

  test('a request that fails on a new connection, or after a byte of an answer, is not', async () => {
    let requests = 0;
    await using fresh = await scripted((_head, socket) => {
      requests++;
      socket.destroy();
      return undefined;
    });
    await using http = client();
    await assert.rejects(http.request(fresh.origin, get()), (error) => isFerryError(error, 'network'));
    assert.equal(requests, 1);
    await using partial = await scripted((_head, socket, nth) => {
      requests++;
      if (nth === 1) socket.end('HTTP/1.1 2');
      return nth === 1 ? undefined : OK;
    });
    requests = 0;
    await text(await http.request(partial.origin, get()));
    await assert.rejects(http.request(partial.origin, get()), (error) => isFerryError(error, 'network'));
    assert.equal(requests, 2);
  });

  test('bytes nobody asked for are never part of the next answer', async () => {
    const stray = '0\r\n\r\n';
    const evil = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil';
    for (const [method, answer] of [
      ['HEAD', `HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n${stray}`],
      ['HEAD', `HTTP/1.1 404 Not Found\r\nContent-Length: 200\r\n\r\n${stray}`],
      ['GET', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n${evil}`],
      ['GET', `HTTP/1.1 204 No Content\r\n\r\n${evil}`],
    ] as const) {
      await using server = await rawServer((socket, index) => {
        socket.on('data', () => socket.write(index === 0 ? answer : OK));
      });
      await using http = client();
      await (await http.request(server.origin, get('/', { method }))).body.discard();
      assert.equal(await text(await http.request(server.origin, get())), 'ok', JSON.stringify(answer));
      assert.equal(server.connections.length, 2);
    }
  });

  test('an address that is given is dialled, and the host is still who is asked for', async () => {
    let asked = '';
    await using server = await scripted((head) => {
      asked = head;
      return OK;
    });
    await using http = client();
    const origin = { ...server.origin, host: 'nowhere.invalid', address: server.origin.host };
    assert.equal(await text(await http.request(origin, get())), 'ok');
    assert.match(asked, new RegExp(`Host: nowhere.invalid:${server.port}`));
  });

  test('an answer that goes on after its Content-Length is not taken for what that cuts off', async () => {
    const lie = `${OK}ay, and more`;
    await using server = await rawServer((socket, index) => {
      socket.on('data', () => socket.write(index === 0 ? lie : `${OK}\r\n`));
    });
    await using http = client();
    const body = http.request(server.origin, get()).then((response) => response.body.bytes(100));
    await assert.rejects(body, { code: 'bad-response' });
    assert.equal(await text(await http.request(server.origin, get())), 'ok');
  });

  test('a stray end of chunks after HEAD may come late', async () => {
    await using server = await scripted((head, socket) => {
      if (!head.startsWith('HEAD')) return OK;
      setImmediate(() => socket.write('0\r\n\r\n'));
      return 'HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n';
    });
    await using http = client();
    for (let n = 0; n < 5; n++) {
      const head = await http.request(server.origin, get('/', { method: 'HEAD' }));
      assert.equal(head.status, 404);
      await head.body.discard();
      assert.equal(await text(await http.request(server.origin, get())), 'ok');
    }
  });

  test('interim answers are passed over, but not without end', async () => {
    await using server = await scripted((head) =>
      head.startsWith('GET /few')
        ? `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${OK}`
        : 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(20),
    );
    await using http = client();
    assert.equal(await text(await http.request(server.origin, get('/few'))), 'ok');
    await assert.rejects(http.request(server.origin, get('/many')), (error) => isFerryError(error, 'bad-response'));
  });
});

suite('bodies', () => {
  test('past the limit of bytes reject with too-large and cut the connection', async () => {
    for (const answer of [
      'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n01234567890',
      'HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n01234567890',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n',
      'HTTP/1.1 200 OK\r\n\r\n01234567890',
    ]) {
      await using server = await scripted(() => answer);
      await using http = client();
      const { body } = await http.request(server.origin, get());
      await assert.rejects(body.bytes(10), (error) => isFerryError(error, 'too-large'));
    }
  });

  test('a short rest is discarded and the connection kept, a long one is cut', async () => {
    const big = `HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n${'x'.repeat(10_000_000)}`;
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
    const coded = `${chunked}1000\r\n${'x'.repeat(4096)}\r\n0\r\n\r\n`;
    const endless = `${chunked}${`1000\r\n${'x'.repeat(4096)}\r\n`.repeat(1000)}`;
    await using server = await scripted((head) => {
      if (head.startsWith('GET /big')) return big;
      return head.startsWith('GET /coded') ? coded : head.startsWith('GET /endless') ? endless : OK;
    });
    await using http = client();
    for (const [target, connections] of [
      ['/', 1],
      ['/coded', 1],
      ['/big', 1],
      ['/', 2],
      ['/endless', 2],
      ['/', 3],
    ] as const) {
      await (await http.request(server.origin, get(target))).body.discard();
      assert.equal(server.connections.length, connections, target);
    }
  });

  test('leaving a loop early cuts the connection, and the next request gets a new one', async () => {
    await using server = await scripted((head) =>
      head.startsWith('GET /big') ? `HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(1_000_000)}` : OK,
    );
    await using http = client();
    for await (const chunk of (await http.request(server.origin, get('/big'))).body) {
      assert.ok(chunk.length > 0);
      break;
    }
    assert.equal(await text(await http.request(server.origin, get())), 'ok');
    assert.equal(server.connections.length, 2);
  });

  test('that end early throw short-read', async () => {
    for (const answer of [
      'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc',
      'HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nabc',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n',
    ]) {
      await using server = await scripted((_head, socket) => {
        socket.end(answer);
        return undefined;
      });
      await using http = client();
      const whole = await http.request(server.origin, get());
      await assert.rejects(whole.body.bytes(1_000_000), (error) => isFerryError(error, 'short-read'), answer);
      const chunks = await http.request(server.origin, get());
      await assert.rejects(gather(chunks.body), (error) => isFerryError(error, 'short-read'), answer);
    }
  });

  test('chunked, split at every byte', async () => {
    const answer = Buffer.from(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nT: x\r\n\r\n',
    );
    await using server = await scripted((head, socket) => {
      const cut = Number(/\/(\d+)/.exec(head)?.[1]);
      socket.write(answer.subarray(0, cut));
      setImmediate(() => socket.write(answer.subarray(cut)));
      return undefined;
    });
    await using http = client();
    await Promise.all(
      Array.from({ length: answer.length }, async (_, cut) => {
        const { body } = await http.request(server.origin, get(`/${cut}`));
        assert.equal((cut % 2 ? await body.bytes(100) : await gather(body)).toString(), 'hello world');
      }),
    );
  });
});
