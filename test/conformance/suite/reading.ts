import assert from 'node:assert/strict';
import type { Behaviour } from '../store-suite.ts';
import { drain, inParallel, md5, pattern, promptly, rejects } from './bench.ts';

export const reading: readonly Behaviour[] = [
  {
    name: 'stat: an object that is not there is undefined',
    async run(bench) {
      await bench.absent(bench.key('nothing'));
      await bench.absent(bench.key('no/directory/either'));
    },
  },
  {
    name: 'stat: tells size, time and the ETag that write answered',
    async run(bench) {
      const key = bench.key('object');
      const written = await bench.store.write(key, Buffer.from('some bytes'));
      const meta = await bench.store.stat(key);
      assert.equal(meta?.size, 10);
      const { etag } = bench.capabilities;
      if (etag === 'none') assert.equal(meta.etag, undefined);
      else assert.ok(meta.etag);
      if (written.etag !== undefined) assert.equal(written.etag, meta.etag);
      if (etag === 'md5') assert.equal(meta.etag, md5(Buffer.from('some bytes')));
      if (meta.modified !== undefined)
        assert.ok(Math.abs(meta.modified - Date.now()) < 900_000, 'the time is about now');
    },
  },
  {
    name: 'stat: an aborted signal rejects with interrupted',
    async run(bench) {
      await rejects(promptly(bench.store.stat(bench.key('x'), AbortSignal.abort())), 'interrupted');
    },
  },
  {
    name: 'read: an object that is not there rejects with not-found',
    async run(bench) {
      await rejects(bench.store.read(bench.key('nothing')), 'not-found');
    },
  },
  {
    name: 'read: gives the bytes and what stat tells',
    async run(bench) {
      const bytes = pattern(100_003);
      const key = await bench.put('object', bytes, { meta: { contentType: 'text/x-ferry' } });
      const stat = await bench.store.stat(key);
      const { meta, body } = await bench.store.read(key);
      assert.equal(meta.size, bytes.byteLength);
      assert.equal(meta.etag, stat?.etag);
      assert.equal(meta.contentType, stat?.contentType);
      assert.equal(body.size, bytes.byteLength);
      assert.ok((await drain(body)).equals(bytes));
    },
  },
  {
    name: 'read: an empty object is an empty body',
    async run(bench) {
      const key = await bench.put('empty', Buffer.alloc(0));
      assert.equal((await bench.read(key)).byteLength, 0);
      const { body } = await bench.store.read(key);
      assert.equal((await body.bytes(10)).byteLength, 0);
    },
  },
  {
    name: 'read: bytes gives all of it in a buffer of the caller, or too-large',
    async run(bench) {
      const bytes = pattern(70_000);
      const key = await bench.put('object', bytes);
      const first = await (await bench.store.read(key)).body.bytes(70_000);
      const second = await (await bench.store.read(key)).body.bytes(1 << 20);
      first.fill(0);
      assert.ok(Buffer.from(second).equals(bytes), 'two readers do not share a buffer');
      const { body } = await bench.store.read(key);
      await rejects(body.bytes(69_999), 'too-large');
      body.cancel();
      assert.ok((await bench.read(key)).equals(bytes), 'and it stayed what it was');
    },
  },
  {
    name: 'read: a range is exactly the bytes asked for',
    needs: (capabilities) => capabilities.readRange,
    async run(bench) {
      const bytes = pattern(50_000);
      const key = await bench.put('object', bytes);
      const ranges: readonly (readonly [number, number | undefined])[] = [
        [0, 1],
        [0, 50_000],
        [1, 1],
        [4095, 4097],
        [49_999, 1],
        [49_999, undefined],
        [20_000, undefined],
        [0, undefined],
      ];
      await inParallel(ranges, async ([offset, length]) => {
        const { meta, body } = await bench.store.read(key, { offset, length });
        const expected = bytes.subarray(offset, length === undefined ? undefined : offset + length);
        assert.equal(meta.size, 50_000, 'the size is of the whole object');
        assert.equal(body.size, expected.byteLength);
        assert.ok((await drain(body)).equals(expected), `${offset}+${length}`);
      });
    },
  },
  {
    name: 'read: a range that begins at or past the end rejects with wrong-length',
    needs: (capabilities) => capabilities.readRange,
    async run(bench) {
      const key = await bench.put('object', Buffer.from('12345'));
      await rejects(bench.store.read(key, { offset: 5, length: 1 }), 'wrong-length');
      await rejects(bench.store.read(key, { offset: 5 }), 'wrong-length');
      await rejects(bench.store.read(key, { offset: 100, length: 10 }), 'wrong-length');
    },
  },
  {
    name: 'read: a range that reaches past the end is never taken for whole',
    needs: (capabilities) => capabilities.readRange,
    async run(bench) {
      const key = await bench.put('object', Buffer.from('12345'));
      await rejects(bench.read(key, { offset: 2, length: 4 }), 'wrong-length', 'short-read');
      await rejects(bench.read(key, { offset: 0, length: 6 }), 'wrong-length', 'short-read');
    },
  },
  {
    name: 'read: a range of at most so many bytes is what there is of it',
    needs: (capabilities) => capabilities.readRange,
    async run(bench) {
      const bytes = pattern(70_000);
      const key = await bench.put('object', bytes);
      const ranges = [
        [0, 100],
        [0, 100_000],
        [69_999, 5],
        [10, 69_990],
        [10, 1_000_000],
      ] as const;
      await inParallel(ranges, async ([offset, length]) => {
        const { meta, body } = await bench.store.read(key, { offset, length, atMost: true });
        const expected = bytes.subarray(offset, offset + length);
        assert.equal(meta.size, 70_000);
        assert.equal(body.size, expected.byteLength);
        assert.ok((await drain(body)).equals(expected), `${offset}+${length}`);
      });
      await rejects(bench.store.read(key, { offset: 70_000, length: 1, atMost: true }), 'wrong-length');
    },
  },
  {
    name: 'read: ifMatch gives that version or rejects with changed',
    needs: (capabilities) => capabilities.readIfMatch,
    async run(bench) {
      const key = await bench.put('object', Buffer.from('first'));
      const etag = (await bench.store.stat(key))!.etag!;
      assert.equal((await bench.read(key, { ifMatch: etag })).toString(), 'first');
      await bench.put('object', Buffer.from('other'));
      await rejects(bench.store.read(key, { ifMatch: etag }), 'changed');
      if (bench.capabilities.readRange) {
        await rejects(bench.store.read(key, { offset: 1, length: 2, ifMatch: etag }), 'changed');
      }
    },
  },
  {
    name: 'read: a large object comes whole, and many at once do not mix',
    async run(bench) {
      const sizes = [3 * 1024 * 1024 + 17, 1024 * 1024, 65_536, 65_537, 1];
      const objects = sizes.map((size, i) => ({ name: `object${i}`, bytes: pattern(size, i + 1) }));
      await inParallel(objects, ({ name, bytes }) => bench.put(name, bytes));
      await inParallel([...objects, ...objects, ...objects], async ({ name, bytes }) => {
        assert.ok((await bench.read(bench.key(name))).equals(bytes), name);
      });
    },
  },
  {
    name: 'read: a cancelled body leaves the store usable',
    async run(bench) {
      const bytes = pattern(1 << 20);
      const key = await bench.put('object', bytes);
      for (let i = 0; i < 20; i++) (await bench.store.read(key)).body.cancel();
      for (let i = 0; i < 5; i++) {
        const { body } = await bench.store.read(key);
        for await (const chunk of body) {
          assert.ok(chunk.byteLength > 0);
          break;
        }
      }
      assert.ok((await promptly(bench.read(key))).equals(bytes));
    },
  },
  {
    name: 'read: an abort ends the body with interrupted',
    async run(bench) {
      const key = await bench.put('object', pattern(4 << 20));
      await rejects(promptly(bench.store.read(key, {}, AbortSignal.abort())), 'interrupted');
      const abort = new AbortController();
      const { body } = await bench.store.read(key, {}, abort.signal);
      const consuming = (async () => {
        for await (const chunk of body) {
          assert.ok(chunk.byteLength > 0);
          abort.abort();
        }
      })();
      await rejects(promptly(consuming), 'interrupted');
    },
  },
];
