import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { isFerryError } from '../../src/model/errors.ts';
import { LineFile, type Line } from '../../src/store/line-file.ts';

async function linesOf(content: string | Buffer, most: number): Promise<readonly Line[]> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferry-test-'));
  try {
    const file = path.join(folder, 'list');
    fs.writeFileSync(file, content);
    await using list = await LineFile.open(file, 'list_path');
    const lines: Line[] = [];
    for (let at: number | undefined = 0; at !== undefined;) {
      const page: Awaited<ReturnType<LineFile['read']>> = await list.read(at, most);
      assert.ok(page.lines.length <= most);
      lines.push(...page.lines);
      at = page.next;
    }
    return lines;
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

test('every line comes once, however it ends and however many are asked for', async () => {
  const line = fc.string({ unit: 'grapheme', maxLength: 8 }).filter((text) => !/[\r\n\uFEFF]/.test(text));
  const ending = fc.constantFrom('\n', '\r\n');
  const property = fc.asyncProperty(
    fc.array(fc.tuple(line, ending)),
    fc.integer({ min: 1, max: 5 }),
    async (given, most) => {
      const lines = await linesOf(given.flat().join(''), most);
      assert.deepEqual(
        lines.map(({ text }) => text),
        given.map(([text]) => text).filter((text) => text.trim() !== ''),
      );
    },
  );
  await fc.assert(property, { numRuns: 30 });
});

test('a byte order mark is no part of the first line, and the last needs no end', async () => {
  const lines = await linesOf('\uFEFFfirst\n\n  \r\nlast', 10);
  assert.deepEqual(
    lines.map(({ text }) => text),
    ['first', 'last'],
  );
});

test('lines across blocks come whole; those too long or no UTF-8 are told, and the rest is read', async () => {
  const many = Array.from({ length: 3000 }, (_, i) => `${i}/${'n'.repeat(50)}`);
  const content = Buffer.concat([
    Buffer.from(`${many.join('\n')}\n${'x'.repeat(300_000)}\nafter\n`),
    Buffer.from([0x61, 0xff, 0x0a]),
    Buffer.from('end\n'),
  ]);
  const lines = await linesOf(content, 700);
  assert.deepEqual(
    lines.slice(0, 3000).map(({ text }) => text),
    many,
  );
  assert.match(lines[3000]!.problem!, /longer/);
  assert.equal(lines[3001]!.text, 'after');
  assert.match(lines[3002]!.problem!, /UTF-8/);
  assert.equal(lines[3003]!.text, 'end');
  assert.equal(lines.length, 3004);
});

test('an offset that is no longer the beginning of a line is noticed', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferry-test-'));
  const file = path.join(folder, 'list');
  fs.writeFileSync(file, 'one\ntwo\nthree\n');
  await using list = await LineFile.open(file, 'list_path');
  assert.equal((await list.read(0, 1)).next, 4);
  fs.writeFileSync(file, 'another\nlist\n');
  await assert.rejects(list.read(4, 1), (thrown) => isFerryError(thrown, 'bad-listing'));
  fs.rmSync(folder, { recursive: true });
});
