import assert from 'node:assert/strict';
import type { StreamBody } from '../../../src/model/body.ts';
import { FerryError, isFerryError } from '../../../src/model/errors.ts';
import type { Behaviour } from '../store-suite.ts';
import type { Bench } from './bench.ts';
import { md5, pattern, promptly, rejects, streamed } from './bench.ts';

export const writing: readonly Behaviour[] = [
  {
    name: 'write: an object replaces the one before it, whole',
    async run(bench) {
      const key = await bench.put('object', pattern(5000, 1));
      await bench.put('object', pattern(300, 2));
      await bench.holds(key, pattern(300, 2));
    },
  },
  {
    name: 'write: the buffer belongs to the caller again afterwards',
    async run(bench) {
      const bytes = pattern(2000);
      const key = await bench.put('object', bytes);
      bytes.fill(0);
      await bench.holds(key, pattern(2000));
    },
  },
  {
    name: 'write: a stream whose chunks share one buffer arrives whole',
    async run(bench) {
      const bytes = pattern(1_234_567);
      await bench.holds(await bench.put('object', streamed(bytes)), bytes);
      await bench.holds(await bench.put('empty', streamed(Buffer.alloc(0))), Buffer.alloc(0));
      await bench.holds(await bench.put('tiny', streamed(bytes.subarray(0, 10), 10, 1)), bytes.subarray(0, 10));
    },
  },
  {
    name: 'write: the same body can be written twice',
    async run(bench) {
      const bytes = pattern(30_000);
      const body = streamed(bytes);
      await bench.holds(await bench.put('one', body), bytes);
      await bench.holds(await bench.put('two', body), bytes);
      assert.ok(body.opened >= 2);
    },
  },
  {
    name: 'write: a body shorter than its size rejects and stores nothing',
    async run(bench) {
      await refusesBody(bench, streamed(pattern(30_000), 30_001), ['short-read', 'wrong-length']);
      await refusesBody(bench, streamed(Buffer.alloc(0), 1), ['short-read', 'wrong-length']);
    },
  },
  {
    name: 'write: a body longer than its size rejects and stores nothing',
    async run(bench) {
      await refusesBody(bench, streamed(pattern(30_000), 29_999), ['short-read', 'wrong-length']);
      await refusesBody(bench, streamed(pattern(1), 0), ['short-read', 'wrong-length']);
    },
  },
  {
    name: 'write: a body that throws rejects with that and stores nothing',
    async run(bench) {
      const broken: StreamBody = {
        size: 20_000,
        async *open() {
          yield pattern(10_000);
          throw new FerryError('irregular', { message: 'thrown by the body' });
        },
      };
      await refusesBody(bench, broken, ['irregular']);
    },
  },
  {
    name: 'write: ifAbsent never replaces an object',
    needs: (capabilities) => capabilities.writeIfAbsent,
    async run(bench) {
      const key = bench.key('object');
      await bench.store.write(key, Buffer.from('first'), { ifAbsent: true });
      await rejects(bench.store.write(key, Buffer.from('second'), { ifAbsent: true }), 'already-exists');
      await rejects(bench.store.write(key, streamed(pattern(100_000)), { ifAbsent: true }), 'already-exists');
      await bench.holds(key, Buffer.from('first'));
      await bench.store.remove(key);
      await bench.store.write(key, Buffer.from('third'), { ifAbsent: true });
      await bench.holds(key, Buffer.from('third'));
    },
  },
  {
    name: 'write: of sixteen that demand ifAbsent at once exactly one wins',
    needs: (capabilities) => capabilities.writeIfAbsent,
    async run(bench) {
      const key = bench.key('race');
      const bodies = Array.from({ length: 16 }, (_, i) => pattern(20_000 + i, i + 1));
      const outcomes = await Promise.allSettled(
        bodies.map((bytes, i) => bench.store.write(key, i % 2 === 0 ? bytes : streamed(bytes), { ifAbsent: true })),
      );
      const winners = outcomes.flatMap((outcome, i) => (outcome.status === 'fulfilled' ? [i] : []));
      assert.equal(winners.length, 1, `${winners.length} writers won`);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') assert.ok(isFerryError(outcome.reason, 'already-exists'), outcome.reason);
      }
      await bench.holds(key, bodies[winners[0]!]!);
    },
  },
  {
    name: 'write: ifMatch replaces only that version',
    needs: (capabilities) => capabilities.writeIfMatch,
    async run(bench) {
      const key = await bench.put('object', Buffer.from('first'));
      const first = (await bench.store.stat(key))!.etag!;
      await bench.store.write(key, Buffer.from('second'), { ifMatch: first });
      await rejects(bench.store.write(key, Buffer.from('third'), { ifMatch: first }), 'changed');
      await bench.holds(key, Buffer.from('second'));
    },
  },
  {
    name: 'removeIf removes that version and no other, and of eight exactly one does',
    needs: (capabilities) => capabilities.writeIfMatch,
    async run(bench) {
      const { store } = bench;
      // Stores that replace one version only cannot all remove one only.
      if (store.removeIf === undefined) return;
      const key = await bench.put('object', Buffer.from('first'));
      const first = (await store.stat(key))!.etag!;
      await store.write(key, Buffer.from('second, which is longer'));
      await rejects(store.removeIf(key, first), 'changed');
      await bench.holds(key, Buffer.from('second, which is longer'));
      const second = (await store.stat(key))!.etag!;
      const removals = await Promise.allSettled(Array.from({ length: 8 }, () => store.removeIf!(key, second)));
      assert.equal(removals.filter(({ status }) => status === 'fulfilled').length, 1);
      await bench.absent(key);
      await rejects(store.removeIf(key, second), 'not-found');
      await rejects(store.removeIf(bench.key('never/was'), second), 'not-found');
    },
  },
  {
    name: 'write: a wrong MD5 rejects with wrong-checksum and stores nothing',
    needs: (capabilities) => capabilities.verifiesMd5,
    async run(bench) {
      const bytes = pattern(10_000);
      const key = bench.key('object');
      const wrong = md5(Buffer.from('something else'));
      await rejects(bench.store.write(key, bytes, { md5: wrong }), 'wrong-checksum');
      await rejects(bench.store.write(key, streamed(bytes), { md5: wrong }), 'wrong-checksum');
      await bench.absent(key);
      await bench.store.write(key, streamed(bytes), { md5: md5(bytes) });
      await bench.holds(key, bytes);
    },
  },
  {
    name: 'write: a wrong checksum of a kind that is verified rejects and stores nothing',
    needs: (capabilities) => capabilities.verifiesChecksums.length > 0,
    async run(bench) {
      const lengths = { md5: 32, sha1: 40, sha256: 64, crc32: 8, crc32c: 8, crc64nvme: 16 };
      for (const algorithm of bench.capabilities.verifiesChecksums) {
        const key = bench.key(algorithm);
        const hex = '1'.repeat(lengths[algorithm]);
        await rejects(bench.store.write(key, pattern(1000), { checksum: { algorithm, hex } }), 'wrong-checksum');
        await bench.absent(key);
      }
    },
  },
  {
    name: 'write: an abort rejects with interrupted and stores nothing, even where the body stalls',
    async run(bench) {
      const key = bench.key('object');
      await rejects(promptly(bench.store.write(key, pattern(100), {}, AbortSignal.abort())), 'interrupted');
      const abort = new AbortController();
      const stalled: StreamBody = {
        size: 1 << 20,
        async *open() {
          yield pattern(1000);
          setImmediate(() => abort.abort());
          await new Promise(() => undefined);
        },
      };
      await rejects(promptly(bench.store.write(key, stalled, {}, abort.signal)), 'interrupted');
      await bench.absent(key);
    },
  },
  {
    name: 'remove: the object is gone, and removing it again is fine',
    needs: (capabilities) => capabilities.remove,
    async run(bench) {
      const key = await bench.put('object', Buffer.from('x'));
      await bench.store.remove(key);
      await bench.absent(key);
      await bench.store.remove(key);
      await bench.store.remove(bench.key('never/there'));
    },
  },
  {
    name: 'removeMany: all are gone, those that were not there too',
    needs: (capabilities, { store }) => capabilities.remove && store.removeMany !== undefined,
    async run(bench) {
      const names = ['a', 'b c', 'd&<e>', "f'g", 'h+i', 'ü'];
      await bench.putAll([...names, 'stays']);
      const failures = await bench.store.removeMany!([...names, 'missing'].map((name) => bench.key(name)));
      assert.deepEqual(failures, []);
      for (const name of names) await bench.absent(bench.key(name));
      await bench.holds(bench.key('stays'), Buffer.from('stays'));
    },
  },
];

async function refusesBody(bench: Bench, body: StreamBody, codes: Parameters<typeof rejects>[1][]): Promise<void> {
  const key = bench.key('refused');
  await rejects(bench.store.write(key, body), ...codes);
  await bench.absent(key);
  const kept = await bench.put('kept', Buffer.from('what was there before'));
  await rejects(bench.store.write(kept, body), ...codes);
  await bench.holds(kept, Buffer.from('what was there before'));
}
