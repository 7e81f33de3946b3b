import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { isFerryError } from '../../../src/model/errors.ts';
import { CHUNKED, UNTIL_CLOSE } from '../../../src/wire/http/framing.ts';
import { ChunkedDecoder } from '../../../src/wire/http/chunked.ts';
import { type ResponseHead, ResponseScanner, bodyLength } from '../../../src/wire/http/response-parser.ts';

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');

function parse(text: string, pieces: readonly number[] = []): ResponseHead {
  const scanner = new ResponseScanner(65_536);
  const bytes = bytesOf(text);
  let at = 0;
  for (const cut of [...pieces, bytes.length]) {
    const end = Math.max(at, Math.min(cut, bytes.length));
    at = scanner.scan(bytes, at, end);
    if (scanner.complete) return scanner.take();
  }
  throw new Error('incomplete');
}

function refused(text: string, reason: RegExp): void {
  assert.throws(
    () => bodyLength('GET', parse(text)),
    (error) => isFerryError(error, 'bad-response') && reason.test(error.message),
    JSON.stringify(text),
  );
}

const head = (fields: string): string => `HTTP/1.1 200 OK\r\n${fields}\r\n\r\n`;

function length(method: string, status: number, lines: string): number {
  return bodyLength(method, parse(`HTTP/1.1 ${status} X\r\n${lines}\r\n`));
}

function keeps(version: string, lines: string): boolean {
  return parse(`HTTP/${version} 200 OK\r\n${lines}\r\n`).keepAlive;
}

/** Decodes, cut before every index in `pieces`; what is left over is returned beside. */
function decode(coded: Buffer, pieces: readonly number[] = []): { data: Buffer; used: number; complete: boolean } {
  const decoder = new ChunkedDecoder('answer', 1024);
  const data: Buffer[] = [];
  const sink = { deliver: (bytes: Buffer, from: number, to: number) => void data.push(bytes.subarray(from, to)) };
  let at = 0;
  for (const cut of [...pieces, coded.length]) {
    const end = Math.max(at, Math.min(cut, coded.length));
    at = decoder.decode(coded, at, end, sink);
    if (decoder.complete) break;
  }
  return { data: Buffer.concat(data), used: at, complete: decoder.complete };
}

suite('what is accepted', () => {
  const heads = {
    'Ceph beast':
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nETag: "900150983cd24fb0d6963f7d28e17f72"\r\nx-rgw-object-type: Normal\r\nConnection: Keep-Alive\r\n\r\n',
    nginx:
      'HTTP/1.1 206 Partial Content\r\nServer: nginx/1.22.1\r\nContent-Length: 10\r\nConnection: keep-alive\r\nContent-Range: bytes 0-9/20\r\n\r\n',
    'Swift (eventlet)':
      'HTTP/1.1 404 Not Found\r\nX-Amz-Id-2: tx0\r\nContent-Type: application/xml\r\nTransfer-Encoding: chunked\r\n\r\n',
    'Go net/http': 'HTTP/1.1 200 OK\r\nDate: Fri, 20 Nov 2026 12:00:00 GMT\r\nContent-Length: 0\r\n\r\n',
    'node:http':
      'HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\n\r\n',
    'no reason phrase': 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n',
    'an empty reason phrase': 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n',
  };
  for (const [server, sent] of Object.entries(heads)) {
    test(server, () => {
      const { status, headers } = parse(sent);
      assert.equal(status, Number(sent.slice(9, 12)));
      const lines = sent.trimEnd().split('\r\n').slice(1);
      assert.deepEqual(
        [...headers.entries()],
        lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
      );
    });
  }

  test('values keep their bytes, also 0xA0 at the end, and lose blanks and tabs around', () => {
    const { headers } = parse('HTTP/1.1 200 OK\r\nX-Name: \t Ã\xa0 \t\r\nempty:\r\nx: \t\r\n\r\n');
    assert.equal(headers.get('x-name'), 'Ã\xa0');
    assert.equal(headers.get('empty'), '');
    assert.equal(headers.get('x'), '');
    assert.equal(headers.get('name'), undefined);
  });

  test('a name is not found in values or in longer names', () => {
    const { headers } = parse('HTTP/1.1 200 etag: 1\r\nx: etag: 2\r\nx-etag: 3\r\nETag: 4\r\netag: 5\r\n\r\n');
    assert.equal(headers.get('etag'), '4');
    assert.deepEqual(headers.all('etag'), ['4', '5']);
  });
});

test('what is refused', () => {
  refused('HTTP/2 200 OK\r\n\r\n', /status line/);
  refused('HTTP/1.2 200 OK\r\n\r\n', /1\.0 or 1\.1/);
  refused('http/1.1 200 OK\r\n\r\n', /status line/);
  refused('\r\nHTTP/1.1 200 OK\r\n\r\n', /status line/);
  refused('SSH-2.0-OpenSSH\r\n', /status line/);
  refused('\x15\x03\x03\x00\x02\x02\x16', /status line/);
  refused('HTTP/1.1 20 OK\r\n\r\n', /status code/);
  refused('HTTP/1.1 2000 OK\r\n\r\n', /status code/);
  refused('HTTP/1.1 600 OK\r\n\r\n', /status code/);
  refused('HTTP/1.1  200 OK\r\n\r\n', /status code/);
  refused('HTTP/1.1 200 O\0K\r\n\r\n', /control character 0x00/);
  refused('HTTP/1.1 200 OK\nContent-Length: 0\n\n', /control character 0x0a/);
  refused(head('a: b\nc: d'), /control character 0x0a/);
  refused(head('a: b\rc: d'), /CR without LF/);
  refused(head('a: b\r\n c'), /folded/);
  refused(head('a : b'), /0x20 in a header name/);
  refused(head(': b'), /0x3a in a header name/);
  refused(head('a'), /0x0d in a header name/);
  refused(head('ä: b'), /in a header name/);
  refused(head('a: \x7f'), /0x7f in a header value/);
  refused(head(Array.from({ length: 257 }, (_, n) => `a${n}: b`).join('\r\n')), /256 header fields/);
  refused(head(`a: ${'b'.repeat(65_536)}`), /65536 bytes/);
  refused(head('Content-Length: 1\r\nContent-Length: 2'), /different/);
  refused(head('Content-Length: 1, 1'), /no number/);
  refused(head('Content-Length: -1'), /no number/);
  refused(head('Content-Length: +1'), /no number/);
  refused(head('Content-Length: 0x1'), /no number/);
  refused(head('Content-Length:'), /no number/);
  refused(head('Content-Length: 9007199254740992'), /2\^53/);
  refused(head('Content-Length: 99999999999999999999'), /no number/);
  refused(head('Content-Length: 1\r\nTransfer-Encoding: chunked'), /both/);
  refused(head('Transfer-Encoding: gzip, chunked'), /coding/);
  refused(head('Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked'), /coding/);
  refused(head('Transfer-Encoding: identity'), /coding/);
});

test('how long a body is', () => {
  assert.equal(length('GET', 200, 'Content-Length: 7\r\n'), 7);
  assert.equal(length('GET', 200, 'Content-Length: 7\r\ncontent-length: 7\r\n'), 7);
  assert.equal(length('GET', 200, 'Transfer-Encoding: Chunked\r\n'), CHUNKED);
  assert.equal(length('GET', 200, ''), UNTIL_CLOSE);
  assert.equal(length('HEAD', 200, 'Content-Length: 7\r\n'), 0);
  assert.equal(length('HEAD', 404, 'Transfer-Encoding: chunked\r\n'), 0);
  assert.equal(length('DELETE', 204, ''), 0);
  assert.equal(length('GET', 304, 'Content-Length: 7\r\n'), 0);
});

test('whether the connection may be used again', () => {
  assert.equal(keeps('1.1', ''), true);
  assert.equal(keeps('1.1', 'Connection: close\r\n'), false);
  assert.equal(keeps('1.1', 'Connection: x-thing , CLOSE\r\n'), false);
  assert.equal(keeps('1.1', 'Connection: x\r\nConnection: close\r\n'), false);
  assert.equal(keeps('1.0', ''), false);
  assert.equal(keeps('1.0', 'Connection: Keep-Alive\r\n'), true);
});

const name = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,12}$/);
const value = fc.stringMatching(/^([\x21-\x7e\x80-\xff][\t\x20-\x7e\x80-\xff]{0,20}[\x21-\x7e\x80-\xff])?$/);
const fields = fc.array(fc.tuple(name, value), { maxLength: 12 });
const cuts = fc.array(fc.nat(600), { maxLength: 12 }).map((numbers) => numbers.sort((a, b) => a - b));

test('a head parses the same in whatever pieces it comes', () => {
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 599 }), fields, cuts, (status, pairs, pieces) => {
      const sent = `HTTP/1.1 ${status} Reason\r\n${pairs.map(([n, v]) => `${n}: ${v}\r\n`).join('')}\r\n`;
      const parsed = parse(`${sent}rest`, pieces);
      assert.equal(parsed.status, status);
      assert.deepEqual(
        [...parsed.headers.entries()],
        pairs.map(([n, v]) => [n.toLowerCase(), v]),
      );
      for (const [n] of pairs) {
        const first = pairs.find(([other]) => other.toLowerCase() === n.toLowerCase());
        assert.equal(parsed.headers.get(n.toLowerCase()), first?.[1]);
      }
    }),
  );
});

suite('chunked bodies', () => {
  test('decode the same cut at every byte, with extensions and trailers', () => {
    const coded = bytesOf('5;a="b"\r\nhello\r\n0A \r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\nnext');
    for (let a = 0; a <= coded.length; a++)
      for (let b = a; b <= coded.length; b += 7) {
        const { data, used, complete } = decode(coded, [a, b]);
        assert.equal(data.toString(), 'hello0123456789');
        assert.equal(coded.subarray(used).toString(), 'next');
        assert.ok(complete);
      }
  });

  test('are refused where they are not clear', () => {
    for (const coded of [
      'x\r\n',
      '\r\n',
      '-5\r\nhello\r\n',
      '+5\r\nhello\r\n',
      '0x5\r\nhello\r\n',
      '5\nhello\n',
      '5\r\nhello0\r\n\r\n',
      '5\r\nhello\n0\r\n\r\n',
      'fffffffffffffffff\r\n',
      '20000000000000\r\n',
      '00000000000000005\r\nhello\r\n',
      '5;a\nb\r\nhello\r\n',
      `5;${'x'.repeat(5000)}\r\nhello\r\n`,
      '0\r\n folded: x\r\n\r\n',
      `0\r\nx: ${'x'.repeat(2000)}\r\n\r\n`,
    ])
      assert.throws(
        () => decode(bytesOf(coded)),
        (error) => isFerryError(error, 'bad-response'),
        JSON.stringify(coded),
      );
    assert.equal(decode(bytesOf('5\r\nhello\r\n0\r\n')).complete, false);
  });

  test('come out as they went in, in whatever pieces', () => {
    const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 });
    fc.assert(
      fc.property(pieces, cuts, (chunks, at) => {
        const coded = Buffer.concat([
          ...chunks.map((chunk) =>
            Buffer.concat([bytesOf(`${chunk.length.toString(16)}\r\n`), chunk, bytesOf('\r\n')]),
          ),
          bytesOf('0\r\n\r\n'),
        ]);
        assert.deepEqual(decode(coded, at).data, Buffer.concat(chunks));
      }),
    );
  });

  test('never give more bytes than came, whatever came', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('0', '5', 'a', 'f', ';', '\r', '\n', ' ', 'x'), maxLength: 200 }),
        cuts,
        (coded, at) => {
          try {
            assert.ok(decode(bytesOf(coded), at).data.length <= coded.length);
          } catch (error) {
            assert.ok(isFerryError(error, 'bad-response'));
          }
        },
      ),
    );
  });
});
