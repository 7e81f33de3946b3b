// What any bytes come to: however they are cut, and whatever was altered in them.
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { MiB } from '../../../src/model/units.ts';
import { listen } from '../../../src/wire/http/server/listen.ts';
import type { HttpServer } from '../../../src/wire/http/server/server.ts';

/** A request as whoever served it saw it. */
interface Seen {
  readonly method: string;
  readonly target: string;
  /** Hash of the body. */
  readonly body: string;
}

/** How much of the body its handler reads before it answers. */
type Reading = 'whole' | 'stream' | 'nothing';

interface Request {
  readonly target: string;
  readonly body: Buffer;
  readonly framing: 'length' | 'chunked' | 'none';
  readonly reading: Reading;
}

/** For bytes that may end in the middle of a request: milliseconds after which the server waits no longer. */
const SHORT = 40;
/** For whole requests: however busy the machine is, nobody is cut off. */
const LONG = 30_000;

/** Two servers side by side: ours, and Node's as somebody else's reading of the same bytes. */
class Both implements AsyncDisposable {
  readonly ours: HttpServer;
  readonly theirs: Server;
  readonly #seen: Map<'ours' | 'theirs', Seen[]>;

  private constructor(ours: HttpServer, theirs: Server, seen: Map<'ours' | 'theirs', Seen[]>) {
    this.ours = ours;
    this.theirs = theirs;
    this.#seen = seen;
  }

  static async start(patience: number): Promise<Both> {
    const seen = new Map<'ours' | 'theirs', Seen[]>([
      ['ours', []],
      ['theirs', []],
    ]);
    const timeouts = { idle: patience, head: patience, progress: patience };
    const ours = await listen(
      async ({ method, target, headers, body }) => {
        const pieces: Buffer[] = [];
        if (headers.get('x-read') === 'stream') for await (const piece of body) pieces.push(Buffer.from(piece));
        else if (headers.get('x-read') !== 'nothing') pieces.push(await body.bytes(MiB));
        seen.get('ours')!.push({ method, target, body: hash('md5', Buffer.concat(pieces)) });
        return { status: 200, headers: ['x-target', target], body: Buffer.from(`<${target}>`) };
      },
      { timeouts },
    );
    const theirs = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('error', () => undefined);
      request.on('end', () => {
        const { method = '', url = '' } = request;
        seen.get('theirs')!.push({ method, target: url, body: hash('md5', Buffer.concat(pieces)) });
        response.end();
      });
    });
    theirs.on('clientError', (_error, socket) => socket.destroy());
    theirs.listen(0, '127.0.0.1');
    await once(theirs, 'listening');
    return new Both(ours, theirs, seen);
  }

  /** What is seen of the bytes, and what our server says to them. */
  async ask(pieces: readonly Buffer[]): Promise<{ ours: Seen[]; said: string }> {
    this.#seen.set('ours', []);
    const said = await speak(this.ours.port, pieces);
    return { ours: this.#seen.get('ours')!, said };
  }

  async askOther(pieces: readonly Buffer[]): Promise<Seen[]> {
    this.#seen.set('theirs', []);
    const address = this.theirs.address();
    await speak(typeof address === 'object' ? address!.port : 0, pieces, true);
    return this.#seen.get('theirs')!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ours.drain(0);
    this.theirs.closeAllConnections();
    this.theirs.close();
  }
}

/** Everything a server says until it closes. Where `end` the client says that nothing follows. */
async function speak(port: number, pieces: readonly Buffer[], end = false): Promise<string> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  let said = '';
  socket.on('data', (bytes: Buffer) => (said += bytes.toString('latin1')));
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.on('close', resolve));
  for (const piece of pieces) {
    socket.write(piece);
    if (pieces.length > 1) await new Promise((resolve) => setImmediate(resolve));
  }
  if (end) socket.end();
  await closed;
  return said;
}

function encode({ target, body, framing, reading }: Request, last: boolean): Buffer {
  const head = (more: string): Buffer =>
    Buffer.from(
      `${framing === 'none' ? 'GET' : 'PUT'} ${target} HTTP/1.1\r\nHost: h\r\nx-read: ${reading}\r\n${more}${last ? 'Connection: close\r\n' : ''}\r\n`,
    );
  if (framing === 'none') return head('');
  if (framing === 'length') return Buffer.concat([head(`Content-Length: ${body.length}\r\n`), body]);
  const pieces: Buffer[] = [head('Transfer-Encoding: chunked\r\n')];
  for (let at = 0; at < body.length; at += 999) {
    const chunk = body.subarray(at, at + 999);
    pieces.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'));
  }
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')]);
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const cuts = [0, ...at.map((where) => where % bytes.length).sort((a, b) => a - b), bytes.length];
  return cuts.slice(1).map((end, n) => bytes.subarray(cuts[n], end));
}

const request: fc.Arbitrary<Request> = fc
  .record({
    target: fc.stringMatching(/^\/[a-z0-9%]{0,20}$/),
    body: fc
      .tuple(fc.constantFrom(0, 1, 100, 5000, 70_000), fc.nat(255))
      .map(([size, fill]) => Buffer.alloc(size, fill)),
    framing: fc.constantFrom('length', 'chunked', 'none'),
    reading: fc.constantFrom('whole', 'stream', 'nothing'),
  })
  // A long body nobody reads, or one of unknown length, ends the connection.
  .filter(({ body, framing, reading }) => reading !== 'nothing' || (framing !== 'chunked' && body.length <= 5000));

suite('any request', () => {
  test('in any pieces is the same requests with the same bodies, answered in order', async () => {
    await using both = await Both.start(LONG);
    const requests = fc.array(request, { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(requests, fc.array(fc.nat(100_000), { maxLength: 8 }), async (sent, at) => {
        const bytes = Buffer.concat(sent.map((each, i) => encode(each, i === sent.length - 1)));
        const { ours, said } = await both.ask(cut(bytes, at));
        const wanted = sent.map(({ target, body, framing, reading }) => ({
          method: framing === 'none' ? 'GET' : 'PUT',
          target,
          body: hash('md5', framing === 'none' || reading === 'nothing' ? '' : body),
        }));
        assert.deepEqual(ours, wanted);
        assert.deepEqual(
          [...said.matchAll(/<(\/.*?)>/g)].map((match) => match[1]),
          sent.map(({ target }) => target),
        );
      }),
      { numRuns: 150 },
    );
  });

  // Two servers that read the same bytes as different requests are how requests are smuggled past one of them.
  test('altered anywhere is refused, or read as another server reads it', async () => {
    await using both = await Both.start(SHORT);
    const alteration = fc.record({
      where: fc.nat(600),
      what: fc.constantFrom(
        '\r', '\n', '\r\n', ' ', '\t', ':', ',', ';', '0', '1', 'f', '\0', '\x7f', '\x80', '\r\n ', '\n\n', '\r\n\r\n',
        '\r\nContent-Length: 3', '\r\nContent-Length: +3', '\r\nContent-Length: 3, 3', '\r\ncontent-length : 3',
        '\r\nTransfer-Encoding: chunked', '\r\nTransfer-Encoding: identity', '\r\nTransfer-Encoding:\x0bchunked',
        '\r\nTransfer-Encoding: chunked, identity', '\r\nX: y', '0\r\n\r\n', ';ext=1', '\r\nHost: other',
        '\r\nConnection: close',
      ), // prettier-ignore
      instead: fc.nat(3),
    });
    const alterations = fc.array(alteration, { minLength: 1, maxLength: 3 });
    const small = fc.array(
      request.map((each) => ({ ...each, body: each.body.subarray(0, 100), reading: 'whole' as const })),
      { minLength: 2, maxLength: 3 },
    );
    await fc.assert(
      fc.asyncProperty(small, alterations, async (sent, changes) => {
        let bytes = Buffer.concat(sent.map((each, i) => encode(each, i === sent.length - 1)));
        for (const { where, what, instead } of changes) {
          const at = where % bytes.length;
          bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(what, 'latin1'), bytes.subarray(at + instead)]);
        }
        const { ours, said } = await both.ask([bytes]);
        const theirs = await both.askOther([bytes]);
        const common = Math.min(ours.length, theirs.length);
        const plain = (seen: readonly Seen[]): Seen[] => seen.slice(0, common);
        assert.deepEqual(plain(ours), plain(theirs), `${JSON.stringify(bytes.toString('latin1'))}\n${said}`);
      }),
      { numRuns: 400 },
    );
    assert.equal(both.ours.active, 0);
  });
});
