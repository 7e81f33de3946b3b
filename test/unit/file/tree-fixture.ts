import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ObjectEntry } from '../../../src/model/object.ts';
import type { ListRequest, Store } from '../../../src/store/store.ts';
import { fileDriver } from '../../../src/stores/file/driver.ts';
import { contextIn } from './context.ts';

/** A folder of a test with a root in it, and stores over that root. */
export class TreeFixture implements AsyncDisposable {
  readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferry-test-'));
  readonly root = path.join(this.folder, 'root');
  readonly #stores: Store[] = [];

  constructor() {
    fs.mkdirSync(this.root);
  }

  async open(options: Record<string, unknown> = {}, role?: 'source' | 'destination', root = this.root): Promise<Store> {
    const store = await fileDriver().open({ type: 'file', path: root, options }, contextIn(this.folder, role));
    this.#stores.push(store);
    return store;
  }

  at(...names: readonly string[]): string {
    return path.join(this.root, ...names);
  }

  /** Makes a file and the directories above it. */
  put(name: string, content: string | Buffer = name): string {
    const file = this.at(name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, content);
    return file;
  }

  /** Names in a directory, Ferry's own included. */
  names(...names: readonly string[]): readonly string[] {
    return fs.readdirSync(this.at(...names)).toSorted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const store of this.#stores) await store[Symbol.asyncDispose]();
    fs.rmSync(this.folder, { recursive: true });
  }
}

export async function listAll(store: Store, request: ListRequest = {}): Promise<readonly ObjectEntry[]> {
  const entries: ObjectEntry[] = [];
  for (let { after } = request; ;) {
    const page = await store.list({ ...request, after });
    entries.push(...page.entries);
    if (page.next === undefined) return entries;
    after = page.next;
  }
}

/** Keys; `!` before those that are irregular, `?` before names that are no keys. */
export async function keysOf(store: Store, request: ListRequest = {}): Promise<readonly string[]> {
  const entries = await listAll(store, request);
  return entries.map(
    ({ key, irregular, badName }) => `${irregular === undefined ? '' : '!'}${badName ? '?' : ''}${key}`,
  );
}
