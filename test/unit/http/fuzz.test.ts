import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, suite, test } from 'node:test';
import fc from 'fast-check';
import { isFerryError } from '../../../src/model/errors.ts';
import type { SocketHttpClient } from '../../../src/wire/http/socket-client.ts';
import { type TestServer, client, gather, get, rawServer } from './support.ts';

/** What the server answers next: pieces, each written on its own; then it hangs up where `close`. */
interface Script {
  readonly pieces: readonly Buffer[];
  readonly close: boolean;
}

suite('any answer, whole and through the socket', () => {
  let script: Script = { pieces: [], close: true };
  let server: TestServer;
  let http: SocketHttpClient;

  before(async () => {
    server = await rawServer((socket) => socket.on('data', () => void play(socket, script)));
    http = client({ readBuffer: 65_536 });
  });
  after(async () => {
    await http[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const body = fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes));
  const framing = fc.constantFrom('length', 'chunked', 'close');
  const cuts = fc.array(fc.nat(4000), { maxLength: 5 });

  test('a valid answer in any pieces gives its body', async () => {
    await fc.assert(
      fc.asyncProperty(body, framing, cuts, fc.boolean(), async (bytes, kind, at, whole) => {
        script = { pieces: cut(encode(bytes, kind), at), close: kind === 'close' };
        const response = await http.request(server.origin, get());
        const got = whole ? await response.body.bytes(3000) : await gather(response.body);
        assert.deepEqual(got, bytes);
      }),
      { numRuns: 150 },
    );
  });

  test('a damaged one gives an error or a body no longer than declared; it never hangs', async () => {
    const damage = fc.array(fc.tuple(fc.nat(4000), fc.constantFrom(0, 10, 13, 32, 48, 57, 58, 65, 102, 255)), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(body, framing, cuts, damage, fc.boolean(), async (bytes, kind, at, changes, whole) => {
        const answer = encode(bytes, kind);
        for (const [where, byte] of changes) answer[where % answer.length] = byte;
        script = { pieces: cut(answer, at), close: true };
        try {
          const response = await http.request(server.origin, get());
          const got = whole ? await response.body.bytes(10_000) : await gather(response.body);
          assert.ok(got.length <= (response.body.length ?? answer.length));
          if (response.body.length !== undefined) assert.equal(got.length, response.body.length);
        } catch (error) {
          assert.ok(isFerryError(error), String(error));
          assert.ok(['bad-response', 'short-read', 'network', 'too-large'].includes(error.code), error.code);
        }
      }),
      { numRuns: 250 },
    );
  });
});

async function play(socket: Socket, { pieces, close }: Script): Promise<void> {
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (close) socket.end();
}

function encode(bytes: Uint8Array, kind: string): Buffer {
  const fields = 'HTTP/1.1 200 OK\r\nETag: "x"\r\nx-amz-meta-name: \xc3\xa4\r\n';
  if (kind === 'length')
    return Buffer.concat([Buffer.from(`${fields}Content-Length: ${bytes.length}\r\n\r\n`, 'latin1'), bytes]);
  if (kind === 'close') return Buffer.concat([Buffer.from(`${fields}\r\n`, 'latin1'), bytes]);
  const parts: Uint8Array[] = [Buffer.from(`${fields}Transfer-Encoding: chunked\r\n\r\n`, 'latin1')];
  for (let at = 0; at < bytes.length; at += 700) {
    const chunk = bytes.subarray(at, at + 700);
    parts.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const cuts = [0, ...at.map((where) => where % bytes.length).sort((a, b) => a - b), bytes.length];
  return cuts.slice(1).map((end, n) => bytes.subarray(cuts[n], end));
}
