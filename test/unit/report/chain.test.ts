import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { verifyChain } from '../../../src/report/chain.ts';
import { EvidenceFile } from '../../../src/report/evidence-file.ts';

let folder = '';
before(async () => void (folder = await mkdtemp(join(tmpdir(), 'ferry-chain-'))));
after(async () => await rm(folder, { recursive: true }));

test('whatever is changed, cut, doubled or swapped in evidence breaks the chain or its head', async () => {
  const path = join(folder, 'evidence.jsonl');
  const file = await EvidenceFile.create(path, 'all', { task: 'a' });
  for (const key of ['a', 'b\n', '日本', '\ud800']) await file.add({ key, size: 1, method: 'etag', result: 'equal' });
  const { head, lines } = await file.finish({ outcome: 'finished' });
  assert.partialDeepStrictEqual(await verifyChain(path), { records: lines, head });

  const original = await readFile(path);
  const copy = join(folder, 'copy.jsonl');
  const sound = async (bytes: Uint8Array): Promise<boolean> => {
    await writeFile(copy, bytes);
    const check = await verifyChain(copy);
    return check.problem === undefined && check.head === head && check.records === lines;
  };
  assert.equal(await sound(original), true);
  await fc.assert(
    fc.asyncProperty(fc.nat(original.length - 2), fc.integer({ min: 1, max: 127 }), async (at, flip) => {
      const changed = Buffer.from(original);
      changed[at]! ^= flip;
      assert.equal(await sound(changed), false);
      assert.equal(await sound(original.subarray(0, at)), false);
    }),
    { numRuns: 60 },
  );
  const split = original.toString().trimEnd().split('\n');
  for (let i = 0; i < split.length; i++) {
    assert.equal(await sound(Buffer.from(split.toSpliced(i, 1).join('\n'))), false, 'a line removed');
    assert.equal(await sound(Buffer.from(split.toSpliced(i, 0, split[i]!).join('\n'))), false, 'a line doubled');
  }
});

test('where only differences are kept, equal objects leave no line', async () => {
  const file = await EvidenceFile.create(join(folder, 'differences.jsonl'), 'differences', {});
  for (let i = 0; i < 1000; i++) await file.add({ key: `${i}`, method: 'size', result: i === 7 ? 'missing' : 'equal' });
  assert.equal((await file.finish({})).lines, 3);
});

test('evidence of 10,000 objects streams to disk', async () => {
  const path = join(folder, 'many.jsonl');
  const file = await EvidenceFile.create(path, 'all', {});
  for (let i = 0; i < 10_000; i++) {
    const writing = file.add({ key: `key/${i}`, size: i, method: 'etag', result: 'equal' });
    if (writing) await writing;
  }
  const { head } = await file.finish({});
  assert.partialDeepStrictEqual(await verifyChain(path), { records: 10_002, head });
});
