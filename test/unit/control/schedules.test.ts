// Schedules run their tasks, also those missed; windows hold and release them; nobody else's pause is undone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FerryError } from '../../../src/model/errors.ts';
import { Scheduler } from '../../../src/control/schedules/scheduler.ts';
import { scheduleRoutes } from '../../../src/control/schedules/routes.ts';
import type { ControlState } from '../../../src/state/control/control-state.ts';
import { Controlled } from './controlled.ts';

type TaskState = 'idle' | 'running' | 'paused';

class World implements AsyncDisposable {
  now = Date.parse('2026-05-01T12:00:00Z');
  readonly tasks = new Map<string, TaskState>([['photos', 'idle']]);
  readonly runs: string[] = [];
  /** The process is, as soon as it has paused something. */
  killed = false;
  server!: Controlled;
  scheduler!: Scheduler;
  #token = '';

  static async start(): Promise<World> {
    const world = new World();
    world.server = await Controlled.start((state) => {
      world.scheduler = world.fresh(state);
      return scheduleRoutes({
        book: state.schedules,
        scheduler: world.scheduler,
        hasTask: async (name) => world.tasks.has(name),
        now: () => world.now,
        random: Math.random,
      });
    });
    world.#token = await world.server.token('operator');
    return world;
  }

  /** As another process would begin with the same state. */
  fresh({ schedules: book }: Pick<ControlState, 'schedules'>): Scheduler {
    const known = (task: string): TaskState => {
      const state = this.tasks.get(task);
      if (state === undefined) throw new FerryError('task-not-found');
      return state;
    };
    return new Scheduler({
      book,
      tasks: {
        run: async (task) => {
          if (known(task) === 'idle') this.tasks.set(task, 'running');
          this.runs.push(task);
        },
        isUnderWay: async (task) => known(task) === 'running',
        pause: async (task) => {
          known(task);
          this.tasks.set(task, 'paused');
          if (this.killed) await new Promise(() => undefined);
        },
        resume: async (task) => {
          if (known(task) === 'paused') this.tasks.set(task, 'running');
        },
      },
      tell: () => undefined,
      warn: () => undefined,
      now: () => this.now,
    });
  }

  async at(time: string): Promise<TaskState | undefined> {
    this.now = Date.parse(time);
    await this.scheduler.look();
    return this.tasks.get('photos');
  }

  ask(method: string, path: string, json?: unknown, headers: Record<string, string> = {}) {
    return this.server.ask(method, path, { token: this.#token, json, headers });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}

test('a task runs when it is due, and once for all that was missed', async () => {
  await using world = await World.start();
  const made = await world.ask('POST', '/v1/schedules', {
    task: 'photos',
    cron: '30 2 * * *',
    timeZone: 'Europe/Berlin',
  });
  assert.equal(made.status, 201, JSON.stringify(made.json));
  assert.equal(made.json.nextAt, Date.parse('2026-05-02T00:30:00Z'));
  await world.at('2026-05-02T00:29:59Z');
  assert.deepEqual(world.runs, []);
  await world.at('2026-05-02T00:30:00Z');
  await world.at('2026-05-02T00:30:05Z');
  assert.deepEqual(world.runs, ['photos']);
  world.tasks.set('photos', 'idle');
  world.scheduler = world.fresh(world.server.state);
  await world.at('2026-05-09T12:00:00Z');
  assert.deepEqual(world.runs, ['photos', 'photos'], 'a week was missed');
  const { json } = await world.ask('GET', `/v1/schedules/${made.json.id}`);
  assert.deepEqual([json.lastAt, json.nextAt], [world.now, Date.parse('2026-05-10T00:30:00Z')]);
  world.tasks.clear();
  await world.at('2026-05-10T00:30:00Z');
  assert.match((await world.ask('GET', `/v1/schedules/${made.json.id}`)).json.lastError, /./);
});

test('outside its window a task is paused, and goes on in it', async () => {
  await using world = await World.start();
  const body = { task: 'photos', cron: '0 22 * * *', window: { from: '22:00', to: '06:00' } };
  const made = await world.ask('POST', '/v1/schedules', body);
  const one = `/v1/schedules/${made.json.id}`;
  assert.equal(await world.at('2026-05-01T22:00:00Z'), 'running');
  assert.equal(await world.at('2026-05-02T05:59:00Z'), 'running');
  assert.equal(await world.at('2026-05-02T06:00:00Z'), 'paused');
  assert.equal((await world.ask('GET', one)).json.held, true);
  world.scheduler = world.fresh(world.server.state);
  assert.equal(await world.at('2026-05-02T12:00:00Z'), 'paused');
  assert.equal(await world.at('2026-05-02T22:00:00Z'), 'running');
  // What a person paused stays so.
  world.tasks.set('photos', 'paused');
  assert.equal(await world.at('2026-05-02T23:00:00Z'), 'paused');
  world.tasks.set('photos', 'running');
  assert.equal(await world.at('2026-05-03T07:00:00Z'), 'paused');
  const { headers } = await world.ask('GET', one);
  assert.equal((await world.ask('DELETE', one)).status, 428);
  assert.equal((await world.ask('DELETE', one, undefined, { 'if-match': headers.get('etag')! })).status, 204);
  assert.equal(world.tasks.get('photos'), 'running', 'nobody is left to let it go on');
});

test('a task that was paused goes on in its window, also where the server was killed at that moment', async () => {
  await using world = await World.start();
  world.tasks.set('photos', 'running');
  world.now = Date.parse('2026-05-01T12:00:00Z');
  const { state } = world.server;
  await state.schedules.add({ id: 's', task: 'photos', cron: '0 22 * * *', timeZone: 'UTC', window: { from: 22 * 60, to: 6 * 60 }, enabled: true, nextAt: undefined, createdAt: 1 }); // prettier-ignore
  world.killed = true;
  void world.scheduler.look();
  while (world.tasks.get('photos') !== 'paused') await nextTurn();
  world.killed = false;
  world.scheduler = world.fresh(state);
  assert.equal(await world.at('2026-05-01T21:00:00Z'), 'paused');
  assert.equal(await world.at('2026-05-01T22:00:00Z'), 'running');
});

test('a schedule that is led to another task lets go of the one it held', async () => {
  await using world = await World.start();
  world.tasks.set('films', 'running');
  world.tasks.set('photos', 'running');
  const window = { from: '22:00', to: '06:00' };
  const made = await world.ask('POST', '/v1/schedules', { task: 'photos', cron: '0 22 * * *', window });
  assert.equal(await world.at('2026-05-01T12:00:00Z'), 'paused');
  const one = `/v1/schedules/${made.json.id}`;
  const tag = { 'if-match': made.headers.get('etag')! };
  assert.equal((await world.ask('PUT', one, { task: 'films', cron: '0 22 * * *', window }, tag)).status, 200);
  assert.deepEqual([world.tasks.get('photos'), world.tasks.get('films')], ['running', 'paused']);
  assert.equal((await world.ask('GET', one)).json.held, true);
});

test('what cannot be scheduled is refused with its places', async () => {
  await using world = await World.start();
  const wrong = await world.ask('POST', '/v1/schedules', {
    task: 'nothing',
    cron: '0 0 30 2 *',
    timeZone: 'Europe/Nowhere',
    window: { from: '22:00', to: '22:00' },
  });
  assert.deepEqual(wrong.json.errors.map(({ pointer }: { pointer: string }) => pointer), ['#/task', '#/timeZone', '#/window/to']); // prettier-ignore
  const never = await world.ask('POST', '/v1/schedules', { task: 'photos', cron: '0 0 30 2 *' });
  assert.match(never.json.errors[0].detail, /never comes/);
  const made = await world.ask('POST', '/v1/schedules', { task: 'photos', cron: '0 0 1 1 *' });
  const one = `/v1/schedules/${made.json.id}`;
  const tag = { 'if-match': made.headers.get('etag')! };
  const changed = await world.ask('PUT', one, { task: 'photos', cron: '0 0 2 1 *', enabled: false }, tag);
  assert.deepEqual([changed.status, changed.json.enabled, changed.json.nextAt], [200, false, undefined]);
  assert.equal((await world.ask('PUT', one, { task: 'photos', cron: '0 0 2 1 *' }, tag)).status, 412);
  await world.at('2030-01-01T00:00:00Z');
  assert.deepEqual(world.runs, []);
});
