/** Tags where the destination forgets those that an upload in parts, or a copy within it, is begun with. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { override } from '../../../src/engine/override.ts';
import { retryFailures, runTask } from '../../../src/engine/run.ts';
import { FerryError } from '../../../src/model/errors.ts';
import type { Tags } from '../../../src/model/object.ts';
import type { TaskSpec } from '../../../src/model/task.ts';
import { MiB } from '../../../src/model/units.ts';
import type { Multipart, Store } from '../../../src/store/store.ts';
import { bench, SPEC, type Bench, type ContextOptions } from './harness.ts';

const TAGS = { project: 'ferry', 'with space': 'a&b=c' };
const SIZE = 10_000;
const IN_PARTS: Partial<TaskSpec> = { multipart: { ...SPEC.multipart, threshold: SIZE / 2, partSize: 5 * MiB } };

async function run(b: Bench, spec: Partial<TaskSpec> = {}, options: ContextOptions = {}) {
  await using context = await b.context({ ...IN_PARTS, ...spec }, options);
  return await runTask(context);
}

interface Forgetful {
  readonly tags?: 'lost' | 'unsure';
  /** Instead of the store's own. */
  readonly setTags?: (() => Promise<never>) | 'absent';
  readonly onPart?: () => void;
}

/** A store whose uploads in parts lose the tags they are begun with, as Ceph's do. */
function forgetful({ tags = 'lost', setTags, onPart }: Forgetful = {}): (store: Store) => Store {
  return (store) => {
    const inner = store.multipart!;
    const multipart: Multipart = {
      begin: (key, options, signal) => inner.begin(key, { ...options, tags: undefined }, signal),
      put: (...given) => {
        onPart?.();
        return inner.put(...given);
      },
      complete: (...given) => inner.complete(...given),
      abort: (...given) => inner.abort(...given),
    };
    const forgets = override(store, {
      multipart,
      capabilities: { ...store.capabilities, multipart: { ...store.capabilities.multipart!, tags } },
    });
    if (setTags === undefined) return forgets;
    const instead = setTags === 'absent' ? undefined : setTags;
    return new Proxy(forgets, {
      get: (target, name): unknown => (name === 'setTags' ? instead : Reflect.get(target, name)),
    });
  };
}

async function tagged(sourceOptions?: Record<string, unknown>, destinationOptions?: Record<string, unknown>) {
  const b = await bench(sourceOptions, destinationOptions);
  const uploadId = await b.source.multipart!.begin('large', { tags: TAGS });
  const upload = { key: 'large', uploadId };
  const part = await b.source.multipart!.put(upload, 1, Buffer.alloc(SIZE, 'l'));
  await b.source.multipart!.complete(upload, [{ number: 1, ...part }]);
  await b.source.write('small', Buffer.from('x'), { tags: TAGS });
  return b;
}

const tagsOf = async (b: Bench, key = 'large'): Promise<Tags> => ({ ...(await b.destination.tags!(key)) });

test('tags an upload in parts would lose are set once it is complete, and no loss is told', async () => {
  for (const tags of ['lost', 'unsure'] as const) {
    await using b = await tagged();
    const summary = await run(b, {}, { destination: forgetful({ tags }) });
    assert.equal(summary.outcome, 'finished', summary.error?.message);
    assert.deepEqual(await tagsOf(b), TAGS, tags);
    assert.deepEqual(await tagsOf(b, 'small'), TAGS);
    assert.deepEqual(summary.losses, {});
  }
});

test('tags that arrived with the upload are not sent again', async () => {
  await using b = await tagged();
  const unneeded = (): Promise<never> => Promise.reject(new Error('not needed'));
  for (const tags of ['kept', 'unsure'] as const) {
    const destination = (store: Store): Store =>
      override(store, {
        setTags: unneeded,
        capabilities: { ...store.capabilities, multipart: { ...store.capabilities.multipart!, tags } },
      });
    const summary = await run(b, { compare: 'always' }, { destination });
    assert.equal(summary.outcome, 'finished', summary.error?.message);
    assert.deepEqual(await tagsOf(b), TAGS);
  }
});

test('a store that cannot be given the tags afterwards loses them, which is told or fails the object', async () => {
  const refuses = (): Promise<never> => Promise.reject(new FerryError('unsupported'));
  for (const setTags of ['absent', refuses] as const) {
    await using b = await tagged();
    const destination = forgetful({ setTags });
    const summary = await run(b, {}, { destination });
    assert.equal(summary.outcome, 'finished', summary.error?.message);
    assert.deepEqual(summary.losses, { tags: 1 });
    const fidelity = { ...SPEC.fidelity, onLoss: 'fail' } as const;
    const strict = await run(b, { compare: 'always', fidelity }, { destination });
    assert.deepEqual([strict.outcome, strict.counters.failed], ['finished-with-failures', 1]);
  }
});

test('tags that were refused fail the object; tried again it gets them, and no byte is sent twice', async () => {
  for (const createOnly of [false, true]) {
    await using b = await tagged();
    const setTags = (): Promise<never> => Promise.reject(new FerryError('access-denied'));
    const refused = await run(b, { createOnly }, { destination: forgetful({ setTags }) });
    assert.deepEqual([refused.outcome, refused.counters.failed], ['finished-with-failures', 1]);

    let parts = 0;
    await using context = await b.context(
      { ...IN_PARTS, createOnly },
      { destination: forgetful({ onPart: () => parts++ }) },
    );
    const again = await retryFailures(context);
    assert.equal(again.outcome, 'finished', again.error?.message);
    assert.deepEqual(await tagsOf(b), TAGS);
    assert.equal(parts, 0);
    assert.deepEqual(await context.journal.uploads(), []);
  }
});

test('the next pass sets tags that were refused, although the object looks equal', async () => {
  for (const compare of ['auto', 'size', 'time'] as const) {
    await using b = await tagged();
    const setTags = (): Promise<never> => Promise.reject(new FerryError('access-denied'));
    await run(b, { compare }, { destination: forgetful({ setTags }) });
    const again = await run(b, { compare }, { destination: forgetful() });
    assert.equal(again.outcome, 'finished', again.error?.message);
    assert.deepEqual(await tagsOf(b), TAGS, compare);
  }
});

test('stopped between completing and tagging, a run goes on with the tags', async () => {
  const specs = [{}, { createOnly: true }, { compare: 'size' }] as const;
  for (const [spec, etag] of specs.flatMap((each) => [[each, 'md5'] as const, [each, 'opaque'] as const])) {
    await using b = await tagged({}, { etag });
    const stop = new AbortController();
    const setTags = async (): Promise<never> => {
      stop.abort();
      throw new FerryError('interrupted');
    };
    const stopped = await run(b, spec, { destination: forgetful({ setTags }), signal: stop.signal });
    assert.equal(stopped.outcome, 'interrupted');
    assert.equal((await b.destination.stat('large'))?.size, SIZE, 'the object is there');
    assert.deepEqual(await tagsOf(b), {}, 'its tags are not');

    let parts = 0;
    const summary = await run(b, spec, { destination: forgetful({ onPart: () => parts++ }) });
    assert.equal(summary.outcome, 'finished', summary.error?.message);
    assert.deepEqual(await tagsOf(b), TAGS, JSON.stringify([spec, etag]));
    assert.equal(parts, 0);
  }
});

test('an object of unknown size gets the tags of the task, too', async () => {
  await using b = await bench({}, { max_object_size: SIZE / 2 });
  await b.source.write('large', Buffer.alloc(SIZE, 'l'));
  const sizeless = (store: Store): Store =>
    override(store, {
      list: async (...given) => {
        const page = await store.list(...given);
        return { ...page, entries: page.entries.map(({ key }) => ({ key })) };
      },
      stat: async (...given) => {
        const meta = await store.stat(...given);
        return meta && { ...meta, size: -1, etag: undefined };
      },
    });
  const fidelity = { ...SPEC.fidelity, setTags: TAGS };
  const summary = await run(b, { fidelity }, { source: sizeless, destination: forgetful() });
  assert.equal(summary.outcome, 'finished', summary.error?.message);
  assert.deepEqual(await tagsOf(b), TAGS);
});

interface Copier {
  readonly copies: () => number;
  readonly store: (store: Store) => Store;
}

/** A store that copies by itself and drops tags doing so, as Ceph's does. */
function copier(b: Bench, setTags?: () => Promise<never>): Copier {
  let copies = 0;
  const store = (inner: Store): Store =>
    override(inner, {
      capabilities: { ...inner.capabilities, copy: { ...inner.capabilities.copy!, tags: 'lost' } },
      copy: (from, to, options, signal) => {
        copies++;
        return inner.copy!({ ...from, store: b.source }, to, { ...options, tags: {} }, signal);
      },
      ...(setTags && { setTags }),
    });
  return { copies: () => copies, store };
}

/** Nothing of an object may be read here. */
const unread = (store: Store): Store =>
  override(store, { read: () => Promise.reject(new FerryError('internal', { message: 'bytes were read' })) });

async function taggedSmall(): Promise<Bench> {
  const b = await bench();
  await b.source.write('a', Buffer.from('x'), { tags: TAGS, meta: { user: { kept: 'yes' } } });
  return b;
}

test('copied within a store, an object gets its tags after the copy, and no byte of it passes here', async () => {
  await using b = await taggedSmall();
  const { copies, store } = copier(b);
  const summary = await run(b, {}, { source: unread, destination: store, sameServer: true });
  assert.deepEqual([summary.outcome, summary.losses], ['finished', {}], summary.error?.message);
  assert.deepEqual(await tagsOf(b, 'a'), TAGS);
  assert.deepEqual((await b.destination.stat('a'))?.user, { kept: 'yes' });
  assert.equal(copies(), 1);
});

test('stopped between copy and tags, the next run sets them although the objects look equal', async () => {
  for (const compare of ['auto', 'size'] as const) {
    await using b = await taggedSmall();
    const stop = new AbortController();
    const setTags = async (): Promise<never> => {
      stop.abort();
      throw new FerryError('interrupted');
    };
    const { store } = copier(b, setTags);
    const stopped = await run(b, { compare }, { destination: store, sameServer: true, signal: stop.signal });
    assert.equal(stopped.outcome, 'interrupted');
    assert.deepEqual(await tagsOf(b, 'a'), {});

    const summary = await run(b, { compare }, { destination: copier(b).store, sameServer: true });
    assert.equal(summary.outcome, 'finished', summary.error?.message);
    assert.deepEqual(await tagsOf(b, 'a'), TAGS, compare);
    await using context = await b.context();
    assert.deepEqual(await context.journal.uploads(), []);
  }
});

test('where nothing may be replaced, objects with tags are read and written whole', async () => {
  await using b = await taggedSmall();
  const { copies, store } = copier(b);
  const summary = await run(b, { createOnly: true }, { destination: store, sameServer: true });
  assert.equal(summary.outcome, 'finished', summary.error?.message);
  assert.deepEqual(await tagsOf(b, 'a'), TAGS);
  assert.equal(copies(), 0);
});
