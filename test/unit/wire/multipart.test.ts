import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { MultipartCapability } from '../../../src/model/capabilities.ts';
import { GiB, KiB, MiB, TiB } from '../../../src/model/units.ts';
import { compositeEtag, etagParts, guessPartSizes, partRange, planParts } from '../../../src/wire/multipart.ts';

const S3: MultipartCapability = {
  minPart: 5 * MiB,
  maxPart: 5 * GiB,
  maxParts: 10_000,
  maxObject: 5 * TiB,
  equalParts: false,
  completeIfAbsent: false,
  tags: 'kept',
};

test('every byte is in exactly one part, and every part within the limits', () => {
  const limits = fc.record({
    minPart: fc.constantFrom(0, 1, 5 * MiB),
    maxPart: fc.constantFrom(5 * MiB, 100 * MiB, 5 * GiB),
    maxParts: fc.constantFrom(1, 3, 50, 1000),
    maxObject: fc.constantFrom(10 * MiB, 5 * TiB),
  });
  fc.assert(
    fc.property(fc.nat(200 * GiB), fc.nat(200 * MiB), limits, (size, wanted, some) => {
      const capability = { ...S3, ...some };
      if (size > Math.min(some.maxObject, some.maxPart * some.maxParts)) {
        assert.throws(() => planParts(size, wanted, capability), { code: 'too-large' });
        return;
      }
      const plan = planParts(size, wanted, capability);
      assert.ok(plan.count <= some.maxParts && plan.partSize <= some.maxPart);
      assert.ok(plan.count === 1 || plan.partSize >= some.minPart);
      let end = 0;
      for (let number = 1; number <= plan.count; number++) {
        const { offset, length } = partRange(plan, number);
        assert.equal(offset, end);
        assert.ok(length === plan.partSize || (number === plan.count && (length > 0 || size === 0)));
        end = offset + length;
      }
      assert.equal(end, size);
      assert.throws(() => partRange(plan, 0));
      assert.throws(() => partRange(plan, plan.count + 1));
    }),
    { numRuns: 300 },
  );
});

test('parts are as wanted until there would be too many', () => {
  assert.deepEqual(planParts(100 * MiB, 16 * MiB, S3), { size: 100 * MiB, partSize: 16 * MiB, count: 7 });
  assert.deepEqual(planParts(0, 16 * MiB, S3), { size: 0, partSize: 16 * MiB, count: 1 });
  assert.deepEqual(planParts(TiB, 16 * MiB, S3), { size: TiB, partSize: 105 * MiB, count: 9987 });
  assert.equal(planParts(100 * MiB, KiB, S3).partSize, 5 * MiB);
  assert.throws(() => planParts(6 * TiB, 16 * MiB, S3), { code: 'too-large' });
});

test('the ETag of parts is the MD5 of their MD5s with their number', () => {
  const parts = [Buffer.alloc(5, 'a'), Buffer.alloc(3, 'b')].map((part) => createHash('md5').update(part).digest());
  const expected = createHash('md5').update(Buffer.concat(parts)).digest('hex');
  assert.equal(compositeEtag(parts.map((part) => part.toString('hex'))), `${expected}-2`);
  assert.equal(etagParts(`${expected}-2`), 2);
  for (const other of [expected, 'abc-2', `${expected}-0`, `${expected}-x`, undefined])
    assert.equal(etagParts(other), undefined);
});

test('a guessed part size gives that number of parts, and the sizes tools use are among them', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 * TiB }), fc.integer({ min: 1, max: 10_000 }), (size, parts) => {
      const sizes = guessPartSizes(size, parts);
      assert.equal(new Set(sizes).size, sizes.length);
      for (const partSize of sizes) assert.equal(Math.max(1, Math.ceil(size / partSize)), parts);
    }),
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 200 * MiB, max: 40 * GiB }),
      fc.constantFrom(5, 8, 10, 15, 16, 25, 32, 50, 64, 100, 128),
      (size, count) => {
        const partSize = count * MiB;
        assert.ok(guessPartSizes(size, Math.ceil(size / partSize)).includes(partSize));
      },
    ),
  );
  const size = 300 * GiB + 12_345;
  const tools = { 'aws cli': 32 * MiB, rclone: 31 * MiB, 'minio-go': 32 * MiB, java: Math.ceil(size / 10_000) };
  for (const [tool, partSize] of Object.entries(tools))
    assert.ok(guessPartSizes(size, Math.ceil(size / partSize)).includes(partSize), tool);
  assert.equal(guessPartSizes(100 * MiB, 13)[0], 8 * MiB);
  assert.ok(guessPartSizes(100_000_000, 6).includes(17_179_870), 'AWS console');
  assert.deepEqual(guessPartSizes(10, 1), [10]);
  assert.deepEqual(guessPartSizes(3, 5), []);
  assert.deepEqual(guessPartSizes(0, 1), []);
});
