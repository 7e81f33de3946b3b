/** A process that uploads parts until it is killed: `root key`. Prints the upload and each part that is done. */
import os from 'node:os';
import { fileDriver } from '../../../src/stores/file/driver.ts';
import { pattern } from '../../conformance/suite/bench.ts';
import { contextIn } from './context.ts';

const [root, key] = process.argv.slice(2);
const store = await fileDriver().open(
  { type: 'file', path: root!, options: {} },
  contextIn(os.tmpdir(), 'destination'),
);
const uploadId = await store.multipart!.begin(key!, { meta: { modified: 86_400_000 } });
console.log(JSON.stringify({ uploadId }));
for (const number of [2, 1, 4]) {
  const part = await store.multipart!.put({ key: key!, uploadId }, number, pattern(100_000, number));
  console.log(JSON.stringify({ number, etag: part.etag }));
}
const endless = {
  size: 100_000,
  async *open() {
    yield pattern(50_000, 9);
    console.log(JSON.stringify({ half: true }));
    await new Promise(() => setInterval(() => undefined, 1000));
  },
};
await store.multipart!.put({ key: key!, uploadId }, 1, endless);
