// Whatever a fetch is doing, what a client did to the key stands.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CompleteMultipartUploadCommand, CreateMultipartUploadCommand, DeleteObjectCommand, DeleteObjectsCommand, PutObjectCommand, UploadPartCommand } from '@aws-sdk/client-s3'; // prettier-ignore
import { MiB } from '../../../../src/model/units.ts';
import { WriteCall, type Call } from '../../../../src/store/layers/call.ts';
import type { Layer, Next } from '../../../../src/store/layers/layer.ts';
import { Held, HostileOrigin, object } from './hostile-origin.ts';
import { Mirroring } from './mirroring.ts';

const theirs = randomBytes(MiB);

/** Holds the first call of an operation, before or after the store has done it. */
class Gate implements Layer {
  readonly reached = Promise.withResolvers<void>();
  readonly open = Promise.withResolvers<void>();
  readonly #operation: string;
  readonly #when: 'before' | 'after';
  #held = false;

  constructor(operation: string, when: 'before' | 'after') {
    this.#operation = operation;
    this.#when = when;
  }

  async run<T>(call: Call<T>, next: Next): Promise<T> {
    if (call.operation !== this.#operation || this.#held) return await next(call);
    this.#held = true;
    if (this.#when === 'before') {
      await this.#hold();
      return await next(call);
    }
    try {
      return await next(call);
    } finally {
      await this.#hold();
    }
  }

  async #hold(): Promise<void> {
    this.reached.resolve();
    await this.open.promise;
  }
}

const changes: Record<string, (mirroring: Mirroring) => Promise<unknown>> = {
  put: ({ client }) => client.send(new PutObjectCommand({ Bucket: 'site', Key: 'x', Body: 'mine' })),
  delete: ({ client }) => client.send(new DeleteObjectCommand({ Bucket: 'site', Key: 'x' })),
  'delete many': ({ client }) =>
    client.send(new DeleteObjectsCommand({ Bucket: 'site', Delete: { Objects: [{ Key: 'x' }, { Key: 'y' }] } })),
  upload: async ({ client }) => {
    const place = { Bucket: 'site', Key: 'x' };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(place));
    const { ETag } = await client.send(new UploadPartCommand({ ...place, UploadId, PartNumber: 1, Body: 'mine' }));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    await client.send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload }));
  },
};
/** Time in which what should wait would have happened. */
const chanceFor = (changed: Promise<unknown>): Promise<unknown> => Promise.race([changed, sleep(150)]);
const left = (change: string): string | undefined => (change.startsWith('delete') ? undefined : 'mine');
const text = (bytes: Buffer | undefined): string | undefined => (bytes === undefined ? undefined : String(bytes));

for (const conditional_writes of [true, false]) {
  const how = conditional_writes ? 'create-only writes' : 'no conditions';
  for (const [name, change] of Object.entries(changes)) {
    test(`${name} while the object comes, in a store with ${how}`, async () => {
      await using origin = await HostileOrigin.start();
      const held = new Held({ 'Content-Length': theirs.length, ETag: '"v1"' });
      origin.paths.set('/x', held.behaviour);
      await using mirroring = await Mirroring.start({ rule: { origin: origin.url }, store: { conditional_writes } });
      const before = mirroring.get('x');
      const settled = mirroring.settled('x');
      await held.send(theirs.subarray(0, 300_000));
      await change(mirroring);
      await held.end(theirs.subarray(300_000));
      // Who asked before the change gets what there was before.
      assert.ok((await before).bytes.equals(theirs));
      await settled;
      assert.equal(text(await mirroring.stored('x')), left(name));
      assert.deepEqual(mirroring.failures, []);
    });

    for (const when of ['before', 'after'] as const)
      test(`${name} while the object is written, ${when} the store has it, in a store with ${how}`, async () => {
        await using origin = await HostileOrigin.start();
        origin.paths.set('/x', object(theirs));
        const gate = new Gate('write', when);
        const store = { conditional_writes };
        await using mirroring = await Mirroring.start({ rule: { origin: origin.url }, store, layers: [gate] });
        const settled = mirroring.settled('x');
        await gate.reached.promise;
        const changed = change(mirroring);
        await chanceFor(changed);
        gate.open.resolve();
        await Promise.all([changed, settled]);
        assert.equal(text(await mirroring.stored('x')), left(name));
      });
  }

  test(`delete while a large object is completed, in a store with ${how}`, async () => {
    await using origin = await HostileOrigin.start();
    origin.paths.set('/x', object(randomBytes(40 * MiB)));
    const gate = new Gate('complete', 'before');
    const store = { conditional_writes };
    await using mirroring = await Mirroring.start({ rule: { origin: origin.url }, store, layers: [gate] });
    const settled = mirroring.settled('x');
    await gate.reached.promise;
    const changed = changes['delete']!(mirroring);
    await chanceFor(changed);
    gate.open.resolve();
    await Promise.all([changed, settled]);
    assert.equal(await mirroring.stored('x'), undefined);
  });
}

test('a fetch that began during a delete stores nothing of what the delete was to remove', async () => {
  await using origin = await HostileOrigin.start();
  const held = new Held({ 'Content-Length': theirs.length });
  origin.paths.set('/x', held.behaviour);
  const gate = new Gate('remove', 'before');
  await using mirroring = await Mirroring.start({ rule: { origin: origin.url }, layers: [gate] });
  const changed = changes['delete']!(mirroring);
  await gate.reached.promise;
  const got = mirroring.get('x');
  const settled = mirroring.settled('x');
  await held.send(theirs.subarray(0, 300_000));
  gate.open.resolve();
  await changed;
  await held.end(theirs.subarray(300_000));
  assert.ok((await got).bytes.equals(theirs));
  await settled;
  assert.equal(await mirroring.stored('x'), undefined);
});

test('nothing becomes visible while a delete is under way', async () => {
  await using origin = await HostileOrigin.start();
  origin.paths.set('/x', object(theirs));
  const gate = new Gate('remove', 'after');
  await using mirroring = await Mirroring.start({ rule: { origin: origin.url }, layers: [gate] });
  const changed = changes['delete']!(mirroring);
  await gate.reached.promise;
  await mirroring.settled('x');
  gate.open.resolve();
  await changed;
  assert.equal(await mirroring.stored('x'), undefined);
});

/** Promises to create only, and replaces: as some services do. */
const liar: Layer = {
  run: (call, next) => {
    if (call instanceof WriteCall) Object.assign(call, { options: undefined });
    return next(call);
  },
};

for (const [name, change] of Object.entries(changes))
  test(`${name} after the object was seen to be missing, in a store that breaks its promise`, async () => {
    await using origin = await HostileOrigin.start();
    origin.paths.set('/x', object(theirs));
    const gate = new Gate('read', 'after');
    await using mirroring = await Mirroring.start({ rule: { origin: origin.url }, layers: [gate, liar] });
    const got = mirroring.get('x');
    await gate.reached.promise;
    await change(mirroring);
    gate.open.resolve();
    assert.equal((await got).status, 200);
    // Whoever waits for the storing of that fetch is told how it ended, or begins another.
    const [counters] = await mirroring.stop();
    assert.equal(counters!.stored, 0);
  });

test('what is deleted for good stays away, whoever was looking for it', async () => {
  await using origin = await HostileOrigin.start();
  origin.paths.set('/x', object(theirs));
  // Holds a client that has seen nothing in the bucket yet.
  const gate = new Gate('read', 'before');
  const rule = { origin: origin.url, deletes: 'remember' };
  await using mirroring = await Mirroring.start({ rule, layers: [gate] });
  const got = mirroring.get('x');
  await gate.reached.promise;
  await changes['delete']!(mirroring);
  gate.open.resolve();
  await got;
  await mirroring.settled('x');
  assert.equal(await mirroring.stored('x'), undefined);
  assert.equal((await mirroring.get('x')).status, 404);
});

test('after a client has written, nobody is given what comes from the origin', async () => {
  await using origin = await HostileOrigin.start();
  const held = new Held({ 'Content-Length': theirs.length });
  origin.paths.set('/x', held.behaviour);
  await using mirroring = await Mirroring.start({ rule: { origin: origin.url } });
  const before = mirroring.ask('x');
  await held.send(theirs.subarray(0, 300_000));
  (await before).body.cancel();
  await changes['put']!(mirroring);
  assert.equal(String((await mirroring.get('x')).bytes), 'mine');
  await held.end(theirs.subarray(300_000));
  assert.equal(String((await mirroring.get('x')).bytes), 'mine');
});

test('a store that fails to store still lets clients read', async () => {
  await using origin = await HostileOrigin.start();
  const large = randomBytes(200 * MiB);
  origin.paths.set('/x', object(large));
  const broken: Layer = {
    run: (call, next) => (call.operation === 'put' ? Promise.reject(new Error('no room')) : next(call)),
  };
  const gateway = { mirror_spool: '128MiB' };
  await using mirroring = await Mirroring.start({ rule: { origin: origin.url }, layers: [broken], gateway });
  assert.ok((await mirroring.get('x')).bytes.equals(large));
  assert.equal(await mirroring.stored('x'), undefined);
  assert.match(mirroring.failures[0]!.error.message, /no room/);
  // Without a reader it ends by itself, and says so to who wanted it stored.
  const settled = await mirroring.settled('x');
  assert.equal(settled.status, 503);
  assert.match(settled.headers.get('x-ferry-mirror')!, /^failed /);
});
