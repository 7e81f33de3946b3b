import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { ExternalSorter, type SortRecord } from '../../src/store/external-sort.ts';

async function sort(records: readonly SortRecord[], memoryBytes: number): Promise<readonly SortRecord[]> {
  const tmpdir = fs.mkdtempSync(path.join(os.tmpdir(), 'ferry-test-'));
  try {
    const sorted: SortRecord[] = [];
    {
      await using sorter = new ExternalSorter({ tmpdir: () => tmpdir, memoryBytes });
      for (const { key, payload } of records) sorter.add(key, payload);
      for await (const batch of sorter.sorted()) sorted.push(...batch);
    }
    assert.deepEqual(fs.readdirSync(tmpdir), [], 'no run is left behind');
    return sorted;
  } finally {
    fs.rmSync(tmpdir, { recursive: true });
  }
}

function expected(records: readonly SortRecord[]): readonly SortRecord[] {
  return records.toSorted((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
}

test('what is added comes out in UTF-8 order with its payload, equal keys as they were added', async () => {
  const record = fc.record(
    { key: fc.string({ unit: 'binary', maxLength: 6 }), payload: fc.string({ maxLength: 4 }) },
    { noNullPrototype: true },
  );
  const property = fc.asyncProperty(fc.array(record, { maxLength: 40 }), async (records) => {
    for (const memory of [500, 1 << 20]) assert.deepEqual(await sort(records, memory), expected(records));
  });
  await fc.assert(property, { numRuns: 15 });
});

test('more runs than are merged at once still come out whole and stable', async () => {
  const records = Array.from({ length: 3000 }, (_, i) => ({ key: `k${(i * 7919) % 500}`, payload: String(i) }));
  assert.deepEqual(await sort(records, 2000), expected(records));
});

test('records larger than the read buffer survive', async () => {
  const long = 'x'.repeat(200_000);
  const records = [`b${long}`, `a${long}`, 'c', `a${long}`].map((key, i) => ({ key, payload: `${i}${long}` }));
  assert.deepEqual(await sort(records, 1000), expected(records));
});

test('a reader that stops early leaves nothing open or behind', async () => {
  const tmpdir = fs.mkdtempSync(path.join(os.tmpdir(), 'ferry-test-'));
  {
    await using sorter = new ExternalSorter({ tmpdir: () => tmpdir, memoryBytes: 1000 });
    for (let i = 0; i < 2000; i++) sorter.add(`key${i}`, '');
    for await (const batch of sorter.sorted()) {
      assert.ok(batch.length > 0);
      break;
    }
  }
  assert.deepEqual(fs.readdirSync(tmpdir), []);
  fs.rmSync(tmpdir, { recursive: true });
});
