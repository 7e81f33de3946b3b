/**
 * What every StateStore does, sentence by sentence of `src/state/state-store.ts`. A new implementation calls
 * `stateSuite` and adds only what is its own: how its processes die.
 */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { isFerryError, type FerryError } from '../../src/model/errors.ts';
import { compareKeys } from '../../src/model/key.ts';
import {
  NO_COUNTERS,
  type Checkpoint,
  type FailureRecord,
  type NewTask,
  type RangeRecord,
  type StateStore,
  type TaskJournal,
  type UploadRecord,
} from '../../src/state/state-store.ts';

/** One place where state is kept; `open` as often as processes would. What it opens is closed before the place goes. */
export interface StatePlace extends AsyncDisposable {
  open(): Promise<StateStore>;
}

export const EVERYTHING: RangeRecord = { after: null, through: null, position: null, done: false };

export function newTask(name: string, more: Partial<NewTask> = {}): NewTask {
  return { name, file: `type: copy # ${name}`, identity: `identity of ${name}`, createdAt: 1000, ...more };
}

export function range(after: string | null, through: string | null, more: Partial<RangeRecord> = {}): RangeRecord {
  return { after, through, position: null, done: false, ...more };
}

export function change(more: Partial<Checkpoint> = {}): Checkpoint {
  return { ranges: [], counters: NO_COUNTERS, failed: [], resolved: [], ...more };
}

const failure = (key: string, more: Partial<FailureRecord> = {}): FailureRecord => ({
  key,
  operation: 'read',
  code: 'network',
  message: `cut while reading ${key}`,
  remedy: 'Try again.',
  size: 7,
  at: 2000,
  attempts: 10,
  ...more,
});

const upload = (key: string, more: Partial<UploadRecord> = {}): UploadRecord => ({
  key,
  uploadId: `upload of ${key}`,
  partSize: 5 * 1024 ** 2,
  size: 2 ** 40 + 1,
  sourceVersion: '"etag"',
  startedAt: 3000,
  owesTags: false,
  ...more,
});

/** Keys that have broken stores before. */
const UGLY = ['a b', 'a\0b', 'a//b', '/a', '../a', "o'r", 'ä', '\u{1F600}', '\uFFFD', '%', 'x'.repeat(1024)];

const refuses = (code: string, words = /./) => {
  return (error: FerryError): boolean => {
    assert.equal(error.code, code, error.stack);
    assert.match(error.message, words);
    return true;
  };
};

/** Runs the contract on places that `makePlace` makes; each test gets its own. */
export function stateSuite(name: string, makePlace: () => Promise<StatePlace>): void {
  const state = (title: string, body: (place: OpenPlace, t: TestContext) => Promise<void>): void => {
    test(title, async (t) => {
      await using place = await makePlace();
      await using opened = new OpenPlace(place);
      await body(opened, t);
    });
  };

  describe(`StateStore: ${name}`, () => {
    describe('tasks', () => tasks(state));
    describe('leases', () => leases(state));
    describe('passes and ranges', () => passesAndRanges(state));
    describe('failures', () => failures(state));
    describe('uploads', () => uploads(state));
    describe('facts', () => facts(state));
  });
}

type StateTest = (title: string, body: (place: OpenPlace, t: TestContext) => Promise<void>) => void;

/** Stores opened on one place, closed in reverse order. */
class OpenPlace implements AsyncDisposable {
  readonly #place: StatePlace;
  readonly #stack = new AsyncDisposableStack();

  constructor(place: StatePlace) {
    this.#place = place;
  }

  async open(): Promise<StateStore> {
    return this.#stack.use(await this.#place.open());
  }

  /** A store with a task `t`, its lease and its journal. */
  async begin(): Promise<{ store: StateStore; journal: TaskJournal }> {
    const store = await this.open();
    await store.createTask(newTask('t'));
    return { store, journal: await store.journal(await store.lease('t', 'me')) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

function tasks(state: StateTest): void {
  state('a task is created once and found again by every process', async (place) => {
    const store = await place.open();
    assert.equal(await store.getTask('t'), undefined);
    const made = await store.createTask(newTask('t'));
    assert.deepEqual(
      { ...made },
      {
        ...newTask('t'),
        state: 'created',
        passes: 0,
        baseline: undefined,
        startedAt: undefined,
        endedAt: undefined,
        counters: NO_COUNTERS,
        error: undefined,
        holder: undefined,
      },
    );
    const other = await place.open();
    assert.deepEqual(await other.getTask('t'), made);
    assert.deepEqual(await other.createTask(newTask('t', { createdAt: 9999 })), made, 'the first creation counts');
  });

  state('a changed task file is taken over, another identity is refused', async (place) => {
    const store = await place.open();
    await store.createTask(newTask('t'));
    assert.equal((await store.createTask(newTask('t', { file: 'workers: 3' }))).file, 'workers: 3');
    assert.equal((await store.getTask('t'))?.file, 'workers: 3');
    await assert.rejects(store.createTask(newTask('t', { identity: 'other' })), refuses('task-mismatch', /"t"/));
  });

  state('tasks are listed in name order', async (place) => {
    const store = await place.open();
    for (const name of ['b', 'a.1', 'B', 'a-1', '0']) await store.createTask(newTask(name));
    assert.deepEqual(
      (await store.listTasks()).map((task) => task.name),
      ['0', 'B', 'a-1', 'a.1', 'b'],
    );
  });

  state('a name is 1 to 128 of the characters A-Z a-z 0-9 . _ -', async (place) => {
    const store = await place.open();
    for (const name of ['', 'a/b', 'a b', '../a', 'ä', 'x'.repeat(129)])
      await assert.rejects(store.createTask(newTask(name)), refuses('configuration'));
    for (const name of ['.', '..', '-', 'x'.repeat(128)]) {
      await store.createTask(newTask(name));
      await using lease = await store.lease(name, 'me');
      assert.equal(lease.name, name);
    }
  });

  state('a lease deletes its own task only', async (place) => {
    const { store, journal } = await place.begin();
    await journal.beginPass([EVERYTHING], 1);
    await journal.checkpoint(change({ failed: [failure('k')] }));
    await journal.beginUpload(upload('k'));
    await journal.recordPart('k', { number: 1, etag: 'e', size: 1 });
    await journal.setFact('f', 1);
    await journal.interrupt('interrupted', 2);
    const second = await place.open();
    await store.createTask(newTask('other'));
    await using wrong = await store.lease('other', 'me');
    await store.deleteTask(wrong);
    assert.equal((await store.getTask('t'))?.state, 'interrupted', 'another task is untouched');

    await using reader = await place.open();
    assert.ok(await reader.getTask('t'));
    await assert.rejects(second.lease('t', 'you'), refuses('task-running'), 'held until it is deleted');
  });

  state('deleting needs the lease, ends it, and leaves nothing for a task of the same name', async (place) => {
    const store = await place.open();
    await store.createTask(newTask('t'));
    const lease = await store.lease('t', 'me');
    const journal = await store.journal(lease);
    await journal.beginPass([EVERYTHING], 1);
    await journal.checkpoint(change({ failed: [failure('k'), failure('l')] }));
    await journal.withdraw(['l']);
    await journal.beginUpload(upload('k'));
    await journal.setFact('f', 1);
    await store.deleteTask(lease);
    assert.equal(await store.getTask('t'), undefined);
    await assert.rejects(store.failures('t'), refuses('task-not-found'));
    await assert.rejects(store.failureGroups('t'), refuses('task-not-found'));
    await assert.rejects(store.doubted('t'), refuses('task-not-found'));
    await assert.rejects(store.uploads('t'), refuses('task-not-found'));
    await assert.rejects(store.openRanges('t', 1), refuses('task-not-found'));
    await assert.rejects(store.getFact('t', 'f'), refuses('task-not-found'));
    await assert.rejects(store.lease('t', 'me'), refuses('task-not-found', /"t"/));
    await assert.rejects(journal.setFact('f', 2), refuses('task-running'));
    await assert.rejects(store.deleteTask(lease), refuses('task-running'));

    await store.createTask(newTask('t', { identity: 'another now' }));
    const next = await store.journal(await store.lease('t', 'me'));
    assert.equal(next.task.state, 'created');
    assert.deepEqual(await next.doubted(), []);
    assert.deepEqual(await next.ranges(), []);
    assert.deepEqual(await next.failures(), []);
    assert.deepEqual(await next.uploads(), []);
    assert.equal(await next.getFact('f'), undefined);
    await assert.rejects(journal.setFact('f', 2), refuses('task-running'), 'the old journal is dead for good');
  });
}

function leases(state: StateTest): void {
  state('one process at a time; the other is told who holds the task and since when', async (place) => {
    const [a, b] = [await place.open(), await place.open()];
    await a.createTask(newTask('t'));
    const lease = await a.lease('t', 'host-1 pid 17');
    await assert.rejects(b.lease('t', 'host-1 pid 18'), refuses('task-running', /"t".*host-1 pid 17 since \d{4}-/));
    await assert.rejects(a.lease('t', 'host-1 pid 17'), refuses('task-running'), 'not twice by one process either');
    assert.equal((await b.getTask('t'))?.holder, 'host-1 pid 17');
    assert.equal((await a.listTasks())[0]?.holder, 'host-1 pid 17');
    await lease[Symbol.asyncDispose]();
    assert.equal((await b.getTask('t'))?.holder, undefined);
    await using next = await b.lease('t', 'host-1 pid 18');
    assert.ok(next.token > lease.token, 'a fencing token grows');
    assert.equal(lease.lost.aborted, false, 'given back is not lost');
  });

  state('tasks are held independently', async (place) => {
    const [a, b] = [await place.open(), await place.open()];
    await a.createTask(newTask('t'));
    await a.createTask(newTask('u'));
    await using one = await a.lease('t', 'a');
    await using two = await b.lease('u', 'b');
    assert.deepEqual([one.name, two.name], ['t', 'u']);
  });

  state('a lease that was given back writes no more', async (place) => {
    const store = await place.open();
    await store.createTask(newTask('t'));
    const lease = await store.lease('t', 'me');
    const journal = await store.journal(lease);
    await journal.beginPass([EVERYTHING], 1);
    await journal.beginUpload(upload('k'));
    await lease[Symbol.asyncDispose]();
    await lease[Symbol.asyncDispose]();
    for (const write of everyWrite(journal)) await assert.rejects(write, refuses('task-running', /"t"/));
    assert.equal((await journal.ranges()).length, 1, 'nothing was written');
  });

  state('of many who want a task at once exactly one gets it', async (place) => {
    const stores = await Promise.all(Array.from({ length: 6 }, () => place.open()));
    await stores[0]!.createTask(newTask('t'));
    const outcomes = await Promise.allSettled(stores.map((store, i) => store.lease('t', `process ${i}`)));
    assert.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 1);
  });
}

/** A call of every method that writes; each is to be refused. */
export function everyWrite(journal: TaskJournal): (() => Promise<void>)[] {
  return [
    () => journal.beginPass([EVERYTHING], 5),
    () => journal.checkpoint(change()),
    () => journal.endPass('finished', 5),
    () => journal.interrupt('interrupted', 5),
    () => journal.withdraw(['k']),
    () => journal.intendUpload({ key: 'new', since: 1, until: 2 }),
    () => journal.settleUploadIntents('k'),
    () => journal.beginUpload(upload('new')),
    () => journal.recordPart('k', { number: 1, etag: 'e', size: 1 }),
    () => journal.endUpload('k'),
    () => journal.setFact('f', 1),
  ];
}

function passesAndRanges(state: StateTest): void {
  state('a pass goes from created to finished, and its beginning becomes the baseline', async (place) => {
    const { store, journal } = await place.begin();
    assert.deepEqual(await journal.ranges(), []);
    await journal.beginPass([EVERYTHING], 5000);
    assert.equal(journal.task.state, 'running');
    assert.deepEqual(await journal.ranges(), [EVERYTHING]);
    const counters = { ...NO_COUNTERS, listed: 3, copied: 2, copiedBytes: 2 ** 50 };
    await journal.checkpoint(change({ ranges: [range(null, null, { done: true })], counters }));
    await journal.endPass('finished', 6000);
    const { passes, baseline, startedAt, endedAt, ...rest } = (await store.getTask('t'))!;
    assert.deepEqual(
      { passes, baseline, startedAt, endedAt },
      { passes: 1, baseline: 5000, startedAt: 5000, endedAt: 6000 },
    );
    assert.deepEqual(rest.counters, counters, 'counters of the last pass stay');
    assert.equal(rest.state, 'finished');
    assert.deepEqual(await journal.ranges(), []);

    await journal.beginPass([EVERYTHING], 7000);
    assert.deepEqual(journal.task.counters, NO_COUNTERS);
    assert.equal(journal.task.baseline, 5000, 'of the last finished pass, not of the one under way');
    assert.equal(journal.task.endedAt, undefined);
  });

  state('where a pass is can be read without its lease, also when it stands still', async (place) => {
    const { store, journal } = await place.begin();
    assert.deepEqual(await store.openRanges('t', 10), { ranges: [], count: 0 });
    await journal.beginPass([EVERYTHING], 1);
    const rest = [range('m', 't', { position: 'n' }), range('t', null)];
    await journal.checkpoint(change({ ranges: [range(null, 'm', { done: true }), ...rest] }));
    const reader = await place.open();
    assert.deepEqual(await reader.openRanges('t', 10), { ranges: rest, count: 2 });
    assert.deepEqual(await reader.openRanges('t', 1), { ranges: rest.slice(0, 1), count: 2 });
    await journal.interrupt('interrupted', 2);
    assert.equal((await reader.openRanges('t', 10)).count, 2);
    await journal.beginPass([EVERYTHING], 3);
    await journal.checkpoint(change({ ranges: [range(null, null, { done: true })] }));
    await journal.endPass('finished', 4);
    assert.deepEqual(await reader.openRanges('t', 10), { ranges: [], count: 0 });
  });

  state('a pass that failed half way moves neither the count nor the baseline', async (place) => {
    const { journal } = await place.begin();
    await journal.beginPass([EVERYTHING], 5000);
    await journal.checkpoint(change({ ranges: [range(null, 'm', { done: true }), range('m', null)] }));
    await journal.endPass('failed', 6000, { code: 'network', message: 'cut' });
    assert.equal(journal.task.state, 'failed');
    assert.equal(journal.task.passes, 0);
    assert.equal(journal.task.baseline, undefined);
    assert.deepEqual(journal.task.error, { code: 'network', message: 'cut' });

    await journal.checkpoint(change({ counters: { ...NO_COUNTERS, retried: 1 } }));
    assert.equal(journal.task.state, 'failed', 'retrying what failed is no new pass');
    assert.equal(journal.task.counters.retried, 1);
    await journal.endPass('finished', 7000);
    assert.equal(journal.task.baseline, undefined, 'half a pass is nothing to build on, whatever was repaired');
    assert.equal(journal.task.passes, 0, 'and retrying is no pass');
    assert.equal(journal.task.error, undefined);
  });

  state('a pass that dealt with every key moves the baseline though objects failed', async (place) => {
    const { journal } = await place.begin();
    await journal.beginPass([EVERYTHING], 5000);
    await journal.checkpoint(change({ ranges: [range(null, null, { done: true })], failed: [failure('k')] }));
    await journal.interrupt('failed', 5500);
    assert.equal(journal.task.baseline, undefined, 'not before it is over');
    await journal.endPass('failed', 6000);
    assert.deepEqual([journal.task.state, journal.task.passes, journal.task.baseline], ['failed', 0, 5000]);
    await journal.checkpoint(change({ resolved: ['k'] }));
    await journal.endPass('finished', 7000);
    assert.deepEqual([journal.task.state, journal.task.passes, journal.task.baseline], ['finished', 0, 5000]);
  });

  state('an interrupted pass goes on where it stopped, in another process', async (place) => {
    const first = await place.open();
    await first.createTask(newTask('t'));
    const lease = await first.lease('t', 'me');
    const journal = await first.journal(lease);
    await journal.beginPass([EVERYTHING], 5000);
    const cut = [range(null, 'm', { position: 'c' }), range('m', null)];
    const counters = { ...NO_COUNTERS, listed: 10 };
    await journal.checkpoint(change({ ranges: cut, counters }));
    await journal.interrupt('interrupted', 6000, { code: 'interrupted', message: 'Ctrl-C' });
    await lease[Symbol.asyncDispose]();

    const second = await place.open();
    assert.equal((await second.getTask('t'))?.state, 'interrupted');
    const next = await second.journal(await second.lease('t', 'you'));
    assert.deepEqual(await next.ranges(), cut);
    assert.deepEqual(next.task.counters, counters);
    assert.equal(next.task.startedAt, 5000);
    await next.checkpoint(change({ ranges: [range('m', null, { position: 'p' })], counters }));
    assert.equal(next.task.state, 'running');
  });

  state('finished neighbours are merged, whatever order they finish in', async (place) => {
    const { journal } = await place.begin();
    await journal.beginPass([EVERYTHING], 1);
    const done = { done: true };
    await journal.checkpoint(
      change({ ranges: [range('c', null), range('a', 'b'), range('b', 'c'), range(null, 'a')] }),
    );
    await journal.checkpoint(change({ ranges: [range('b', 'c', done)] }));
    await journal.checkpoint(change({ ranges: [range(null, 'a', done)] }));
    assert.equal((await journal.ranges()).length, 4);
    await journal.checkpoint(change({ ranges: [range('a', 'b', done)] }));
    assert.deepEqual(await journal.ranges(), [range(null, 'c', { position: 'c', done: true }), range('c', null)]);
    await journal.checkpoint(change({ ranges: [range('a', 'b', done), range(null, 'a', done)] }));
    assert.equal((await journal.ranges()).length, 2, 'to tell it again changes nothing');
  });

  state('no change of the ranges can lose or double a key', async (place) => {
    const { journal } = await place.begin();
    const begun = [range(null, 'f'), range('f', 'm', { done: true }), range('m', 'z')];
    await journal.beginPass(begun, 1);
    const kept = await journal.ranges();
    const wrong: RangeRecord[][] = [
      [range(null, 'c')],
      [range(null, 'c'), range('d', 'f')],
      [range(null, 'c'), range('c', 'e')],
      [range(null, 'c'), range('c', 'g')],
      [range('a', 'b')],
      [range(null, 'g')],
      [range(null, null)],
      [range('f', 'm')],
      [range('z', null)],
      [range('m', 'm')],
      [range('m', 'z', { done: true }), range('zz', 'zzz')],
    ];
    for (const ranges of wrong) {
      await assert.rejects(journal.checkpoint(change({ ranges, failed: [failure('k')] })), refuses('internal'));
      assert.deepEqual(await journal.ranges(), kept, JSON.stringify(ranges));
    }
    assert.deepEqual(await journal.failures(), [], 'a refused checkpoint writes nothing at all');
    await assert.rejects(journal.beginPass([range(null, 'f'), range('e', null)], 2), refuses('internal', /overlap/));
  });

  state(
    'under any sequence of cuts and progress every key is in exactly one range, as done as it was made',
    async (place) => {
      const { journal } = await place.begin();
      const alphabet = ['a', 'b', 'c', 'd', 'e', 'f', 'g', '\u{1F600}', '\uFFFD'].sort(compareKeys);
      const step = fc.record({ pick: fc.nat(), cut: fc.nat(), finish: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
          await journal.beginPass([EVERYTHING], 1);
          let model: RangeRecord[] = [EVERYTHING];
          for (const { pick, cut, finish } of steps) {
            const open = model.filter((entry) => !entry.done);
            const target = open[pick % open.length];
            if (!target) break;
            const at = alphabet[cut % alphabet.length]!;
            const inside =
              (target.after === null || compareKeys(at, target.after) > 0) &&
              (target.through === null || compareKeys(at, target.through) < 0);
            const pieces = inside
              ? [range(target.after, at, { done: finish }), range(at, target.through)]
              : [{ ...target, done: finish }];
            model = model.flatMap((entry) => (entry === target ? pieces : [entry]));
            await journal.checkpoint(change({ ranges: pieces.toReversed() }));
          }
          const stored = await journal.ranges();
          for (const key of alphabet) {
            const holds = (entry: RangeRecord): boolean =>
              (entry.after === null || compareKeys(key, entry.after) > 0) &&
              (entry.through === null || compareKeys(key, entry.through) <= 0);
            assert.equal(stored.filter(holds).length, 1, key);
            assert.equal(stored.find(holds)?.done, model.find(holds)?.done, key);
          }
          const finished = stored.filter((entry, i) => entry.done && stored[i + 1]?.done === true);
          assert.deepEqual(finished, [], 'no two finished neighbours');
        }),
        { numRuns: 40 },
      );
    },
  );

  state('keys of any bytes bound ranges, in the order of their bytes', async (place) => {
    const { journal } = await place.begin();
    const bounds = [...UGLY].sort(compareKeys);
    const ranges = [null, ...bounds].map((after, i) =>
      range(after, bounds[i] ?? null, { position: bounds[i] ?? 'zz' }),
    );
    await journal.beginPass(ranges.toReversed(), 1);
    assert.deepEqual(await journal.ranges(), ranges);
  });
}

function failures(state: StateTest): void {
  state('failures are kept until resolved, repaired or forgotten by the next pass', async (place) => {
    const { store, journal } = await place.begin();
    await journal.beginPass([EVERYTHING], 1);
    await journal.checkpoint(change({ failed: [failure('b'), failure('a', { size: undefined }), failure('c')] }));
    assert.deepEqual(await store.failures('t'), [failure('a', { size: undefined }), failure('b'), failure('c')]);
    assert.deepEqual(await store.failuresOf('t', ['c', 'aa', 'b']), [failure('c'), failure('b')]);
    await journal.checkpoint(change({ failed: [failure('c', { attempts: 20 })], resolved: ['b', 'never failed'] }));
    assert.deepEqual(
      (await journal.failures()).map((entry) => [entry.key, entry.attempts]),
      [
        ['a', 10],
        ['c', 20],
      ],
    );
    await journal.endPass('finished', 2);
    assert.equal((await store.failures('t')).length, 2, 'they outlive the pass');
    await journal.beginPass([EVERYTHING], 3);
    assert.deepEqual(await store.failures('t'), []);
  });

  state('what failed stays in doubt until another pass has dealt with every key', async (place) => {
    const { store, journal } = await place.begin();
    const done = [range(null, null, { done: true })];
    const inDoubt = async (): Promise<readonly string[]> => {
      const keys = await journal.doubted();
      assert.deepEqual(await store.doubted('t'), keys, 'and without a lease');
      return keys;
    };
    assert.deepEqual(await inDoubt(), []);
    await journal.beginPass([EVERYTHING], 1);
    await journal.checkpoint(change({ ranges: done, failed: [failure('b'), failure('d'), failure('r')] }));
    await journal.endPass('failed', 2);
    assert.deepEqual(await inDoubt(), ['b', 'd', 'r']);
    await journal.checkpoint(change({ resolved: ['r'] }));
    assert.deepEqual(await inDoubt(), ['b', 'd'], 'not what was repaired since');

    await journal.beginPass([EVERYTHING], 3);
    assert.deepEqual(await store.failures('t'), [], 'nothing failed in this pass');
    assert.deepEqual(await store.failureGroups('t'), []);
    assert.deepEqual(await inDoubt(), ['b', 'd']);
    await journal.checkpoint(change({ failed: [failure('a'), failure('b')] }));
    assert.deepEqual(await inDoubt(), ['a', 'b', 'd'], 'each once');
    await journal.checkpoint(change({ resolved: ['a', 'b'] }));
    assert.deepEqual(await inDoubt(), ['b', 'd'], 'until the pass is over');
    await journal.interrupt('interrupted', 4);
    await journal.endPass('failed', 5);
    assert.deepEqual(await inDoubt(), ['b', 'd'], 'a pass that was given up settles nothing');

    await journal.beginPass([EVERYTHING], 6);
    await journal.checkpoint(change({ ranges: done, failed: [failure('c')] }));
    await journal.endPass('failed', 7);
    assert.deepEqual(await inDoubt(), ['c']);
    await journal.beginPass([EVERYTHING], 8);
    await journal.endPass('finished', 9);
    assert.deepEqual(await inDoubt(), []);
  });

  state('a failure that is withdrawn is none, but in doubt', async (place) => {
    const { store, journal } = await place.begin();
    await journal.beginPass([EVERYTHING], 1);
    await journal.checkpoint(change({ failed: [failure('a'), failure('b')] }));
    await journal.withdraw(['b']);
    await journal.withdraw(['b']);
    assert.deepEqual(
      (await store.failures('t')).map(({ key }) => key),
      ['a'],
    );
    assert.deepEqual(await journal.doubted(), ['a', 'b']);
  });

  state('keys in doubt come in key order from any key on, page by page, whatever the keys', async (place) => {
    const { journal } = await place.begin();
    await journal.checkpoint(change({ failed: UGLY.map((key) => failure(key)) }));
    await journal.withdraw(UGLY.filter((_, i) => i % 2 === 0));
    const sorted = [...UGLY].sort(compareKeys);
    for (const [i, from] of sorted.entries()) {
      assert.deepEqual(await journal.doubted({ from, limit: 3 }), sorted.slice(i, i + 3));
    }
    assert.deepEqual(await journal.doubted({ from: '\u{10FFFF}' }), []);
  });

  state('failures come in key order, page by page, whatever the keys', async (place) => {
    const { store, journal } = await place.begin();
    await journal.checkpoint(change({ failed: UGLY.map((key) => failure(key)) }));
    const seen: string[] = [];
    for (let page = await store.failures('t', { limit: 3 }); page.length > 0;) {
      assert.ok(page.length <= 3);
      seen.push(...page.map((entry) => entry.key));
      page = await store.failures('t', { after: seen.at(-1)!, limit: 3 });
    }
    assert.deepEqual(seen, [...UGLY].sort(compareKeys));
  });

  state('a page has 1,000 failures where no limit is given', async (place) => {
    const { journal } = await place.begin();
    await journal.checkpoint(change({ failed: Array.from({ length: 1001 }, (_, i) => failure(`k${i}`)) }));
    assert.equal((await journal.failures()).length, 1000);
    assert.equal((await journal.failures({ limit: 1_000_000 })).length, 1001);
  });

  state('failures are grouped by code, the most frequent first, with a few as they were recorded', async (place) => {
    const { store, journal } = await place.begin();
    const many = Array.from({ length: 20 }, (_, i) => failure(`k${String(i).padStart(2, '0')}`));
    const one = failure('a', { code: 'access-denied', remedy: 'Grant read.' });
    await journal.checkpoint(change({ failed: [one, ...many] }));
    const [network, denied, ...none] = await store.failureGroups('t');
    assert.equal(network?.code, 'network');
    assert.equal(network.count, 20);
    assert.deepEqual(
      network.examples.slice(0, 2).map(({ key }) => key),
      ['k00', 'k01'],
    );
    assert.ok(network.examples.length < 20);
    const { key, message, remedy } = one;
    assert.deepEqual(denied, { code: 'access-denied', count: 1, examples: [{ key, message, remedy }] });
    assert.deepEqual(none, []);
  });
}

function uploads(state: StateTest): void {
  state('an upload and its parts are there for the next run', async (place) => {
    const first = await place.open();
    await first.createTask(newTask('t'));
    const lease = await first.lease('t', 'me');
    const journal = await first.journal(lease);
    await journal.beginUpload(upload('big', { owesTags: true }));
    const full = { number: 2, etag: 'e2', size: 5, checksums: { crc64nvme: '00ff' } };
    await Promise.all([
      journal.recordPart('big', full),
      journal.recordPart('big', { number: 1, etag: 'e1', size: 5 }),
      journal.recordPart('big', { number: 10_000, etag: 'e3', size: 1 }),
    ]);
    await lease[Symbol.asyncDispose]();

    const second = await place.open();
    const next = await second.journal(await second.lease('t', 'you'));
    assert.deepEqual(await next.uploads(), [upload('big', { owesTags: true })]);
    assert.deepEqual(await first.uploads('t'), [upload('big', { owesTags: true })], 'and without a lease');
    const found = await next.upload('big');
    assert.deepEqual(found?.upload, upload('big', { owesTags: true }));
    assert.deepEqual(
      found.parts.map((part) => part.number),
      [1, 2, 10_000],
    );
    assert.deepEqual(found.parts[1], full);
    assert.equal(await next.upload('other'), undefined);
    await next.endUpload('big');
    await next.endUpload('big');
    assert.deepEqual(await next.uploads(), []);
    assert.equal(await next.upload('big'), undefined);
  });

  state('a new upload of a key replaces the old one and its parts; a part may be uploaded again', async (place) => {
    const { journal } = await place.begin();
    await journal.beginUpload(upload('k'));
    await journal.recordPart('k', { number: 1, etag: 'old', size: 5 });
    await journal.recordPart('k', { number: 1, etag: 'again', size: 5 });
    assert.equal((await journal.upload('k'))?.parts[0]?.etag, 'again');
    await journal.beginUpload(upload('k', { uploadId: 'second' }));
    assert.deepEqual(await journal.upload('k'), { upload: upload('k', { uploadId: 'second' }), parts: [] });
  });

  state('what was intended is there for the next run until its upload is recorded, or it is settled', async (place) => {
    const first = await place.open();
    await first.createTask(newTask('t'));
    const lease = await first.lease('t', 'me');
    const journal = await first.journal(lease);
    const intents = [1, 2.5, 3].map((since) => ({ key: 'k', since, until: since + 10 }));
    await Promise.all(intents.map((intent) => journal.intendUpload(intent)));
    await journal.intendUpload({ key: 'other', since: 2, until: 3 });
    await journal.intendUpload({ key: 'other', since: 2, until: 4 });
    await journal.beginUpload(upload('k', { startedAt: 2.5 }));
    await lease[Symbol.asyncDispose]();

    const second = await place.open();
    const next = await second.journal(await second.lease('t', 'you'));
    const left = [intents[0], intents[2]];
    assert.deepEqual(await next.uploadIntents(), [...left, { key: 'other', since: 2, until: 4 }]);
    await next.settleUploadIntents('other');
    assert.deepEqual(await next.uploadIntents(), left);
  });

  state('an upload recorded by any task is known by its id', async (place) => {
    const { store, journal } = await place.begin();
    await store.createTask(newTask('another'));
    const another = await store.journal(await store.lease('another', 'me'));
    await another.beginUpload(upload('k', { uploadId: 'theirs' }));
    assert.deepEqual([await journal.knowsUpload('theirs'), await journal.knowsUpload('k')], [true, false]);
    await another.endUpload('k');
    assert.equal(await journal.knowsUpload('theirs'), false);
  });

  state('a part of no upload is refused and takes no other with it', async (place) => {
    const { journal } = await place.begin();
    await journal.beginUpload(upload('k'));
    const [good, bad] = await Promise.allSettled([
      journal.recordPart('k', { number: 1, etag: 'e', size: 5 }),
      journal.recordPart('unknown', { number: 1, etag: 'e', size: 5 }),
    ]);
    assert.equal(good.status, 'fulfilled');
    assert.ok(bad.status === 'rejected' && isFerryError(bad.reason, 'internal'));
    assert.equal((await journal.upload('k'))?.parts.length, 1);
  });

  state('a part recorded before an upload ends does not come back after it', async (place) => {
    const { journal } = await place.begin();
    await journal.beginUpload(upload('k'));
    const part = journal.recordPart('k', { number: 1, etag: 'e', size: 5 });
    await journal.endUpload('k');
    await part;
    assert.equal(await journal.upload('k'), undefined);
  });

  state('uploads outlive passes, and their keys are of any bytes', async (place) => {
    const { journal } = await place.begin();
    await journal.beginPass([EVERYTHING], 1);
    for (const key of UGLY) await journal.beginUpload(upload(key));
    await journal.endPass('finished', 2);
    await journal.beginPass([EVERYTHING], 3);
    assert.deepEqual(
      (await journal.uploads()).map((entry) => entry.key),
      [...UGLY].sort(compareKeys),
    );
  });
}

function facts(state: StateTest): void {
  state('facts are kept as they were given', async (place) => {
    const { journal, store } = await place.begin();
    assert.equal(await journal.getFact('f'), undefined);
    for (const value of [{ a: [1, null, 'ä'] }, 'text', 0, null, false]) {
      await journal.setFact('f', value);
      assert.deepEqual(await journal.getFact('f'), value);
      assert.deepEqual(await store.getFact('t', 'f'), value, 'and without a lease');
    }
    await journal.setFact('f', undefined);
    assert.equal(await journal.getFact('f'), undefined);
  });
}
