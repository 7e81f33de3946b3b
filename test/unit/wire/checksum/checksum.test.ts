import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ChecksumAlgorithm } from '../../../../src/model/object.ts';
import type { CrcAlgorithm } from '../../../../src/wire/checksum/combine.ts';
import { combineCrc, combineCrcs, isCrc } from '../../../../src/wire/checksum/combine.ts';
import { base64ToHex, compositeChecksum, hexToBase64 } from '../../../../src/wire/checksum/encoding.ts';
import { checksumHex, createHasher, md5Hex } from '../../../../src/wire/checksum/hasher.ts';

const ALGORITHMS: readonly ChecksumAlgorithm[] = ['md5', 'crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'];
const CRCS: readonly CrcAlgorithm[] = ['crc32', 'crc32c', 'crc64nvme'];
const bytes = fc.uint8Array({ maxLength: 100 });

test('the check values of the catalogue of CRCs, and of RFC 3720', () => {
  const digits = Buffer.from('123456789');
  assert.equal(checksumHex('crc32', digits), 'cbf43926');
  assert.equal(checksumHex('crc32c', digits), 'e3069283');
  assert.equal(checksumHex('crc64nvme', digits), 'ae8b14860a799888');
  assert.equal(checksumHex('crc32c', Buffer.alloc(32)), '8a9136aa');
  assert.equal(checksumHex('crc32c', Buffer.alloc(32, 0xff)), '62a8ab43');
  assert.equal(checksumHex('crc32c', Buffer.from(Array.from({ length: 32 }, (_, i) => i))), '46dd794e');
  // NVM Command Set Specification 1.0, section 5.2.1.3.4: 4 KiB of zeros, of ones, counting up.
  assert.equal(checksumHex('crc64nvme', Buffer.alloc(4096)), '6482d367eb22b64e');
  assert.equal(checksumHex('crc64nvme', Buffer.alloc(4096, 0xff)), 'c0ddba7302eca3ac');
  assert.equal(md5Hex(''), 'd41d8cd98f00b204e9800998ecf8427e');
});

test('CRCs are what the definition, bit by bit, gives, in whatever pieces the bytes come', () => {
  for (const [algorithm, bits, polynomial] of [
    ['crc32', 32, 0xedb88320n],
    ['crc32c', 32, 0x82f63b78n],
    ['crc64nvme', 64, 0x9a6c9329ac4bc9b5n],
  ] as const)
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 4 }), (pieces) => {
        const hasher = createHasher(algorithm);
        for (const piece of pieces) hasher.update(piece);
        assert.equal(hasher.hex(), bitwise(Buffer.concat(pieces), bits, polynomial));
      }),
      { numRuns: 50 },
    );
});

test('bytes past the window of the kernel count once, and a chunk may be overwritten after it was taken', () => {
  const long = Buffer.alloc(300_001, 'Ferry');
  for (const algorithm of ALGORITHMS) {
    const hasher = createHasher(algorithm);
    const reused = Buffer.alloc(70_000);
    for (let at = 0; at < long.length; at += reused.length) {
      const length = long.copy(reused, 0, at);
      hasher.update(reused.subarray(0, length));
      reused.fill(0);
    }
    const hex = hasher.hex();
    assert.equal(hex, checksumHex(algorithm, long), algorithm);
    if (!isCrc(algorithm)) assert.equal(hex, createHash(algorithm).update(long).digest('hex'));
  }
});

test('two hashers at work do not disturb each other', () => {
  for (const algorithm of ALGORITHMS) {
    const [a, b] = [createHasher(algorithm), createHasher(algorithm)];
    a.update(Buffer.from('one '));
    b.update(Buffer.from('three '));
    a.update(Buffer.from('two'));
    b.update(Buffer.from('four'));
    assert.equal(a.hex(), checksumHex(algorithm, Buffer.from('one two')));
    assert.equal(b.hex(), checksumHex(algorithm, Buffer.from('three four')));
  }
});

test('the CRC of a whole follows from those of its parts', () => {
  for (const algorithm of CRCS)
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        const combined = combineCrc(algorithm, checksumHex(algorithm, a), checksumHex(algorithm, b), b.length);
        assert.equal(combined, checksumHex(algorithm, Buffer.concat([a, b])));
      }),
      { numRuns: 50 },
    );
});

test('the CRC of any number of pieces follows from theirs', () => {
  for (const algorithm of CRCS)
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 6 }), (pieces) => {
        const summed = pieces.map((piece) => ({ hex: checksumHex(algorithm, piece), length: piece.length }));
        assert.equal(combineCrcs(algorithm, summed), checksumHex(algorithm, Buffer.concat(pieces)));
      }),
      { numRuns: 30 },
    );
});

test('combining works for lengths past 2^32', () => {
  for (const algorithm of CRCS) {
    // 8 GiB of zeros, by doubling; then the same with one step of 8 GiB.
    let zeros = checksumHex(algorithm, Buffer.alloc(1024));
    for (let length = 1024; length < 2 ** 33; length *= 2) zeros = combineCrc(algorithm, zeros, zeros, length);
    const a = checksumHex(algorithm, Buffer.from('a'));
    let stepwise = a;
    const eighth = checksumOfZeros(algorithm, 2 ** 30);
    for (let i = 0; i < 8; i++) stepwise = combineCrc(algorithm, stepwise, eighth, 2 ** 30);
    assert.equal(combineCrc(algorithm, a, zeros, 2 ** 33), stepwise);
  }
});

test('hexadecimal and base64 change into each other, and wrong ones are noticed', () => {
  for (const algorithm of ALGORITHMS) {
    const hex = checksumHex(algorithm, Buffer.from('x'));
    assert.equal(base64ToHex(hexToBase64(hex), algorithm), hex);
    assert.equal(base64ToHex(`${hexToBase64(hex)}-3`, algorithm), undefined);
    assert.equal(base64ToHex('', algorithm), undefined);
  }
  assert.equal(base64ToHex(hexToBase64('00000000'), 'crc64nvme'), undefined);
});

test('a composite checksum is that of the checksums, with the number of parts', () => {
  const parts = ['a', 'b'].map((text) => createHash('sha256').update(text).digest());
  const expected = createHash('sha256').update(Buffer.concat(parts)).digest('base64');
  assert.equal(compositeChecksum('sha256', parts.map((part) => part.toString('hex'))), `${expected}-2`); // prettier-ignore
});

function checksumOfZeros(algorithm: CrcAlgorithm, length: number): string {
  let zeros = checksumHex(algorithm, Buffer.alloc(1024));
  for (let done = 1024; done < length; done *= 2) zeros = combineCrc(algorithm, zeros, zeros, done);
  return zeros;
}

function bitwise(data: Uint8Array, bits: number, polynomial: bigint): string {
  const ones = (1n << BigInt(bits)) - 1n;
  let register = ones;
  for (const byte of data) {
    register ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) register = register & 1n ? (register >> 1n) ^ polynomial : register >> 1n;
  }
  return (register ^ ones).toString(16).padStart(bits / 4, '0');
}
