import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileDriver } from '../../src/stores/file/driver.ts';
import { filelistDriver } from '../../src/stores/filelist/driver.ts';
import { contextIn } from '../unit/file/context.ts';
import { storeSuite } from './store-suite.ts';

storeSuite('a file list', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferry-filelist-'));
  const holds = new Map<string, Buffer>();
  for (const key of [
    'b/2',
    'a b',
    'b/1',
    'ü',
    'deep/er/still',
    '%41',
    ...Array.from({ length: 30 }, (_, i) => `n/${i}`),
  ]) {
    const bytes = Buffer.from(`content of ${key}`);
    holds.set(key, bytes);
    fs.mkdirSync(path.join(folder, 'root', path.dirname(key)), { recursive: true });
    fs.writeFileSync(path.join(folder, 'root', key), bytes);
  }
  fs.writeFileSync(path.join(folder, 'root', 'not-listed'), 'x');
  const list = path.join(folder, 'list.txt');
  fs.writeFileSync(list, [...holds.keys(), 'ü', './a b', ''].join('\r\n'));
  const driver = filelistDriver(fileDriver());
  const open = (root: string): ReturnType<typeof driver.open> =>
    driver.open({ type: 'filelist', path: path.join(folder, root), options: { list_path: list } }, contextIn(folder));
  const [store, missing] = [await open('root'), await open('missing')];
  return {
    store,
    missing,
    holds,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await missing[Symbol.asyncDispose]();
      fs.rmSync(folder, { recursive: true });
    },
  };
});
