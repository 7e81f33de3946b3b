// A tree that one process alone writes to replaces one version of a file and no other.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite, test } from 'node:test';
import { isFerryError } from '../../../src/model/errors.ts';
import type { StoreRole } from '../../../src/store/registry.ts';
import type { Store } from '../../../src/store/store.ts';
import { fileDriver } from '../../../src/stores/file/driver.ts';
import { rejects } from '../../conformance/suite/bench.ts';
import { contextIn } from './context.ts';

class Tree implements AsyncDisposable {
  readonly dir = fs.mkdtempSync(path.join(os.tmpdir(), 'ferry-file-'));
  #store: Store | undefined;

  async open(role: StoreRole, options: Record<string, unknown> = {}): Promise<Store> {
    const spec = { type: 'file', path: path.join(this.dir, 'root'), options: { fsync: 'never', ...options } };
    return (this.#store = await fileDriver().open(spec, contextIn(this.dir, role)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store?.[Symbol.asyncDispose]();
    fs.rmSync(this.dir, { recursive: true });
  }
}

suite('counted by everybody at once', () => {
  for (const metadata of ['none', 'sidecar'])
    test(`with metadata: ${metadata}, nothing is lost`, async () => {
      await using tree = new Tree();
      const store = await tree.open('served', { metadata });
      await store.write('count', Buffer.from('0'));
      const each = 25;
      let changed = 0;
      const counter = async (): Promise<void> => {
        for (let done = 0; done < each;) {
          try {
            // A file that is replaced while it is read says so as well.
            const { meta, body } = await store.read('count');
            const now = Number(String(await body.bytes(100)));
            await store.write('count', Buffer.from(String(now + 1)), { ifMatch: meta.etag });
            done++;
          } catch (thrown) {
            assert.ok(isFerryError(thrown, 'changed'), String(thrown));
            changed++;
          }
        }
      };
      await Promise.all([counter(), counter(), counter(), counter()]);
      const { body } = await store.read('count');
      assert.equal(String(await body.bytes(100)), String(4 * each));
      assert.ok(changed > 0, 'they did come between each other');
    });
});

test('what is not there, or is a directory, is no version', async () => {
  await using tree = new Tree();
  const store = await tree.open('served');
  await rejects(store.write('absent', Buffer.from('x'), { ifMatch: 'x' }), 'not-found');
  assert.equal(await store.stat('absent'), undefined);
  await store.write('dir/k', Buffer.from('x'));
  await rejects(store.write('dir', Buffer.from('x'), { ifMatch: 'x' }), 'changed');
  await rejects(store.write('dir/', new Uint8Array(0), { ifMatch: 'x' }), 'unsupported');
});

test('where others may write it is not promised', async () => {
  await using tree = new Tree();
  const store = await tree.open('destination');
  assert.equal(store.capabilities.writeIfMatch, false);
  assert.equal(store.capabilities.multipart!.completeIfMatch, false);
  await rejects(store.write('k', Buffer.from('x'), { ifMatch: 'x' }), 'unsupported');
});
