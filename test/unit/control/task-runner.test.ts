// Which task runs when, what becomes of it, and what a process that ended leaves to the next.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Problem } from '../../../src/control/api/problem.ts';
import { LiveHub } from '../../../src/control/live/hub.ts';
import { TaskDesk } from '../../../src/control/tasks/desk.ts';
import { Series } from '../../../src/control/tasks/series.ts';
import { stateOf } from '../../../src/control/tasks/resource.ts';
import { TaskRunner } from '../../../src/control/tasks/runner.ts';
import type { JournaledContext } from '../../../src/engine/engine.ts';
import type { RunSummary } from '../../../src/engine/progress.ts';
import { FerryError } from '../../../src/model/errors.ts';
import type { Log } from '../../../src/observe/log.ts';
import { openState } from '../../../src/state/sqlite/open.ts';
import { NO_COUNTERS, type StateStore } from '../../../src/state/state-store.ts';
import { SharedLimits } from '../../../src/store/layers/shared-limits.ts';
import { compose } from '../../../src/store/compose.ts';
import { memoryDriver } from '../../../src/stores/memory/driver.ts';
import { identityOf } from '../../../src/tasks/identity.ts';
import type { Stores, TaskServices } from '../../../src/tasks/services.ts';
import { SocketHttpClient } from '../../../src/wire/http/socket-client.ts';
import { copySpec } from '../../peers/task-spec.ts';
import { FakeClock } from '../store/fake-clock.ts';

/** A run of the engine that goes on until the test ends it, or it is stopped. */
interface EngineRun {
  readonly context: JournaledContext;
  end(outcome: RunSummary['outcome'], error?: FerryError): Promise<void>;
}

class Bench implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'ferry-runner-'));
  readonly clock = new FakeClock();
  readonly hub = new LiveHub();
  readonly shared = new SharedLimits(this.clock);
  /** Runs that were begun, in order. */
  readonly runs: EngineRun[] = [];
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  /** What a run that is stopped waits for. */
  stopping = Promise.resolve();
  state!: StateStore;
  desk!: TaskDesk;
  runner!: TaskRunner;
  now = 1_000;
  /** Nothing can be written into the queue. */
  full = false;
  /** Thrown where a task is read. */
  unreadable: FerryError | undefined;

  static async start(atOnce: number, before: (bench: Bench) => Promise<void> = async () => undefined): Promise<Bench> {
    const bench = new Bench();
    bench.state = await openState(join(bench.folder, 'ferry.db'), { now: () => bench.now });
    await before(bench);
    const { hub, clock, state } = bench;
    const change = state.queue.change.bind(state.queue);
    state.queue.change = async (...how) => {
      if (bench.full) throw new FerryError('disk-full');
      return await change(...how);
    };
    const services = bench.#services();
    bench.runner = new TaskRunner({
      services,
      queue: state.queue,
      hub,
      clock,
      shared: bench.shared,
      atOnce,
      observe: () => undefined,
    });
    bench.desk = new TaskDesk({ services, state, runner: bench.runner, readNew: () => assert.fail('not asked for') });
    await bench.runner.start();
    return bench;
  }

  async add(name: string, priority = 5, work: unknown = { what: 'run' }): Promise<void> {
    await using stores = await this.#stores(name);
    const identity = identityOf(copySpec('memory'), stores);
    const task = { name, file: name, identity, createdAt: this.now++ };
    await this.state.queue.create(task, { priority, work });
    this.runner?.nudge();
  }

  /** Resolves when so many runs were begun. */
  async begun(count: number): Promise<EngineRun> {
    if (this.runs.length < count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push({ count, resolve });
      await promise;
    }
    return this.runs[count - 1]!;
  }

  async shown(name: string): Promise<string> {
    return stateOf((await this.state.queue.get(name))!);
  }

  /** Resolves when the task is told of as in that state. */
  async told(name: string, state: string): Promise<void> {
    if ((await this.shown(name)) === state && this.runner.active(name) === undefined) return;
    for await (const event of this.hub.events(0, new AbortController().signal)) {
      if (event === 'missed' || event.subject !== name) continue;
      if ((await this.shown(name)) === state && this.runner.active(name) === undefined) return;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runner[Symbol.asyncDispose]();
    await this.state[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true });
  }

  async #stores(name: string): Promise<Stores> {
    const driver = memoryDriver();
    const context = { http: new SocketHttpClient(), env: {}, now: Date.now, tmpdir: () => this.folder };
    const open = async (side: string): Promise<Stores['source']> =>
      compose(await driver.open({ type: 'memory', path: '', options: { name: `${name} ${side}` } }, context));
    const [source, destination] = [await open('from'), await open('to')];
    return { source, destination, [Symbol.asyncDispose]: async () => undefined };
  }

  #services(): TaskServices {
    const silent = (): void => undefined;
    const log: Log = { wants: () => false, debug: silent, info: silent, warn: silent, error: silent, fatal: silent, child: () => log }; // prettier-ignore
    let reading = '';
    const work = async (context: JournaledContext): Promise<RunSummary> => {
      const { promise, resolve } = Promise.withResolvers<RunSummary>();
      const summary = (outcome: RunSummary['outcome'], error?: FerryError): RunSummary => ({ task: context.task, outcome, counters: NO_COUNTERS, elapsed: 0, bytesMoved: 0, losses: {}, error }); // prettier-ignore
      await context.journal.beginPass([{ after: null, through: null, position: null, done: false }], this.now);
      context.signal.addEventListener('abort', () => {
        void (async () => {
          await this.stopping;
          await context.journal.interrupt('interrupted', this.now);
          resolve(summary('interrupted'));
        })();
      });
      this.runs.push({
        context,
        end: async (outcome, error) => {
          const told = error && { code: error.code, message: error.message };
          await context.journal.endPass(outcome === 'finished' ? 'finished' : 'failed', this.now++, told);
          resolve(summary(outcome, error));
        },
      });
      for (const { count, resolve: tell } of this.#waiting) if (this.runs.length >= count) tell();
      return await promise;
    };
    const unused = (): never => assert.fail('not asked for');
    return {
      home: this.folder,
      version: '0',
      now: () => this.now,
      random: () => 0.5,
      tmpdir: () => this.folder,
      removeAbandoned: () => 0,
      holder: 'this test',
      log,
      engine: { run: work, retryFailures: work, plan: unused, verify: unused, check: unused, cleanUploads: unused, dropOrphans: unused }, // prettier-ignore
      state: async () => this.state,
      parseTask: async (text) => {
        if (this.unreadable) throw this.unreadable;
        reading = text;
        return { spec: copySpec('memory'), text, secrets: [] };
      },
      openStores: async () => await this.#stores(reading),
    };
  }
}

test('so many at once; the others wait by priority and then by time', async () => {
  await using bench = await Bench.start(1);
  await bench.add('first');
  const first = await bench.begun(1);
  await bench.add('later');
  await bench.add('latest');
  await bench.add('urgent', 9);
  await first.end('finished');
  const second = await bench.begun(2);
  assert.equal(second.context.task, 'urgent');
  await second.end('finished');
  assert.equal((await bench.begun(3)).context.task, 'later');
  assert.equal(await bench.shown('latest'), 'queued');
  assert.equal(await bench.shown('first'), 'finished');
});

test('what ends badly says so: a run in its state, what never began in the queue', async () => {
  await using bench = await Bench.start(2);
  await bench.add('broken');
  await (await bench.begun(1)).end('failed', new FerryError('network', { message: 'no way there' }));
  await bench.told('broken', 'failed');
  const broken = (await bench.state.queue.get('broken'))!;
  assert.equal(broken.state, 'idle');
  assert.equal(broken.record.error?.message, 'no way there');
  bench.unreadable = new FerryError('configuration', { message: 'the store is gone' });
  await bench.add('never');
  await bench.told('never', 'failed');
  const never = (await bench.state.queue.get('never'))!;
  assert.equal(never.state, 'failed');
  assert.match(JSON.stringify(never.result), /the store is gone/);
});

test('whoever has run for a turn gives its place to who waits, and goes on afterwards', async () => {
  await using bench = await Bench.start(1);
  await bench.add('long');
  const long = await bench.begun(1);
  bench.now += 700_000;
  await bench.clock.advance(10_000);
  assert.equal(long.context.signal.aborted, false, 'nobody waits');
  await bench.add('less', 4);
  await bench.clock.advance(10_000);
  assert.equal(long.context.signal.aborted, false, 'who waits is of lower priority');
  await bench.add('same');
  await bench.clock.advance(10_000);
  const same = await bench.begun(2);
  assert.equal(same.context.task, 'same');
  assert.equal(await bench.shown('long'), 'queued');
  await same.end('finished');
  assert.equal((await bench.begun(3)).context.task, 'long');
});

test('a task that another process works on waits until it is free', async () => {
  let elsewhere: AsyncDisposable | undefined;
  await using bench = await Bench.start(2, async (early) => {
    await early.add('taken');
    const other = await openState(join(early.folder, 'ferry.db'));
    await other.lease('taken', 'somebody else');
    elsewhere = other;
  });
  await bench.told('taken', 'queued');
  assert.equal((await bench.state.queue.get('taken'))!.record.holder, 'somebody else');
  await elsewhere![Symbol.asyncDispose]();
  await bench.clock.advance(6_000);
  assert.equal((await bench.begun(1)).context.task, 'taken');
});

test('what a killed process left is taken up, but for what had ended', async () => {
  const told: string[] = [];
  const listening = new AbortController();
  await using bench = await Bench.start(3, async (early) => {
    for (const name of ['cut', 'ended', 'paused']) await early.add(name);
    for (const name of ['cut', 'ended'])
      await early.state.queue.change(name, ['queued'], {
        state: 'running',
        work: { what: 'run', begun: { at: early.now, passes: 0 } },
      });
    await early.state.queue.change('paused', ['queued'], { state: 'paused' });
    // Who looked before the runner did saw it as running.
    void (async () => {
      for await (const event of early.hub.events(undefined, listening.signal))
        if (event !== 'missed') told.push(event.subject);
    })();
    await using lease = await early.state.lease('ended', 'killed');
    const journal = await early.state.journal(lease);
    await journal.beginPass([], early.now);
    await journal.endPass('finished', early.now + 5);
  });
  const run = await bench.begun(1);
  assert.equal(run.context.task, 'cut');
  await run.end('finished');
  await bench.told('cut', 'finished');
  assert.equal(bench.runs.length, 1);
  assert.deepEqual([await bench.shown('ended'), await bench.shown('paused')], ['finished', 'paused']);
  assert.ok(told.includes('ended'), told.join());
  listening.abort();
});

test('when the process ends, what runs is stopped at a safe point and goes on in the next', async () => {
  const bench = await Bench.start(2);
  await bench.add('long');
  const { context } = await bench.begun(1);
  await bench.runner[Symbol.asyncDispose]();
  assert.equal(context.signal.aborted, true);
  const kept = (await bench.state.queue.get('long'))!;
  assert.deepEqual([kept.state, kept.record.state], ['running', 'interrupted']);
  await bench[Symbol.asyncDispose]();
});

test('to remove a task that is still being stopped is refused, and changes nothing', async () => {
  await using bench = await Bench.start(1);
  await bench.add('t');
  await bench.begun(1);
  const { promise, resolve } = Promise.withResolvers<void>();
  bench.stopping = promise;
  await bench.desk.pause('t');
  const refused: unknown = await bench.desk.remove('t', new AbortController().signal).catch((error: unknown) => error);
  const shown = await bench.shown('t');
  resolve();
  assert.match(String(refused instanceof Problem && refused.message), /stop it first/);
  assert.equal(shown, 'paused');
});

test('a task that ends as it is paused has ended', async () => {
  await using bench = await Bench.start(1);
  await bench.add('t');
  const run = await bench.begun(1);
  bench.stopping = new Promise(() => undefined);
  await bench.desk.pause('t');
  await run.end('finished');
  await bench.told('t', 'finished');
  const task = await bench.desk.find('t');
  assert.deepEqual([task.state, task.work], ['idle', undefined]);
});

test('limits that are changed at the same moment are all kept', async () => {
  await using bench = await Bench.start(0);
  await bench.add('t');
  await Promise.all([
    bench.desk.setLimits('t', { concurrency: 3 }),
    bench.desk.setLimits('t', { objectsPerSecond: 5 }),
    bench.desk.setLimits('t', { bandwidth: [{ minute: 0, bytesPerSecond: 9 }] }),
  ]);
  const { limits } = await bench.desk.find('t');
  assert.deepEqual(limits, { concurrency: 3, objectsPerSecond: 5, bandwidth: [{ minute: 0, bytesPerSecond: 9 }] });
});

test('a clock that is set back stops neither the drawing nor the age of progress', async () => {
  const series = new Series(10_000_000);
  const totals = (bytes: number): { bytes: number; objects: number; failed: number } => ({ bytes, objects: 0, failed: 0 }); // prettier-ignore
  series.add(10_001_000, totals(1000));
  series.add(5_000_000, totals(2000));
  series.add(5_001_000, totals(4000));
  assert.deepEqual(series.after(0).map(({ at, bytes }) => [at, bytes]), [[10_001_000, 1000], [5_001_000, 2000]]); // prettier-ignore
  await using bench = await Bench.start(1);
  bench.now = 10_000_000;
  await bench.add('t');
  await bench.begun(1);
  bench.now = 5_000_000;
  assert.equal(bench.runner.sinceProgress(), 0);
});

test('where the state cannot be written for a while, nothing is left standing', async () => {
  await using bench = await Bench.start(1);
  bench.full = true;
  await bench.add('first');
  // It cannot be marked, and keeps nobody's place.
  await bench.clock.advance(6_000);
  assert.equal(bench.runner.active('first'), undefined);
  bench.full = false;
  await bench.clock.advance(6_000);
  const first = await bench.begun(1);
  bench.full = true;
  await first.end('finished');
  await bench.told('first', 'running');
  await bench.clock.advance(6_000);
  assert.equal(await bench.shown('first'), 'running');
  bench.full = false;
  await bench.clock.advance(12_000);
  await bench.told('first', 'finished');
  await bench.add('second');
  assert.equal((await bench.begun(2)).context.task, 'second', 'what had ended is not done again');
});
