/** Directories that hold something keep mode and time as well, from one file tree to another. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { override } from '../../../src/engine/override.ts';
import { retryFailures, runTask } from '../../../src/engine/run.ts';
import { verifyTask } from '../../../src/engine/verify.ts';
import { FerryError } from '../../../src/model/errors.ts';
import type { TaskSpec } from '../../../src/model/task.ts';
import type { Store } from '../../../src/store/store.ts';
import { TreeFixture } from '../file/tree-fixture.ts';
import { bench, SPEC, type Bench } from './harness.ts';

const OLD = new Date('2020-01-02T03:04:05Z');

const KEEPS = { ...SPEC.fidelity, modified: true };

/** A tree beside an empty root, and a bench whose stores they are. */
class Trees extends TreeFixture {
  readonly there = path.join(this.folder, 'there');
  readonly bench: Bench;

  constructor(b: Bench) {
    super();
    this.bench = b;
    fs.mkdirSync(this.there);
  }

  /** Gives directories of the source these modes and an old time, the deepest first. */
  shape(modes: Readonly<Record<string, number>>): void {
    for (const name of Object.keys(modes).toSorted().toReversed()) {
      fs.utimesSync(this.at(name), OLD, OLD);
      fs.chmodSync(this.at(name), modes[name]!);
    }
  }

  /** Mode and time of directories of the destination. */
  arrived(...names: readonly string[]): readonly string[] {
    return names.map((name) => {
      const { mode, mtime } = fs.statSync(path.join(this.there, name));
      return `${name} ${(mode & 0o7777).toString(8)} ${mtime.getTime() === OLD.getTime() ? 'old' : 'new'}`;
    });
  }

  /** One run; `around` wraps the destination. */
  async run(spec: Partial<TaskSpec> = {}, around = (store: Store): Store => store, retry = false) {
    const source = await this.open({}, 'source');
    const destination = await this.open({}, 'destination', this.there);
    await using context = await this.bench.context(
      { fidelity: KEEPS, ...spec },
      {
        source: () => source,
        destination: () => around(destination),
      },
    );
    const summary = await (retry ? retryFailures(context) : runTask(context));
    return { ...summary, failures: await context.journal.failures() };
  }
}

test('directories with something in them arrive with mode and time, whatever their order', async () => {
  await using b = await bench();
  await using trees = new Trees(b);
  for (const name of ['a/deep/er/file', 'a/file', 'a-b/file', 'z/only/file']) trees.put(name);
  trees.shape({ a: 0o700, 'a/deep': 0o750, 'a/deep/er': 0o777, 'a-b': 0o711, z: 0o555, 'z/only': 0o500 });
  const summary = await trees.run();
  assert.deepEqual([summary.outcome, summary.counters.copied], ['finished', 4]);
  const all = ['a', 'a/deep', 'a/deep/er', 'a-b', 'z', 'z/only'];
  assert.deepEqual(trees.arrived(...all), [
    'a 700 old',
    'a/deep 750 old',
    'a/deep/er 777 old',
    'a-b 711 old',
    'z 555 old',
    'z/only 500 old',
  ]);

  // What differs later alone is put right, and nothing else is touched.
  fs.chmodSync(trees.at('a/deep'), 0o705);
  trees.put('a/deep/er/new');
  fs.utimesSync(trees.at('a/deep/er'), OLD, OLD);
  const written: string[] = [];
  const spying = (store: Store): Store =>
    override(store, {
      write: async (key, body, options, signal) => {
        if (key.endsWith('/')) written.push(key);
        return await store.write(key, body, options, signal);
      },
    });
  assert.equal((await trees.run({}, spying)).outcome, 'finished');
  assert.deepEqual(written, ['a/deep/er/', 'a/deep/']);
  assert.deepEqual(trees.arrived('a', 'a/deep', 'a/deep/er'), ['a 700 old', 'a/deep 705 old', 'a/deep/er 777 old']);
});

test('thousands of directories do, page by page', async () => {
  await using b = await bench();
  await using trees = new Trees(b);
  const names = Array.from({ length: 1200 }, (_, i) => `d${i}`);
  for (const name of names) trees.put(`${name}/file`);
  trees.shape(Object.fromEntries(names.map((name) => [name, 0o700])));
  assert.equal((await trees.run()).outcome, 'finished');
  assert.deepEqual(new Set(trees.arrived(...names).map((line) => line.replace(/^\S+ /, ''))), new Set(['700 old']));
});

test('only directories of what the filters let pass are touched, and only as the task wants', async () => {
  await using b = await bench();
  await using trees = new Trees(b);
  for (const name of ['in/deep/a.txt', 'out/a.bin', 'mixed/a.txt', 'mixed/a.bin']) trees.put(name);
  trees.shape({ in: 0o700, 'in/deep': 0o700, out: 0o700, mixed: 0o700 });
  fs.mkdirSync(path.join(trees.there, 'out'));
  fs.chmodSync(path.join(trees.there, 'out'), 0o755);
  const filters = { ...SPEC.filters, include: ['**/*.txt'] };
  const fidelity = { ...KEEPS, modified: false };
  assert.equal((await trees.run({ filters, fidelity })).outcome, 'finished');
  assert.deepEqual(trees.arrived('in', 'in/deep', 'mixed', 'out'), [
    'in 700 new',
    'in/deep 700 new',
    'mixed 700 new',
    'out 755 new',
  ]);
  assert.deepEqual(fs.readdirSync(path.join(trees.there, 'out')), []);
});

test('one that takes no mode is a failure that can be tried again', async () => {
  await using b = await bench();
  await using trees = new Trees(b);
  for (const name of ['a/file', 'b/file']) trees.put(name);
  trees.shape({ a: 0o700, b: 0o700 });
  const refusing = (store: Store): Store =>
    override(store, {
      write: (key, body, options, signal) =>
        key === 'a/' ? Promise.reject(new FerryError('permission', { key })) : store.write(key, body, options, signal),
    });
  const first = await trees.run({}, refusing);
  assert.deepEqual([first.outcome, first.failures.map(({ key }) => key)], ['finished-with-failures', ['a/']]);
  assert.deepEqual(trees.arrived('b'), ['b 700 old']);
  const second = await trees.run({}, undefined, true);
  assert.deepEqual([second.outcome, second.failures.length], ['finished', 0]);
  assert.deepEqual(trees.arrived('a', 'b'), ['a 700 old', 'b 700 old']);
});

test('a repair leaves directories as a run would', async () => {
  await using b = await bench();
  await using trees = new Trees(b);
  trees.put('a/file');
  trees.shape({ a: 0o700 });
  await trees.run();
  fs.writeFileSync(path.join(trees.there, 'a/file'), 'altered and longer');
  const source = await trees.open({}, 'source');
  const destination = await trees.open({}, 'destination', trees.there);
  await using context = await b.context({ fidelity: KEEPS }, { source: () => source, destination: () => destination });
  const evidence = { add: () => undefined };
  const { outcome, error } = await verifyTask({ ...context, mode: 'full', repair: true, evidence });
  assert.deepEqual([outcome, error], ['finished', undefined]);
  assert.deepEqual(trees.arrived('a'), ['a 700 old']);
});

test('a directory its owner may not write to takes what is new all the same, and is closed again', async () => {
  await using b = await bench();
  await using trees = new Trees(b);
  trees.put('a/deep/file');
  trees.shape({ a: 0o700, 'a/deep': 0o555 });
  await trees.run();
  fs.chmodSync(trees.at('a/deep'), 0o755);
  trees.put('a/deep/more');
  trees.put('a/deep/below/more');
  trees.shape({ 'a/deep': 0o555 });
  // Root is refused nothing: the destination does as the kernel would to others.
  const deep = path.join(trees.there, 'a/deep');
  const closed = (store: Store): Store =>
    override(store, {
      write: async (key, body, options, signal) => {
        const refused = !key.endsWith('/') && key.startsWith('a/deep/') && (fs.statSync(deep).mode & 0o200) === 0;
        if (refused) throw new FerryError('permission', { key });
        return await store.write(key, body, options, signal);
      },
    });
  const again = await trees.run({}, closed);
  assert.deepEqual([again.outcome, again.counters.copied], ['finished', 2]);
  assert.deepEqual(trees.arrived('a', 'a/deep'), ['a 700 old', 'a/deep 555 old']);
});
