import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileDriver } from '../../src/stores/file/driver.ts';
import { contextIn } from '../unit/file/context.ts';
import { storeSuite } from './store-suite.ts';

const variants: Readonly<Record<string, Record<string, unknown>>> = {
  'a directory tree': {},
  'a directory tree with sidecars': { metadata: 'sidecar' },
  'a directory tree that follows links': { symlinks: 'follow', fsync: 'never' },
  'a directory tree with GBK names': { encoding: 'gbk' },
};

for (const [name, options] of Object.entries(variants)) {
  storeSuite(name, async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferry-file-'));
    const root = path.join(folder, 'root');
    fs.mkdirSync(root);
    const context = contextIn(folder);
    const driver = fileDriver();
    const store = await driver.open({ type: 'file', path: root, options }, context);
    const missing = await driver.open({ type: 'file', path: path.join(folder, 'missing'), options }, context);
    return {
      store,
      missing,
      async [Symbol.asyncDispose]() {
        await store[Symbol.asyncDispose]();
        await missing[Symbol.asyncDispose]();
        fs.rmSync(folder, { recursive: true });
      },
    };
  });
}
