// Uploads a crash left before they were recorded: ours are aborted, and nobody else's ever.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanUploads } from '../../../src/engine/leftovers.ts';
import { override } from '../../../src/engine/override.ts';
import { runTask } from '../../../src/engine/run.ts';
import { verifyTask } from '../../../src/engine/verify.ts';
import { FerryError } from '../../../src/model/errors.ts';
import { MiB } from '../../../src/model/units.ts';
import type { Multipart, Store, UploadInProgress } from '../../../src/store/store.ts';
import { bench, SPEC, type Bench } from './harness.ts';

const MINUTE = 60_000;

interface Place {
  readonly b: Bench;
  readonly left: () => Promise<readonly string[]>;
  /** Runs the task, which was going to begin an upload of `k` at `since`. */
  readonly run: (since: number, multipart?: (real: Multipart) => Partial<Multipart>) => Promise<void>;
  readonly intents: () => Promise<number>;
}

async function place(): Promise<Place & AsyncDisposable> {
  const b = await bench();
  const { destination } = b;
  const intents = async (): Promise<number> => {
    await using context = await b.context();
    return (await context.journal.uploadIntents()).length;
  };
  return {
    b,
    intents,
    left: async () => (await destination.multipart!.inProgress!('k')).map(({ uploadId }) => uploadId),
    async run(since, multipart = () => ({})) {
      const wrapped = (store: Store): Store =>
        override(store, { multipart: { ...methods(store.multipart!), ...multipart(store.multipart!) } });
      await using context = await b.context({}, { destination: wrapped });
      await context.journal.intendUpload({ key: 'k', since, until: since + MINUTE });
      const { error } = await runTask(context);
      assert.equal(error, undefined);
    },
    [Symbol.asyncDispose]: () => b[Symbol.asyncDispose](),
  };
}

/** A class's methods as an object's own. */
function methods(real: Multipart): Multipart {
  return {
    begin: (...given) => real.begin(...given),
    put: (...given) => real.put(...given),
    complete: (...given) => real.complete(...given),
    abort: (...given) => real.abort(...given),
    inProgress: (...given) => real.inProgress!(...given),
    isEmpty: (...given) => real.isEmpty!(...given),
  };
}

const notices = ({ events }: Bench): string[] =>
  events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));

/** Answers about uploads with `change` made to those that stand in `which`. */
const listed =
  (which: () => readonly string[], change: (upload: UploadInProgress) => UploadInProgress) =>
  (real: Multipart): Partial<Multipart> => ({
    inProgress: async (...given) =>
      (await real.inProgress!(...given)).map((upload) => (which().includes(upload.uploadId) ? change(upload) : upload)),
  });

test('an upload begun but never recorded is aborted by the next run, and nothing is told', async () => {
  await using p = await place();
  await p.b.destination.multipart!.begin('k');
  await p.run(Date.now() - 100);
  assert.deepEqual([await p.left(), notices(p.b)], [[], []]);
});

test('what was on its way when a process was killed arrives after the next run has looked, and is aborted', async () => {
  await using p = await place();
  let looked = 0;
  await p.run(Date.now() - 100, (real) => ({
    inProgress: async (...given) => {
      const found = await real.inProgress!(...given);
      if (looked++ === 0) await real.begin('k');
      return found;
    },
  }));
  assert.deepEqual([await p.left(), notices(p.b)], [[], []]);
});

test('where nothing is left one question is asked and nothing begun', async () => {
  await using p = await place();
  const other = await p.b.destination.multipart!.begin('k2');
  const calls: string[] = [];
  await p.run(Date.now() - 2 * MINUTE, (real) => ({
    begin: async (key) => {
      calls.push(`begin ${key}`);
      return await real.begin(key);
    },
    inProgress: async (key) => {
      calls.push(`list ${key}`);
      return await real.inProgress!(key);
    },
  }));
  assert.deepEqual([calls, await p.intents()], [['list k'], 0]);
  await p.b.destination.multipart!.abort({ key: 'k2', uploadId: other });
});

test('an upload with a part in it is somebody else’s', async () => {
  await using p = await place();
  const uploadId = await p.b.destination.multipart!.begin('k');
  await p.b.destination.multipart!.put({ key: 'k', uploadId }, 1, Buffer.from('x'));
  await p.run(Date.now() - 100);
  assert.deepEqual(await p.left(), [uploadId]);
});

for (const [name, since] of [
  ['before', 10 * MINUTE],
  ['long after', -10 * MINUTE],
] as const) {
  test(`an empty upload begun ${name} one was intended is left, and told of`, async () => {
    await using p = await place();
    const uploadId = await p.b.destination.multipart!.begin('k');
    await p.run(Date.now() + since);
    assert.deepEqual([await p.left(), await p.intents()], [[uploadId], since > 0 ? 1 : 0]);
    assert.equal(notices(p.b).length, 1);
    assert.match(notices(p.b).join(), new RegExp(`may be Ferry's or somebody else's.*${uploadId}`));
  });
}

test('the clock that counts is the store’s: an hour off changes nothing', async () => {
  for (const [age, mine] of [
    [100, true],
    [10 * MINUTE, false],
  ] as const) {
    await using p = await place();
    const uploadId = await p.b.destination.multipart!.begin('k');
    await p.run(Date.now() - age, (real) => ({
      inProgress: async (...given) =>
        (await real.inProgress!(...given)).map((upload) => ({ ...upload, begun: upload.begun! + 60 * MINUTE })),
    }));
    assert.deepEqual(await p.left(), mine ? [] : [uploadId]);
  }
});

test('an upload begun by another hand is left, and is nothing to tell of', async () => {
  await using p = await place();
  const uploadId = await p.b.destination.multipart!.begin('k');
  await p.run(
    Date.now() - 100,
    listed(
      () => [uploadId],
      (upload) => ({ ...upload, by: 'an application' }),
    ),
  );
  assert.deepEqual([await p.left(), notices(p.b)], [[uploadId], []]);
});

test('an upload whose beginning the store does not tell is left, and told of', async () => {
  await using p = await place();
  const uploadId = await p.b.destination.multipart!.begin('k');
  await p.run(
    Date.now() - 100,
    listed(
      () => [uploadId],
      (upload) => ({ ...upload, begun: undefined }),
    ),
  );
  assert.deepEqual([await p.left(), notices(p.b).length], [[uploadId], 1]);
});

test('an upload another task has recorded is left', async () => {
  await using p = await place();
  const uploadId = await p.b.destination.multipart!.begin('k');
  const another = await p.b.context({}, { task: 'another' });
  const about = { key: 'k', uploadId, partSize: 1, size: 1, sourceVersion: '', startedAt: 1, owesTags: false };
  await another.journal.beginUpload(about);
  await p.run(Date.now() - 100);
  assert.deepEqual([await p.left(), notices(p.b)], [[uploadId], []]);
});

test('where uploads may not be listed it is told once, and looked for again by the next run', async () => {
  await using p = await place();
  await p.b.destination.multipart!.begin('k');
  const inProgress = (): Promise<never> => Promise.reject(new FerryError('access-denied'));
  await p.run(Date.now() - 100, () => ({ inProgress }));
  assert.equal(await p.intents(), 1);
  assert.equal(notices(p.b).filter((message) => /could not be found out/.test(message)).length, 1);
  await using context = await p.b.context();
  assert.deepEqual(await cleanUploads(context), { aborted: 1, left: [] });
  assert.deepEqual(await p.left(), []);
});

test('a run killed while it looks leaves nothing that the next does not find', async () => {
  await using p = await place();
  await p.b.destination.multipart!.begin('k');
  const gone = (): Promise<never> => Promise.reject(new FerryError('network', { retryable: 'exhausted' }));
  await p.run(Date.now() - 100, () => ({ abort: gone }));
  assert.equal((await p.left()).length, 2, 'the orphan, and what its clock was read off');
  await using context = await p.b.context();
  assert.deepEqual(await cleanUploads(context), { aborted: 2, left: [] });
});

test('an answer that is lost leaves no upload behind', async () => {
  await using p = await place();
  await p.b.source.write('k', Buffer.alloc(30 * MiB, 'l'));
  let lost = 0;
  const destination = (store: Store): Store =>
    override(store, {
      multipart: {
        ...methods(store.multipart!),
        begin: async (...given) => {
          const uploadId = await store.multipart!.begin(...given);
          if (lost++ === 0) throw new FerryError('network', { message: 'the answer was lost' });
          return uploadId;
        },
      },
    });
  await using context = await p.b.context({ multipart: { ...SPEC.multipart, keepEtag: false } }, { destination });
  assert.equal((await runTask(context)).outcome, 'finished');
  assert.deepEqual([lost, await p.left()], [2, []]);
  assert.deepEqual(await context.journal.uploadIntents(), []);
});

test('a beginning the store refused leaves nothing to look for', async () => {
  await using p = await place();
  await p.b.source.write('k', Buffer.alloc(30 * MiB, 'l'));
  let asked = 0;
  const destination = (store: Store): Store =>
    override(store, {
      multipart: {
        ...methods(store.multipart!),
        begin: () => Promise.reject(new FerryError('access-denied')),
        inProgress: async (...given) => {
          asked++;
          return await store.multipart!.inProgress!(...given);
        },
      },
    });
  await using context = await p.b.context({ multipart: { ...SPEC.multipart, keepEtag: false } }, { destination });
  assert.equal((await runTask(context)).counters.failed, 1);
  assert.deepEqual([asked, await context.journal.uploadIntents()], [0, []]);
});

test('an upload a probe began and did not record is aborted by the next run', async () => {
  await using b = await bench({}, { etag: 'unknown' });
  const begun: string[] = [];
  const killed = (store: Store): Store =>
    override(store, {
      multipart: {
        ...methods(store.multipart!),
        begin: async (key, ...rest) => {
          begun.push(key);
          await store.multipart!.begin(key, ...rest);
          throw new FerryError('internal', { message: 'killed' });
        },
      },
    });
  {
    await using context = await b.context({}, { destination: killed });
    await runTask(context);
  }
  const [key] = begun;
  await using context = await b.context();
  assert.equal((await runTask(context)).outcome, 'finished');
  assert.deepEqual(await b.destination.multipart!.inProgress!(key!), []);
});

/** Puts the first part of an upload and is then as if it were killed. */
const dying = (store: Store): Store =>
  override(store, {
    multipart: {
      ...methods(store.multipart!),
      put: async (upload, number, ...rest) => {
        if (number > 1) throw new FerryError('internal', { message: 'killed' });
        return await store.multipart!.put(upload, number, ...rest);
      },
      abort: () => Promise.reject(new FerryError('internal', { message: 'killed' })),
    },
  });

test('the parts of an object of unknown size are taken away by the next run', async () => {
  await using b = await bench({}, { max_object_size: MiB });
  await b.source.write('k', Buffer.alloc(20 * MiB, 'k'));
  const source = (store: Store): Store =>
    override(store, {
      list: async (...given) => {
        const page = await store.list(...given);
        return { ...page, entries: page.entries.map(({ key }) => ({ key })) };
      },
      stat: async (...given) => ({ ...(await store.stat(...given))!, size: -1, etag: undefined }),
    });
  const left = async (): Promise<number> => (await b.destination.multipart!.inProgress!('k')).length;
  {
    await using context = await b.context({}, { source, destination: dying });
    assert.equal((await runTask(context)).outcome, 'finished-with-failures');
  }
  assert.equal(await left(), 1);
  await using context = await b.context({}, { source });
  assert.equal((await runTask(context)).outcome, 'finished');
  assert.equal(await left(), 0);
});

test('a repair that was killed leaves its upload to the next run', async () => {
  await using b = await bench();
  await b.source.write('k', Buffer.alloc(30 * MiB, 'k'));
  const multipart = { ...SPEC.multipart, keepEtag: false };
  const evidence = { add: () => undefined };
  {
    await using context = await b.context({ multipart }, { destination: dying });
    await verifyTask({ ...context, mode: 'checksum', repair: true, evidence });
  }
  const begun = await b.destination.multipart!.inProgress!('k');
  assert.equal(begun.length, 1);
  await using context = await b.context({ multipart });
  assert.equal((await context.journal.upload('k'))?.upload.uploadId, begun[0]!.uploadId);
  assert.equal((await runTask(context)).outcome, 'finished');
  assert.deepEqual(await b.destination.multipart!.inProgress!('k'), []);
});

test('the parts of an object that failed are kept, however many others failed before it', async () => {
  await using b = await bench();
  for (let i = 0; i < 10_100; i++) await b.source.write(`k${i}`, Buffer.from('x'));
  await b.source.write('large', Buffer.alloc(30 * MiB, 'l'));
  const destination = (store: Store): Store =>
    override(store, {
      multipart: {
        ...methods(store.multipart!),
        put: (ref, part, ...rest) =>
          part > 1 ? Promise.reject(new FerryError('bad-key')) : store.multipart!.put(ref, part, ...rest),
      },
      write: (key, ...rest) =>
        key.startsWith('k') ? Promise.reject(new FerryError('bad-key', { key })) : store.write(key, ...rest),
    });
  await using context = await b.context({ multipart: { ...SPEC.multipart, keepEtag: false } }, { destination });
  const { outcome, counters } = await runTask(context);
  assert.deepEqual([outcome, counters.failed], ['finished-with-failures', 10_101]);
  assert.ok(await context.journal.upload('large'));
  assert.equal((await b.destination.multipart!.inProgress!('large')).length, 1);
});
