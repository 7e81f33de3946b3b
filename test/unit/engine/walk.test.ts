import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import fc from 'fast-check';
import { LiveRange } from '../../../src/engine/list/live-range.ts';
import { Tally } from '../../../src/engine/list/tally.ts';
import { walk } from '../../../src/engine/list/walk.ts';
import { compareKeys } from '../../../src/model/key.ts';
import { FerryError } from '../../../src/model/errors.ts';
import type { ListPage, ListRequest, Store } from '../../../src/store/store.ts';

/** A listing over given keys in pages of `page`, each after a delay. */
function listing(
  keys: readonly string[],
  page: number,
  delay: () => number,
): Store & { requests: number; most: number } {
  const sorted = [...new Set(keys)].sort(compareKeys);
  let open = 0;
  const store = {
    requests: 0,
    most: 0,
    info: { type: 'test', name: 'test', identity: 'test' },
    capabilities: {
      list: { order: 'utf8', maxPage: page, size: true, modified: true, etag: true },
      keys: { maxBytes: 1024 },
    },
    async list({ prefix = '', after, limit = page }: ListRequest, signal?: AbortSignal): Promise<ListPage> {
      store.requests++;
      if (Buffer.byteLength(after ?? '') > 1024) throw new FerryError('bad-key');
      store.most = Math.max(store.most, ++open);
      await sleep(delay(), undefined, { signal });
      open--;
      let low = 0;
      for (let high = sorted.length; low < high;) {
        const middle = (low + high) >>> 1;
        if (after !== undefined && compareKeys(sorted[middle]!, after) <= 0) low = middle + 1;
        else high = middle;
      }
      const found = sorted.slice(low).filter((key) => key.startsWith(prefix));
      const entries = found.slice(0, limit).map((key) => ({ key, size: 1 }));
      return found.length > limit ? { entries, next: entries.at(-1)!.key } : { entries };
    },
  };
  return store as unknown as Store & { requests: number; most: number };
}

const range = (): LiveRange => new LiveRange(undefined, undefined, undefined, new Tally());

test('every key of both sides is met exactly once, with its match, however the space is cut', async () => {
  const key = fc.oneof(
    fc.nat(3000).map((n) => `data/${String(n).padStart(6, '0')}`),
    fc.nat(500).map((n) => `log-${n}`),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 4 }),
  );
  const keys = fc.array(key, { maxLength: 1500, size: 'max' });
  await fc.assert(
    fc.asyncProperty(keys, keys, fc.boolean(), async (here, there, destinationOnly) => {
      const met = new Map<string, string>();
      await walk({
        source: listing(here, 7, () => 0),
        destination: listing(there, 11, () => 0),
        destinationOnly,
        prefix: undefined,
        ranges: [range()],
        maxListers: 16,
        signal: new AbortController().signal,
        onRange: () => undefined,
        onPage: () => undefined,
        meet: (_range, a, b) => {
          const name = (a ?? b)!.key;
          assert.ok(!met.has(name), `${name} met twice`);
          met.set(name, `${a ? 's' : ''}${b ? 'd' : ''}`);
          return undefined;
        },
      });
      const [s, d] = [new Set(here), new Set(there)];
      for (const name of destinationOnly ? s.union(d) : s) {
        assert.equal(met.get(name), `${s.has(name) ? 's' : ''}${d.has(name) ? 'd' : ''}`, JSON.stringify(name));
      }
      if (!destinationOnly) assert.equal(met.size, s.size);
    }),
    { numRuns: 12 },
  );
});

test('no listing begins after more than a key can be, even where names are as long as they may be', async () => {
  const keys = Array.from({ length: 40 }, (_, i) => String(i).padStart(1024, 'k'));
  let met = 0;
  await walk({
    source: listing(keys, 7, () => 0),
    destination: listing(keys, 3, () => 0),
    destinationOnly: false,
    prefix: undefined,
    ranges: [range()],
    signal: new AbortController().signal,
    onRange: () => undefined,
    onPage: () => undefined,
    meet: (_range, _here, there) => {
      if (there) met++;
      return undefined;
    },
  });
  assert.equal(met, keys.length);
});

test('a flat bucket with no known prefixes is listed by many at once', async () => {
  const keys = Array.from({ length: 40_000 }, (_, n) => `x${String(n * 7).padStart(9, '0')}`);
  const source = listing(keys, 1000, () => 5);
  let met = 0;
  await walk({
    source,
    destination: undefined,
    destinationOnly: false,
    prefix: undefined,
    ranges: [range()],
    maxListers: 16,
    signal: new AbortController().signal,
    onRange: () => undefined,
    onPage: () => undefined,
    meet: () => {
      met++;
      return undefined;
    },
  });
  assert.equal(met, 40_000);
  assert.ok(source.most >= 8, `${source.most} lists at once`);
  assert.ok(source.requests < 200, `${source.requests} requests for 40 pages`);
});

test('a source that lists serially is listed from one key at a time', async () => {
  const keys = Array.from({ length: 20_000 }, (_, n) => String(n).padStart(6, '0'));
  const store = listing(keys, 1000, () => 1);
  const list = { ...store.capabilities.list!, serial: true };
  const source = Object.assign(store, { capabilities: { ...store.capabilities, list } });
  let met = 0;
  await walk({
    source,
    destination: undefined,
    destinationOnly: false,
    prefix: undefined,
    ranges: [range()],
    signal: new AbortController().signal,
    onRange: () => undefined,
    onPage: () => undefined,
    meet: () => {
      met++;
      return undefined;
    },
  });
  assert.equal(met, 20_000);
  assert.equal(source.most, 1);
});

test('one list that fails stops the walk with its error', async () => {
  const source = listing(
    Array.from({ length: 5000 }, (_, n) => String(n).padStart(5, '0')),
    100,
    () => 0,
  );
  const list = source.list.bind(source);
  let calls = 0;
  source.list = (request, signal) =>
    ++calls === 20 ? Promise.reject(new FerryError('unavailable', { message: 'broken' })) : list(request, signal);
  await assert.rejects(
    walk({
      source,
      destination: undefined,
      destinationOnly: false,
      prefix: undefined,
      ranges: [range()],
      maxListers: 8,
      signal: new AbortController().signal,
      onRange: () => undefined,
      onPage: () => undefined,
      meet: () => undefined,
    }),
    { message: 'broken' },
  );
});
