import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Capabilities } from '../../../src/model/capabilities.ts';
import { isFerryError } from '../../../src/model/errors.ts';
import { checksumHex } from '../../../src/wire/checksum/hasher.ts';
import type { Multipart, Part, UploadRef, WriteOptions } from '../../../src/store/store.ts';
import type { Behaviour } from '../store-suite.ts';
import type { Bench } from './bench.ts';
import { inParallel, md5, pattern, promptly, rejects, streamed } from './bench.ts';

type PageOfUploads = [after: Parameters<NonNullable<Multipart['list']>>[1], limit: number];

const parts = (capabilities: Capabilities): boolean => capabilities.multipart !== undefined;

export const multipart: readonly Behaviour[] = [
  {
    name: 'multipart: parts put in any order become the object, visible only when completed',
    needs: parts,
    async run(bench) {
      const pieces = piecesOf(bench);
      const upload = await begin(bench, 'object', { meta: { contentType: 'text/x-parts', user: { a: 'b' } } });
      const done: Part[] = [];
      for (const number of [3, 1, 2]) done.push(await put(bench, upload, number, pieces[number - 1]!));
      await bench.absent(upload.key);
      assert.deepEqual(await bench.names(), [], 'an upload is not listed');
      const result = await bench.multipart.complete(upload, ascending(done));
      const meta = await bench.store.stat(upload.key);
      await bench.holds(upload.key, Buffer.concat(pieces));
      if (result.etag !== undefined) assert.equal(meta?.etag, result.etag);
      if (bench.capabilities.metadata.system) assert.equal(meta?.contentType, 'text/x-parts');
      if (bench.capabilities.metadata.userBytes > 0) assert.deepEqual({ ...meta?.user }, { a: 'b' });
    },
  },
  {
    name: 'multipart: tags are kept where that is declared, and can be set on what is complete where not',
    needs: (capabilities) => parts(capabilities) && capabilities.metadata.tags,
    async run(bench) {
      const tags = { project: 'ferry', 'a b': 'c&d' };
      const upload = await begin(bench, 'object', { tags });
      await bench.multipart.complete(upload, [await put(bench, upload, 1, pattern(1000))]);
      if (bench.capabilities.multipart!.tags !== 'kept') await bench.store.setTags!(upload.key, tags);
      assert.deepEqual({ ...(await bench.store.tags!(upload.key)) }, tags);
      const told = (await bench.store.stat(upload.key))?.tagCount;
      assert.ok(told === undefined || told === 2);
    },
  },
  {
    name: 'multipart: the ETag is the MD5 of the MD5s of the parts, and their number',
    needs: (capabilities) => parts(capabilities) && capabilities.etag === 'md5',
    async run(bench) {
      const pieces = piecesOf(bench);
      const upload = await begin(bench, 'object');
      const done = await putAll(bench, upload, pieces);
      assert.deepEqual(
        done.map((part) => part.etag),
        pieces.map(md5),
      );
      await bench.multipart.complete(upload, done);
      const whole = createHash('md5');
      for (const piece of pieces) whole.update(md5(piece), 'hex');
      assert.equal((await bench.store.stat(upload.key))?.etag, `${whole.digest('hex')}-3`);
    },
  },
  {
    name: 'multipart: what is told of the parts of an object is true',
    needs: (capabilities, { store }) => parts(capabilities) && store.partLayout !== undefined,
    async run(bench) {
      const pieces = piecesOf(bench);
      const upload = await begin(bench, 'object');
      await bench.multipart.complete(upload, await putAll(bench, upload, pieces));
      const { etag } = (await bench.store.stat(upload.key))!;
      const told = await bench.store.partLayout!(upload.key, etag);
      if (told) assert.deepEqual(told, { count: 3, first: pieces[0]!.byteLength });
      const whole = await bench.put('whole', Buffer.from('x'));
      assert.equal(await bench.store.partLayout!(whole, undefined), undefined);
      await rejects(bench.store.partLayout!(upload.key, 'another'), 'changed');
      await rejects(bench.store.partLayout!(bench.key('absent'), undefined), 'not-found');
    },
  },
  {
    name: 'multipart: a part put again replaces the first, and parts left out are not in the object',
    needs: parts,
    async run(bench) {
      const [a, b, c] = piecesOf(bench);
      const upload = await begin(bench, 'object');
      await put(bench, upload, 1, b!);
      const first = await put(bench, upload, 1, a!);
      await put(bench, upload, 2, b!);
      const third = await put(bench, upload, 3, c!);
      await bench.multipart.complete(upload, [first, third]);
      await bench.holds(upload.key, Buffer.concat([a!, c!]));
    },
  },
  {
    name: 'multipart: an upload is resumed from its recorded parts',
    needs: parts,
    async run(bench) {
      const pieces = piecesOf(bench);
      const upload = await begin(bench, 'object');
      const { number, etag } = await put(bench, upload, 1, pieces[0]!);
      const again = { key: upload.key, uploadId: upload.uploadId };
      const first = { number, etag };
      const rest = [await put(bench, again, 2, pieces[1]!), await put(bench, again, 3, pieces[2]!)];
      await bench.multipart.complete(again, [first, ...rest]);
      await bench.holds(upload.key, Buffer.concat(pieces));
    },
  },
  {
    name: 'multipart: one part, streamed, is an object',
    needs: parts,
    async run(bench) {
      const bytes = pattern(100_000);
      const upload = await begin(bench, 'object');
      const part = await bench.multipart.put(upload, 1, streamed(bytes));
      await bench.multipart.complete(upload, [{ ...part, number: 1 }]);
      await bench.holds(upload.key, bytes);
    },
  },
  {
    name: 'multipart: a part shorter or longer than its size rejects and is not kept',
    needs: parts,
    async run(bench) {
      const bytes = pattern(50_000);
      const upload = await begin(bench, 'object');
      await rejects(bench.multipart.put(upload, 1, streamed(bytes, 50_001)), 'short-read', 'wrong-length');
      await rejects(bench.multipart.put(upload, 1, streamed(bytes, 49_999)), 'short-read', 'wrong-length');
      const part = await put(bench, upload, 1, bytes);
      await bench.multipart.complete(upload, [part]);
      await bench.holds(upload.key, bytes);
    },
  },
  {
    name: 'multipart: a part with a wrong MD5 rejects with wrong-checksum',
    needs: (capabilities) => parts(capabilities) && capabilities.verifiesMd5,
    async run(bench) {
      const upload = await begin(bench, 'object');
      const wrong = md5(Buffer.from('other'));
      await rejects(bench.multipart.put(upload, 1, pattern(1000), { md5: wrong }), 'wrong-checksum');
      await bench.multipart.abort(upload);
    },
  },
  {
    name: 'multipart: an aborted upload is gone, aborting again is fine, completing rejects with not-found',
    needs: parts,
    async run(bench) {
      const upload = await begin(bench, 'object');
      const part = await put(bench, upload, 1, pattern(1000));
      await bench.multipart.abort(upload);
      await bench.multipart.abort(upload);
      await rejects(bench.multipart.complete(upload, [part]), 'not-found');
      await bench.absent(upload.key);
    },
  },
  {
    name: 'multipart: uploads in progress are told by their very key until they end, and whether they are empty',
    needs: (capabilities, { store }) => parts(capabilities) && store.multipart?.inProgress !== undefined,
    async run(bench) {
      const { multipart: m } = bench;
      const key = bench.key('a b+%20');
      const others = [bench.key('a b+%20!'), bench.key('a b+%20/b'), bench.key('a b+%2'), bench.key('a b+%20.z')];
      assert.deepEqual(await m.inProgress!(bench.key('nothing')), []);
      const begun: UploadRef[] = [];
      for (const each of [others[0]!, key, others[1]!, key, others[2]!, others[3]!]) {
        begun.push({ key: each, uploadId: await m.begin(each) });
      }
      const [, first, , second] = begun as [UploadRef, UploadRef, UploadRef, UploadRef];
      await m.put(first, 1, pattern(1000));
      const listed = await m.inProgress!(key);
      // Where answers are lost on purpose there are more than these.
      const ids = listed.map(({ uploadId }) => uploadId);
      for (const { uploadId, key: of } of begun) assert.equal(ids.includes(uploadId), of === key, of);
      for (const { begun: when } of listed) assert.ok(when === undefined || Math.abs(when - Date.now()) < 60_000);
      assert.deepEqual([await m.isEmpty!(first), await m.isEmpty!(second)], [false, true]);
      for (const upload of begun) await m.abort(upload);
      const left = (await m.inProgress!(key)).map(({ uploadId }) => uploadId);
      assert.ok(!left.includes(first.uploadId) && !left.includes(second.uploadId));
      assert.equal(await m.isEmpty!(second), false, 'an upload that is gone is not in progress');
    },
  },
  {
    name: 'multipart: the parts put so far are listed page by page',
    needs: (capabilities, { store }) => parts(capabilities) && store.multipart?.parts !== undefined,
    async run(bench) {
      const list = bench.multipart.parts!.bind(bench.multipart);
      const upload = await begin(bench, 'object');
      assert.deepEqual(await list(upload, 0, 10), []);
      const done: Part[] = [];
      for (const number of [7, 2, 4]) done.push(await put(bench, upload, number, pattern(number * 10)));
      const told = done.toSorted((a, b) => a.number - b.number).map(({ number, etag }) => [number, etag, number * 10]);
      const shown = async (after: number, limit: number): Promise<unknown> =>
        (await list(upload, after, limit)).map(({ number, etag, size }) => [number, etag, size]);
      assert.deepEqual(await shown(0, 10), told);
      assert.deepEqual(await shown(2, 1), told.slice(1, 2));
      assert.deepEqual(await shown(7, 10), []);
      await bench.multipart.abort(upload);
      await rejects(list(upload, 0, 10), 'not-found');
    },
  },
  {
    name: 'multipart: uploads in progress are listed in order of key',
    needs: (capabilities, { store }) => parts(capabilities) && store.multipart?.list !== undefined,
    async run(bench) {
      const prefix = bench.key('up/');
      const names = ['up/b', 'up/a', 'up/a', 'up/c/d', 'other'];
      const uploads: UploadRef[] = [];
      for (const name of names) uploads.push(await begin(bench, name));
      const list = async (...page: PageOfUploads): Promise<readonly UploadRef[]> =>
        (await bench.multipart.list!(prefix, ...page)).map(({ key, uploadId }) => ({ key, uploadId }));
      const all = await list(undefined, 1000);
      const place = ({ key, uploadId }: UploadRef): string => `${key} ${uploadId}`;
      assert.deepEqual(all.map(place), all.map(place).toSorted());
      // Where answers are lost on purpose there are more than these.
      for (const upload of uploads)
        assert.equal(all.map(place).includes(place(upload)), upload.key.startsWith(prefix), upload.key);
      assert.deepEqual(await list(undefined, 1), all.slice(0, 1));
      assert.deepEqual(await list(all[0], 2), all.slice(1, 3));
      assert.deepEqual(
        await list({ key: bench.key('up/a') }, 1000),
        all.filter(({ key }) => key > bench.key('up/a')),
      );
      for (const upload of uploads) await bench.multipart.abort(upload);
      const left = (await list(undefined, 1000)).map(place);
      assert.ok(!uploads.some((upload) => left.includes(place(upload))));
    },
  },
  {
    name: 'multipart: a part that is not there rejects completion with not-found and stores nothing',
    needs: parts,
    async run(bench) {
      const upload = await begin(bench, 'object');
      const part = await put(bench, upload, 1, piecesOf(bench)[0]!);
      await rejects(bench.multipart.complete(upload, [part, { ...part, number: 2 }]), 'not-found');
      await rejects(bench.multipart.complete(upload, [{ ...part, etag: md5(pattern(1)) }]), 'not-found');
      await bench.absent(upload.key);
      await bench.multipart.abort(upload);
    },
  },
  {
    name: 'multipart: completing replaces what was there',
    needs: parts,
    async run(bench) {
      await bench.put('object', Buffer.from('before'));
      const upload = await begin(bench, 'object');
      await bench.multipart.complete(upload, [await put(bench, upload, 1, pattern(1000))]);
      await bench.holds(upload.key, pattern(1000));
    },
  },
  {
    name: 'multipart: completing with ifAbsent never replaces, and of eight exactly one wins',
    needs: (capabilities) => capabilities.multipart?.completeIfAbsent === true,
    async run(bench) {
      const uploads = await Promise.all(
        Array.from({ length: 8 }, async (_, i) => {
          const upload = await begin(bench, 'object');
          return { upload, part: await put(bench, upload, 1, pattern(1000 + i)) };
        }),
      );
      const outcomes = await Promise.allSettled(
        uploads.map(({ upload, part }) => bench.multipart.complete(upload, [part], { ifAbsent: true })),
      );
      const winners = outcomes.flatMap((outcome, i) => (outcome.status === 'fulfilled' ? [i] : []));
      assert.equal(winners.length, 1, `${winners.length} won`);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') assert.ok(isFerryError(outcome.reason, 'already-exists'), outcome.reason);
      }
      await bench.holds(bench.key('object'), pattern(1000 + winners[0]!));
      await inParallel(uploads, ({ upload }) => bench.multipart.abort(upload));
    },
  },
  {
    name: 'multipart: completing with ifMatch replaces only that version, and of eight exactly one wins',
    needs: (capabilities) => capabilities.multipart?.completeIfMatch === true,
    async run(bench) {
      const key = await bench.put('object', Buffer.from('before'));
      const { etag } = (await bench.store.stat(key))!;
      const uploads = await Promise.all(
        Array.from({ length: 8 }, async (_, i) => {
          const upload = await begin(bench, 'object');
          return { upload, part: await put(bench, upload, 1, pattern(1000 + i)) };
        }),
      );
      const outcomes = await Promise.allSettled(
        uploads.map(({ upload, part }) => bench.multipart.complete(upload, [part], { ifMatch: etag })),
      );
      const winners = outcomes.flatMap((outcome, i) => (outcome.status === 'fulfilled' ? [i] : []));
      assert.equal(winners.length, 1, `${winners.length} won`);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') assert.ok(isFerryError(outcome.reason, 'changed'), outcome.reason);
      }
      await bench.holds(key, pattern(1000 + winners[0]!));
      const { upload, part } = uploads[winners[0] === 0 ? 1 : 0]!;
      await bench.store.remove(key);
      await rejects(bench.multipart.complete(upload, [part], { ifMatch: etag }), 'not-found');
      assert.equal(await bench.store.stat(key), undefined);
      await inParallel(uploads, ({ upload: each }) => bench.multipart.abort(each));
    },
  },
  {
    name: 'multipart: a checksum of the whole is held against the parts before anything is seen',
    needs: (capabilities) => (capabilities.multipart?.completeChecksums ?? []).length > 0,
    async run(bench) {
      const { minPart, completeChecksums } = bench.store.capabilities.multipart!;
      for (const algorithm of completeChecksums!) {
        const key = await bench.put(algorithm, Buffer.from('before'));
        const upload = await begin(bench, algorithm);
        const pieces = [pattern(minPart + 7, 1), pattern(minPart, 2), pattern(100, 3)];
        // The last first, so that a store may have to put them into order.
        const three = await put(bench, upload, 3, pieces[2]!);
        const two = await put(bench, upload, 2, pieces[1]!);
        const one = await put(bench, upload, 1, pieces[0]!);
        const hex = checksumHex(algorithm, Buffer.concat(pieces));
        for (const [chosen, wrong] of [
          [[one, two, three], checksumHex(algorithm, Buffer.from('another'))],
          [[one, three], hex],
        ] as const) {
          const completing = bench.multipart.complete(upload, chosen, { checksum: { algorithm, hex: wrong } });
          await rejects(completing, 'wrong-checksum');
          await bench.holds(key, Buffer.from('before'));
        }
        await bench.multipart.complete(upload, [one, two, three], { checksum: { algorithm, hex } });
        await bench.holds(key, Buffer.concat(pieces));
      }
    },
  },
  {
    name: 'multipart: an aborted signal rejects with interrupted',
    needs: parts,
    async run(bench) {
      const upload = await begin(bench, 'object');
      const stop = AbortSignal.abort();
      await rejects(promptly(bench.multipart.put(upload, 1, pattern(10), {}, stop)), 'interrupted');
      await rejects(promptly(bench.multipart.complete(upload, [], {}, stop)), 'interrupted');
      await bench.multipart.abort(upload);
    },
  },
  {
    name: 'multipart: a part is copied from a range of an object in the store',
    needs: (capabilities, { store }) => parts(capabilities) && store.multipart?.copyPart !== undefined,
    async run(bench) {
      const [a, , c] = piecesOf(bench);
      const source = await bench.put('source', Buffer.concat([Buffer.from('head'), a!, Buffer.from('tail')]));
      const upload = await begin(bench, 'object');
      const first = await bench.multipart.copyPart!(upload, 1, { store: bench.store, key: source }, 4, a!.byteLength);
      const second = await put(bench, upload, 2, c!);
      await bench.multipart.complete(upload, [{ ...first, number: 1 }, second]);
      await bench.holds(upload.key, Buffer.concat([a!, c!]));
    },
  },
];

/** Two parts of the smallest size and a small last one. */
function piecesOf(bench: Bench): readonly Buffer[] {
  const least = Math.max(1000, bench.capabilities.multipart!.minPart);
  return [pattern(least, 1), pattern(least, 2), pattern(777, 3)];
}

async function begin(bench: Bench, name: string, options?: WriteOptions): Promise<UploadRef> {
  const key = bench.key(name);
  const { metadata } = bench.capabilities;
  const meta = metadata.userBytes > 0 && metadata.system ? options : {};
  return { key, uploadId: await bench.multipart.begin(key, meta) };
}

async function put(bench: Bench, upload: UploadRef, number: number, bytes: Uint8Array): Promise<Part> {
  return { ...(await bench.multipart.put(upload, number, bytes)), number };
}

async function putAll(bench: Bench, upload: UploadRef, pieces: readonly Uint8Array[]): Promise<readonly Part[]> {
  return Promise.all(pieces.map((piece, i) => put(bench, upload, i + 1, piece)));
}

function ascending(done: readonly Part[]): readonly Part[] {
  return done.toSorted((a, b) => a.number - b.number);
}
