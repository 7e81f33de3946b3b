/** `verify --full` and the metadata of objects: what is compared, what is let pass, and how a difference reads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { override } from '../../../src/engine/override.ts';
import { runTask } from '../../../src/engine/run.ts';
import { verifyTask, type VerifyMode } from '../../../src/engine/verify.ts';
import { FerryError } from '../../../src/model/errors.ts';
import { NO_METADATA, type MetadataCapability } from '../../../src/model/capabilities.ts';
import type { ObjectMeta } from '../../../src/model/object.ts';
import type { Fidelity } from '../../../src/model/task.ts';
import type { Store, WriteOptions } from '../../../src/store/store.ts';
import { bench, SPEC, type Bench, type ContextOptions } from './harness.ts';

const BYTES = Buffer.from('bytes');
const MODIFIED = Date.UTC(2020, 1, 3, 4, 5, 6, 789);
const META: Partial<ObjectMeta> = {
  contentType: 'text/html; charset=utf-8',
  cacheControl: 'max-age=60',
  contentDisposition: 'inline',
  contentEncoding: 'gzip',
  contentLanguage: 'de',
  expires: 'Wed, 21 Oct 2065 07:28:00 GMT',
  user: { author: 'Ada', 'seen-by': 'Grace' },
  modified: MODIFIED,
};
const WHOLE: WriteOptions = { meta: META, tags: { a: '1', b: '2' } };
const KEEPS: Fidelity = { ...SPEC.fidelity, modified: true };

interface Verified {
  readonly outcome: string;
  /** `source ≠ destination` of each difference; its kind, where that is another than `metadata`. */
  readonly found: readonly string[];
  readonly fields: readonly string[];
}

interface How extends ContextOptions {
  readonly mode?: VerifyMode;
  readonly repair?: boolean;
  readonly fidelity?: Partial<Fidelity>;
}

async function verify(b: Bench, { mode = 'full', repair = false, fidelity, ...options }: How = {}): Promise<Verified> {
  b.events.length = 0;
  await using context = await b.context({ fidelity: { ...KEEPS, ...fidelity } }, options);
  const summary = await verifyTask({ ...context, mode, repair, evidence: { add: () => undefined } });
  const differences = b.events.flatMap((event) => (event.type === 'difference' ? [event.difference] : []));
  return {
    outcome: summary.outcome,
    found: differences.map(({ kind, source, destination }) =>
      kind === 'metadata' ? `${source} ≠ ${destination}` : kind,
    ),
    fields: differences.flatMap(({ fields = [] }) => fields),
  };
}

async function sides(here: WriteOptions, there: WriteOptions): Promise<Bench> {
  const b = await bench();
  await b.source.write('k', BYTES, here);
  await b.destination.write('k', BYTES, there);
  return b;
}

const changed = (meta: Partial<ObjectMeta>): WriteOptions => ({ ...WHOLE, meta: { ...META, ...meta } });

/** A store as one that can keep no more than this. */
const keeping =
  (metadata: Partial<MetadataCapability>) =>
  (store: Store): Store =>
    override(store, {
      capabilities: { ...store.capabilities, metadata: { ...store.capabilities.metadata, ...metadata } },
    });

test('each field that differs is found and named, by --full alone', async () => {
  const cases: readonly (readonly [WriteOptions, string])[] = [
    [changed({ contentType: 'text/plain' }), 'content-type: text/html; charset=utf-8 ≠ content-type: text/plain'],
    [changed({ cacheControl: undefined }), 'cache-control: max-age=60 ≠ cache-control: none'],
    [changed({ contentDisposition: 'attachment' }), 'content-disposition: inline ≠ content-disposition: attachment'],
    [changed({ contentEncoding: undefined }), 'content-encoding: gzip ≠ content-encoding: none'],
    [changed({ contentLanguage: 'en' }), 'content-language: de ≠ content-language: en'],
    [
      changed({ expires: 'Wed, 21 Oct 2065 07:28:01 GMT' }),
      `expires: ${META.expires} ≠ expires: Wed, 21 Oct 2065 07:28:01 GMT`,
    ],
    [changed({ user: { author: 'Bob', 'seen-by': 'Grace' } }), 'x-amz-meta-author: Ada ≠ x-amz-meta-author: Bob'],
    [changed({ user: { author: 'Ada' } }), 'x-amz-meta-seen-by: Grace ≠ x-amz-meta-seen-by: none'],
    [changed({ user: { ...META.user, more: 'x' } }), 'x-amz-meta-more: none ≠ x-amz-meta-more: x'],
    [
      changed({ modified: MODIFIED + 3600_000 }),
      'modified: 2020-02-03T04:05:06.789Z ≠ modified: 2020-02-03T05:05:06.789Z',
    ],
    [{ ...WHOLE, tags: { a: '1' } }, 'tags: a=1&b=2 ≠ tags: a=1'],
    [{ ...WHOLE, tags: { a: '1', b: 'other' } }, 'tags: a=1&b=2 ≠ tags: a=1&b=other'],
    [{ ...WHOLE, tags: {} }, 'tags: a=1&b=2 ≠ tags: none'],
  ];
  for (const [there, difference] of cases) {
    await using b = await sides(WHOLE, there);
    assert.deepEqual(await verify(b), {
      outcome: 'differences',
      found: [difference],
      fields: [difference.slice(0, difference.indexOf(':'))],
    });
    for (const mode of ['size', 'checksum'] as const) assert.equal((await verify(b, { mode })).outcome, 'finished');
  }
});

test('several fields are one difference of the object, and other bytes are told before other metadata', async () => {
  await using b = await sides(WHOLE, changed({ contentType: 'a/b', cacheControl: 'no-store' }));
  assert.deepEqual(await verify(b), {
    outcome: 'differences',
    found: [
      'content-type: text/html; charset=utf-8; cache-control: max-age=60 ≠ content-type: a/b; cache-control: no-store',
    ],
    fields: ['content-type', 'cache-control'],
  });
  await b.destination.write('k', Buffer.from('OTHER'));
  assert.deepEqual((await verify(b)).found, ['checksum']);
});

test('what means the same is the same', async () => {
  const pairs: readonly (readonly [WriteOptions, WriteOptions])[] = [
    [WHOLE, WHOLE],
    [WHOLE, changed({ contentType: 'Text/HTML;charset=UTF-8' })],
    [WHOLE, changed({ expires: 'Wednesday, 21-Oct-65 07:28:00 GMT' })],
    [WHOLE, changed({ user: { Author: 'Ada', 'seen-by': 'Grace' } })],
    [WHOLE, { ...WHOLE, tags: { b: '2', a: '1' } }],
    [changed({ contentType: undefined }), changed({ contentType: 'binary/octet-stream' })],
    [changed({ contentType: 'application/octet-stream' }), changed({ contentType: undefined })],
    [{}, { meta: { modified: undefined } }],
  ];
  for (const [here, there] of pairs) {
    await using b = await sides(here, there);
    // Both were written just now where no time is given.
    const fidelity = here.meta ? {} : { modified: false };
    assert.deepEqual(await verify(b, { fidelity }), { outcome: 'finished', found: [], fields: [] });
  }
});

test('what the destination cannot hold is no difference, nor what the source cannot tell', async () => {
  await using b = await sides(WHOLE, {});
  assert.equal((await verify(b, { destination: keeping(NO_METADATA) })).outcome, 'finished');
  assert.deepEqual((await verify(b, { destination: keeping({ ...NO_METADATA, tags: true }) })).fields, ['tags']);
  const tooSmall = keeping({ ...NO_METADATA, userBytes: 5 });
  assert.equal((await verify(b, { destination: tooSmall })).outcome, 'finished', 'a loss was told, and is none twice');

  await using c = await sides({ meta: { modified: MODIFIED } }, WHOLE);
  assert.deepEqual(await verify(c, { source: keeping({ ...NO_METADATA, modified: 'set' }) }), {
    outcome: 'finished',
    found: [],
    fields: [],
  });
});

test('the policies of the task say what is wanted', async () => {
  await using b = await sides(WHOLE, {
    meta: { contentType: META.contentType, user: { owner: 'us' }, modified: MODIFIED + 3600_000 },
    tags: { team: 'x' },
  });
  const policy = {
    metadata: 'drop',
    setMetadata: { Owner: 'us' },
    tags: 'drop',
    setTags: { team: 'x' },
    modified: false,
  } as const;
  assert.equal((await verify(b, { fidelity: policy })).outcome, 'finished');
  assert.deepEqual((await verify(b, { fidelity: { ...policy, modified: true } })).fields, ['modified']);
  assert.deepEqual((await verify(b, { fidelity: { ...policy, setMetadata: { owner: 'them' } } })).found, [
    'x-amz-meta-owner: them ≠ x-amz-meta-owner: us',
  ]);
  assert.deepEqual((await verify(b, { fidelity: { ...policy, setTags: { team: 'y' } } })).fields, ['tags']);
});

test('where tags may not be read their number is compared', async () => {
  const mute = (store: Store): Store =>
    override(store, { tags: () => Promise.reject(new FerryError('access-denied')) });
  await using b = await sides(WHOLE, { ...WHOLE, tags: { c: '3', d: '4' } });
  assert.equal((await verify(b, { destination: mute })).outcome, 'finished');
  assert.deepEqual((await verify(b)).fields, ['tags']);
  await b.destination.setTags!('k', { c: '3' });
  assert.deepEqual((await verify(b, { source: mute })).found, ['tags: 2 ≠ tags: 1']);
});

test('tags that only the destination tells are looked for at the source before they are called a difference', async () => {
  const silent = (store: Store): Store =>
    override(store, {
      read: async (...given) => {
        const result = await store.read(...given);
        return { ...result, meta: { ...result.meta, tagCount: undefined } };
      },
    });
  await using b = await sides(WHOLE, WHOLE);
  assert.equal((await verify(b, { source: silent })).outcome, 'finished');
  await b.source.setTags!('k', {});
  assert.deepEqual((await verify(b, { source: silent })).found, ['tags: none ≠ tags: a=1&b=2']);
});

test('a repair copies the object again, and nothing differs any more', async () => {
  await using b = await sides(WHOLE, {});
  assert.equal((await verify(b, { repair: true })).outcome, 'finished');
  assert.deepEqual(await verify(b), { outcome: 'finished', found: [], fields: [] });
  assert.deepEqual({ ...(await b.destination.tags!('k')) }, WHOLE.tags);
});

test('what a run has copied does not differ', async () => {
  for (const metadata of [{}, { modified: 'metadata' }, { userBytes: 10, system: false, posix: false }] as const) {
    await using b = await bench();
    await b.source.write('whole', BYTES, WHOLE);
    await b.source.write('posix', BYTES, { meta: { posix: { mode: 0o100640, uid: 1000, gid: 100 } } });
    await b.source.write('exact', BYTES, { meta: { user: { mtime: '1714564800.123456789' } } });
    await b.source.write('bare', BYTES);
    const destination = (store: Store): Store => keeping(metadata)(store);
    await using context = await b.context({ fidelity: KEEPS }, { destination });
    assert.equal((await runTask(context)).outcome, 'finished');
    await context[Symbol.asyncDispose]();
    const { found } = await verify(b, { destination });
    assert.deepEqual(found, [], JSON.stringify(metadata));
  }
});
