import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_METADATA, type Capabilities } from '../../../src/model/capabilities.ts';
import type { ErrorCode } from '../../../src/model/errors.ts';
import { compose } from '../../../src/store/compose.ts';
import { Correctness } from '../../../src/store/layers/correctness.ts';
import { LayeredStore } from '../../../src/store/layers/layered-store.ts';
import type { ListPage, Store, WriteOptions } from '../../../src/store/store.ts';
import { MEMORY_CAPABILITIES, MemoryStore } from '../../../src/stores/memory/store.ts';
import { Chaos } from '../../faults/chaos.ts';
import { Script } from './script.ts';

const NOTHING: Partial<Capabilities> = {
  readRange: false,
  readIfMatch: false,
  writeIfAbsent: false,
  writeIfMatch: false,
  verifiesChecksums: [],
  maxWrite: 10,
  keys: {
    maxBytes: 20,
    tree: false,
    directories: 'none',
    refuse: (key) => (key.endsWith('/') ? 'a slash' : undefined),
  },
  metadata: NO_METADATA,
};

function checked(capabilities: Partial<Capabilities>) {
  const inner = new MemoryStore({ capabilities });
  const script = new Script('none');
  return { store: new LayeredStore(inner, [new Correctness(inner.capabilities), script]), script };
}

test('what the store would silently ignore or cut is refused before it hears of it', async () => {
  const { store, script } = checked(NOTHING);
  const write = (options: WriteOptions): Promise<unknown> => store.write('key', Buffer.from('x'), options);
  const refusals: readonly (readonly [ErrorCode, () => Promise<unknown>])[] = [
    ['unsupported', () => write({ ifAbsent: true })],
    ['unsupported', () => write({ ifMatch: 'etag' })],
    ['unsupported', () => write({ checksum: { algorithm: 'crc32', hex: '00000000' } })],
    ['unsupported', () => write({ meta: { contentType: 'text/plain' } })],
    ['unsupported', () => write({ meta: { user: { a: 'b' } } })],
    ['unsupported', () => write({ meta: { modified: 1 } })],
    ['unsupported', () => write({ meta: { posix: { mode: 0o644 } } })],
    ['unsupported', () => write({ meta: { storageClass: 'GLACIER' } })],
    ['unsupported', () => write({ tags: { a: 'b' } })],
    ['unsupported', () => write({ acl: 'public-read' })],
    ['too-large', () => store.write('key', Buffer.alloc(11))],
    ['bad-key', () => store.write('directory/', Buffer.alloc(0))],
    ['bad-key', () => store.stat('')],
    ['bad-key', () => store.stat('x'.repeat(21))],
    ['bad-key', () => store.stat('é'.repeat(11))],
    ['bad-key', () => store.read('half a pair \ud800')],
    ['unsupported', () => store.read('key', { offset: 1 })],
    ['unsupported', () => store.read('key', { length: 1 })],
    ['unsupported', () => store.read('key', { ifMatch: 'etag' })],
    ['unsupported', () => store.copy!({ store, key: 'key' }, 'to', { tags: { a: 'b' } })],
    ['bad-key', () => store.multipart!.begin('directory/')],
    ['too-large', () => store.multipart!.put({ key: 'key', uploadId: 'x' }, 10_001, Buffer.alloc(0))],
  ];
  for (const [code, refused] of refusals) await assert.rejects(refused(), { code }, refused.toString());
  assert.deepEqual(script.calls, []);
  await write({ md5: 'f'.repeat(32), tags: {}, meta: { size: 7, etag: 'ignored' } }).catch(() => undefined);
  await store.read('key', {}).catch(() => undefined);
  assert.deepEqual(script.calls, ['write', 'read']);
});

test('user metadata that is too long says so', async () => {
  const { store } = checked({ metadata: { ...MEMORY_CAPABILITIES.metadata, userBytes: 10 } });
  await store.write('key', Buffer.from('x'), { meta: { user: { name: '123456' } } });
  const long = store.write('key', Buffer.from('x'), { meta: { user: { name: '1234567' } } });
  await assert.rejects(long, { code: 'metadata-too-large' });
});

test('a listing that goes back, repeats, stands still or leaves its prefix is noticed', async () => {
  const cases: readonly (readonly [ListPage, boolean])[] = [
    [page([]), true],
    [page(['p/b', 'p/c']), true],
    [page([], 'p/b'), true],
    [page(['p/b'], 'p/b'), true],
    [page(['p/\uFFFD', 'p/\u{1F600}']), true],
    [page(['p/\u{1F600}', 'p/\uFFFD']), false],
    [page(['p/a']), false],
    [page(['p/c', 'p/b']), false],
    [page(['p/b', 'p/b']), false],
    [page(['q']), false],
    [page(['p/b'], 'p/a'), false],
    [page([], 'p/a'), false],
    [page(['p/c'], 'p/b'), false],
  ];
  for (const [answer, good] of cases) {
    const inner: Store = Object.assign(new MemoryStore(), { list: async () => answer });
    const store = new LayeredStore(inner, [new Correctness(inner.capabilities)]);
    const listing = store.list({ prefix: 'p/', after: 'p/a' });
    if (good) assert.equal(await listing, answer);
    else await assert.rejects(listing, { code: 'bad-listing' }, JSON.stringify(answer));
  }
});

test('a page that makes no sense is asked for once more, and no more than that', async () => {
  for (const bad of [1, 2]) {
    let asked = 0;
    const list = async (): Promise<ListPage> => (++asked <= bad ? page(['p/c', 'p/b']) : page(['p/b']));
    const inner: Store = Object.assign(new MemoryStore(), { list });
    const listing = new LayeredStore(inner, [new Correctness(inner.capabilities)]).list({ prefix: 'p/' });
    if (bad === 1) assert.deepEqual(await listing, page(['p/b']));
    else await assert.rejects(listing, { code: 'bad-listing' });
    assert.equal(asked, 2);
  }
});

test('pages repeated by a broken store end the listing, not the migration of half of it', async () => {
  const inner = new MemoryStore();
  for (let i = 0; i < 50; i++) await inner.write(`key${String(i).padStart(2, '0')}`, Buffer.alloc(0));
  const store = compose(inner, { innermost: [new Chaos(1, { repeated: 0.5 })] });
  const listing = (async () => {
    for (let after: string | undefined; ;) {
      const { next } = await store.list({ after, limit: 5 });
      if (next === undefined) return;
      after = next;
    }
  })();
  await assert.rejects(listing, { code: 'bad-listing', operation: 'list' });
});

test('an unordered listing whose position stands still is noticed', async () => {
  const inner = new MemoryStore({ capabilities: { list: { ...MEMORY_CAPABILITIES.list!, order: 'unordered' } } });
  const stuck: Store = Object.assign(inner, { list: async () => ({ entries: [], cursor: 'same' }) });
  const store = new LayeredStore(stuck, [new Correctness(inner.capabilities)]);
  await store.list({ cursor: 'other' });
  await assert.rejects(store.list({ cursor: 'same' }), { code: 'bad-listing' });
});

function page(keys: readonly string[], next?: string): ListPage {
  const entries = keys.map((key) => ({ key }));
  return next === undefined ? { entries } : { entries, next };
}
