// Bodies come in any pieces, and whatever is no JSON of the wanted form is refused with its place.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JsonFault, JsonReader } from '../../../src/control/jobs/json-reader.ts';

/** In pieces of `size` bytes, each in a buffer that the next one overwrites. */
async function* pieces(text: string | Buffer, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  const shared = Buffer.alloc(size);
  for (let at = 0; at < bytes.length; at += size) {
    const length = bytes.copy(shared, 0, at, at + size);
    yield shared.subarray(0, length);
  }
}

async function read(text: string | Buffer, size: number): Promise<unknown> {
  const reader = new JsonReader(pieces(text, size));
  const found: Record<string, unknown> = {};
  for await (const name of reader.members(100)) {
    if (!(await reader.isNext('['))) found[name] = await reader.text(100);
    else {
      const list: string[] = [];
      for await (const _ of reader.elements()) list.push(await reader.text(100));
      found[name] = list;
    }
  }
  await reader.end();
  return found;
}

const DOCUMENT = {
  'a "quoted\\ name': ['', '\\', '"', '\\"', '\\\\"', 'ü日本😀', 'tab\tnew\nline', '\u0000'],
  none: [],
  text: 'plain',
};

test('a document is read alike in pieces of any size', async () => {
  for (const text of [JSON.stringify(DOCUMENT), JSON.stringify(DOCUMENT, undefined, 3)])
    for (let size = 1; size < 40; size++) assert.deepEqual(await read(text, size), DOCUMENT, `by ${size}`);
});

test('what is wrongly written is refused', async () => {
  const wrong = [
    '', '{', '{"a"', '{"a":', '{"a":"b"', '{"a":"b"}x', '{"a":"b",}', '{"a":["b",]}', '{"a":["b" "c"]}', '{"a":1}',
    '{"a":["b\n"]}', '{"a":"\\x"}', '{"a":"\\u12"}', '{"a":null}', '["a"]', '{a:"b"}', '{"a":["b"}', `{"a":"${'x'.repeat(101)}"}`,
  ]; // prettier-ignore
  for (const text of wrong)
    for (const size of [1, 7, 1000]) await assert.rejects(read(text, size), JsonFault, `${text} by ${size}`);
  await assert.rejects(read(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x22, 0x22, 0x7d]), 3), /not UTF-8/);
});
