// A signed upload altered on its way is refused, or stored as it was signed: never anything else.
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { connect } from 'node:net';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { encodeChunked, type Framing } from '../../../src/wire/chunked/encode.ts';
import {
  STREAMING_SIGNED,
  STREAMING_SIGNED_TRAILER,
  STREAMING_UNSIGNED_TRAILER,
} from '../../../src/wire/chunked/framing.ts';
import { ALICE, Serving } from './serving.ts';
import { signerOf } from './signed.ts';

const SHORT = 20;
const META = { colour: 'blue' };

/** The bytes of a PUT of `k`, as a client sends them. */
async function putBytes(serving: Serving, body: Buffer, kind: string): Promise<Buffer> {
  const host = `127.0.0.1:${serving.server.port}`;
  const headers = ['Host', host, 'x-amz-meta-colour', META.colour];
  const chunks: Framing | undefined = CHUNKS[kind];
  if (chunks !== undefined) headers.push('x-amz-decoded-content-length', String(body.length));
  if (chunks?.trailer !== undefined) headers.push('x-amz-trailer', `x-amz-checksum-${chunks.trailer}`);
  const signer = signerOf();
  const payloadHash = chunks === undefined ? hash('sha256', body) : kind;
  const target = '/box/k';
  const added = signer.sign({ method: 'PUT', path: target, query: '', headers, payloadHash, now: Date.now() });
  let sent: Buffer = body;
  if (chunks !== undefined) {
    const pieces: Buffer[] = [];
    const encoded = encodeChunked(body, chunks, chunks.signed ? signer.chunkSigner(added) : undefined);
    for await (const piece of encoded.open()) pieces.push(Buffer.from(piece));
    sent = Buffer.concat(pieces);
  }
  const all = [...headers, ...added, 'Content-Length', String(sent.length), 'User-Agent', 'x', 'Connection', 'close'];
  let head = `PUT ${target} HTTP/1.1\r\n`;
  for (let i = 0; i < all.length; i += 2) head += `${all[i]}: ${all[i + 1]}\r\n`;
  return Buffer.concat([Buffer.from(`${head}\r\n`), sent]);
}

const CHUNKS: Readonly<Record<string, Framing>> = {
  [STREAMING_SIGNED]: { signed: true },
  [STREAMING_SIGNED_TRAILER]: { signed: true, trailer: 'crc32c' },
  [STREAMING_UNSIGNED_TRAILER]: { signed: false, trailer: 'crc64nvme' },
};

async function statusOf(port: number, bytes: Buffer): Promise<number | undefined> {
  const socket = connect(port, '127.0.0.1');
  let said = '';
  socket.on('data', (piece: Buffer) => (said += piece.toString('latin1')));
  socket.on('error', () => undefined);
  socket.write(bytes);
  await new Promise((resolve) => socket.on('close', resolve));
  const match = /^HTTP\/1\.1 (\d{3}) /.exec(said.replaceAll('HTTP/1.1 100 Continue\r\n\r\n', ''));
  return match === null ? undefined : Number(match[1]);
}

suite('one that is altered', () => {
  for (const kind of ['a signed hash', ...Object.keys(CHUNKS)]) {
    test(`(${kind}) stores nothing but what was signed`, async () => {
      const timeouts = { idle: SHORT, head: SHORT, progress: SHORT };
      await using serving = await Serving.start({ listen: { timeouts } });
      await serving.buckets.create('box', ALICE.tenant);
      const { store } = serving.buckets.find('box')!;
      const body = Buffer.from(Array.from({ length: 600 }, (_, i) => i));
      const bytes = await putBytes(serving, body, kind);
      // As it is it is stored, by a server that waits for it as long as a busy machine takes.
      await using patient = await Serving.start();
      await patient.buckets.create('box', ALICE.tenant);
      assert.equal(await statusOf(patient.server.port, await putBytes(patient, body, kind)), 200);
      const change = fc.record({
        where: fc.nat(bytes.length - 1),
        byte: fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('\r\n ,:;019afAF/%'))),
        how: fc.constantFrom('replace', 'insert', 'remove', 'cut'),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
          let altered = bytes;
          for (const { where, byte, how } of changes) {
            const at = where % Math.max(1, altered.length);
            const inserted = how === 'replace' || how === 'insert' ? [Buffer.from([byte])] : [];
            const rest = how === 'cut' ? altered.length : at + (how === 'insert' ? 0 : 1);
            altered = Buffer.concat([altered.subarray(0, at), ...inserted, altered.subarray(rest)]);
          }
          const status = await statusOf(serving.server.port, altered);
          const { entries } = await store.list({});
          assert.ok(entries.every(({ key }) => key === 'k'));
          if (entries.length === 0) return assert.notEqual(status, 200);
          const { meta, body: stored } = await store.read('k');
          assert.deepEqual([Buffer.from(await stored.bytes(10_000)), meta.user], [body, META]);
          await store.remove('k');
        }),
        { numRuns: 60 },
      );
      assert.deepEqual(await store.multipart!.list!('', undefined, 10), []);
    });
  }
});
