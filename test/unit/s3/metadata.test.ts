// Metadata survives the way into headers and back, exactly.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ObjectMeta } from '../../../src/model/object.ts';
import { decodeWords, encodeWord } from '../../../src/stores/s3/encoded-word.ts';
import { readMeta, writeMeta } from '../../../src/stores/s3/metadata.ts';
import { aws } from '../../../src/stores/s3/providers/aws.ts';
import { ceph } from '../../../src/stores/s3/providers/ceph.ts';
import type { Preset } from '../../../src/stores/s3/providers/preset.ts';

function headersOf(pairs: readonly string[]) {
  const list: [string, string][] = [];
  for (let i = 0; i < pairs.length; i += 2) list.push([pairs[i]!, pairs[i + 1]!]);
  return { get: (name: string) => list.find((pair) => pair[0] === name)?.[1], entries: () => list };
}

function throughHeaders(meta: Partial<ObjectMeta>, preset: Preset = ceph): ObjectMeta {
  const headers: string[] = [];
  writeMeta(headers, { meta }, undefined, preset);
  return readMeta(headersOf(headers), 0, preset);
}

/** What HTTP can carry in a value: no control characters, no blanks around it. */
const value = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 20 })
  .map((text) => text.replaceAll(/\p{Cc}|\p{Cs}/gu, 'x').trim())
  .filter((text) => !/^[ \t]|[ \t]$/.test(text));
const name = fc.stringMatching(/^[a-z0-9-]{1,12}$/).map((text) => `x${text}`);

test('user metadata of any text comes back as it was', () => {
  fc.assert(
    fc.property(fc.dictionary(name, value, { noNullPrototype: true }), (user) => {
      const { user: back = {} } = throughHeaders({ user });
      assert.deepEqual(back, user);
      const plain = Object.fromEntries(Object.entries(user).filter(([, text]) => !text.includes('=?')));
      assert.deepEqual(throughHeaders({ user: plain }, aws).user ?? {}, plain);
    }),
    { numRuns: 300 },
  );
});

test('times and attributes of files come back to the millisecond', () => {
  fc.assert(
    fc.property(fc.integer({ min: -9e12, max: 9e12 }), fc.integer({ min: 0, max: 0o177777 }), (modified, mode) => {
      const back = throughHeaders({ modified, posix: { mode, uid: 0, gid: 65_534, link: 'ü /..' } });
      assert.equal(back.modified, modified);
      assert.deepEqual(back.posix, { mode, uid: 0, gid: 65_534, link: 'ü /..' });
      assert.equal(back.user, undefined);
    }),
    { numRuns: 300 },
  );
});

test('attributes other tools wrote are understood, and kept to the letter', () => {
  const user = { mtime: '1714564800.123456789', mode: '0100644', uid: '01' };
  const back = throughHeaders({ user });
  assert.equal(back.modified, 1_714_564_800_123);
  assert.deepEqual(back.user, user);
  assert.deepEqual(throughHeaders({ ...back }).user, user);
  assert.equal(throughHeaders({ user: { mtime: 'yesterday' } }).modified, undefined);
});

test('headers of an answer are what they say', () => {
  const meta = readMeta(
    headersOf([
      'etag',
      'W/"0123456789abcdef0123456789abcdef-12"',
      'last-modified',
      'Wed, 01 May 2024 12:00:00 GMT',
      'content-encoding',
      'aws-chunked,gzip',
      'x-amz-storage-class',
      'GLACIER',
      'x-amz-tagging-count',
      '2',
      'x-amz-version-id',
      'v1',
      'x-amz-checksum-crc32c',
      'Nks/tw==',
      'x-amz-checksum-sha256',
      'AAAA-3',
    ]),
    7,
    aws,
  );
  assert.deepEqual(meta, {
    size: 7,
    etag: '0123456789abcdef0123456789abcdef-12',
    parts: 12,
    modified: Date.UTC(2024, 4, 1, 12),
    contentEncoding: 'gzip',
    storageClass: 'GLACIER',
    tagCount: 2,
    versionId: 'v1',
    checksums: { crc32c: '364b3fb7' },
  });
});

test('encoded words of others are decoded, whatever their form', () => {
  assert.equal(decodeWords('=?UTF-8?B?WsO8cmljaA==?='), 'Zürich');
  assert.equal(decodeWords('=?UTF-8?Q?Z=C3=BCrich_West?='), 'Zürich West');
  assert.equal(decodeWords('=?iso-8859-1?q?Z=FCrich?='), 'Zürich');
  assert.equal(decodeWords('=?UTF-8?B?8J8=?= =?UTF-8?B?mIA=?='), '😀');
  assert.equal(decodeWords('a =?x?y?z?= b'), 'a =?x?y?z?= b');
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => decodeWords(encodeWord(text)) === text));
});

test('the ETag of an object encrypted with a key of its own says nothing of its bytes', () => {
  const etag = ['etag', '"0123456789abcdef0123456789abcdef"'];
  for (const [more, opaque] of [
    [['x-amz-server-side-encryption', 'aws:kms'], true],
    [['x-amz-server-side-encryption', 'aws:kms:dsse'], true],
    [['x-amz-server-side-encryption-customer-algorithm', 'AES256'], true],
    [['x-amz-server-side-encryption', 'AES256'], undefined],
    [[], undefined],
  ] as const) {
    assert.equal(readMeta(headersOf([...etag, ...more]), 7, aws).etagOpaque, opaque, more.join());
  }
});
