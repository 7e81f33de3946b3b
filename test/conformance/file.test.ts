import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileDriver } from '../../src/stores/file/driver.ts';
import type { StoreRole } from '../../src/store/registry.ts';
import { contextIn } from '../unit/file/context.ts';
import { storeSuite } from './store-suite.ts';

interface Variant {
  readonly options?: Record<string, unknown>;
  readonly role?: StoreRole;
}

const variants: Readonly<Record<string, Variant>> = {
  'a directory tree': {},
  'a directory tree with sidecars': { options: { metadata: 'sidecar' } },
  'a directory tree that follows links': { options: { symlinks: 'follow', fsync: 'never' } },
  'a directory tree with GBK names': { options: { encoding: 'gbk' } },
  'a directory tree served to clients': { options: { metadata: 'sidecar', fsync: 'never' }, role: 'served' },
};

for (const [name, { options = {}, role }] of Object.entries(variants)) {
  storeSuite(name, async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferry-file-'));
    const root = path.join(folder, 'root');
    fs.mkdirSync(root);
    const context = contextIn(folder);
    const driver = fileDriver();
    const store = await driver.open({ type: 'file', path: root, options }, contextIn(folder, role));
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
