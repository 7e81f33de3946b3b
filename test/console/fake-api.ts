/** What the console asks for, made up: routes of the real router over data that a test changes as it likes. */
import * as z from 'zod';
import type * as api from '../../console/src/api/types.ts';
import { cursorOf, PAGE, positionOf } from '../../src/control/api/page.ts';
import { Problem } from '../../src/control/api/problem.ts';
import { NOTHING, ok, route, type ApiAnswer, type Route } from '../../src/control/api/route.ts';
import type { Role } from '../../src/control/access/role.ts';
import type { LiveHub } from '../../src/control/live/hub.ts';

export interface Asked {
  readonly id: string;
  readonly name: string;
  readonly body: unknown;
}

export class FakeApi {
  tasks: api.Task[] = [];
  stores: api.Store[] = [];
  migrations: api.Migration[] = [];
  mirrors: api.Mirror[] = [];
  users: api.User[] = [];
  schedules: api.Schedule[] = [];
  jobs: api.Job[] = [];
  jobFiles: api.JobFile[] = [];
  deliveries: api.Delivery[] = [];
  eventSources: api.EventSource[] = [];
  limits: api.ServerLimits = { bandwidth: [], from: 'configuration', now: {} };
  ranges: api.KeyRange[] = [];
  points: api.Series['points'] = [];
  groups: api.FailureGroup[] = [];
  failures: api.Failure[] = [];
  log: api.LogLine[] = [];
  reports: api.Report[] = [];
  /** Rows of `/files`, by their number. */
  files: { count: number; row: (i: number) => api.FileRow } = {
    count: 0,
    row: (i) => ({ key: String(i), result: 'copied', method: 'checksum' }),
  };
  plan: api.Plan | undefined;
  checks: api.Check[] = [];
  storeTest: Omit<api.StoreTest, 'at'> = { ok: true, checks: [] };
  /** Every change that was asked for. */
  readonly asked: Asked[] = [];
  readonly #hub: LiveHub;

  constructor(hub: LiveHub) {
    this.#hub = hub;
  }

  /** Puts a task in place of the one of its name, and tells of it. */
  update(task: api.Task): void {
    const at = this.tasks.findIndex(({ name }) => name === task.name);
    if (at < 0) this.tasks.push(task);
    else this.tasks[at] = task;
    this.#hub.publish('task', task.name, task);
  }

  /** Takes a task away, as somebody else does. */
  remove(task: api.Task): void {
    this.tasks = this.tasks.filter(({ name }) => name !== task.name);
    this.#hub.publish('task', task.name, task);
  }

  routes(): readonly Route[] {
    return [
      ...this.#storeRoutes(),
      ...this.#taskRoutes(),
      ...this.#partRoutes(),
      ...this.#intakeRoutes(),
      ...this.#otherRoutes(),
    ];
  }

  #storeRoutes(): readonly Route[] {
    const store = (name: string): api.Store => found(this.stores, (each) => each.name === name);
    const tested = (): api.StoreTest => ({ at: Date.now(), ...this.storeTest });
    return [
      list('/v1/store-types', 'listStoreTypes', () => STORE_TYPES),
      list('/v1/stores', 'listStores', () => this.stores),
      get('/v1/stores/{name}', 'getStore', ({ name }) => store(name!)),
      this.#change('POST', '/v1/stores', 'createStore', 'admin', (_, body) => {
        const made = { ...(body as api.Store), createdAt: Date.now() };
        this.stores.push({ ...made, options: hidden(made.options) });
        return { status: 201, json: this.stores.at(-1) };
      }),
      this.#change('POST', '/v1/stores/test', 'testUnregisteredStore', 'operator', () => ok(tested())),
      this.#change('POST', '/v1/stores/{name}/test', 'testStore', 'operator', ({ name }) => {
        this.stores = this.stores.map((each) => (each.name === name ? { ...each, tested: tested() } : each));
        return ok(tested());
      }),
      this.#change('PUT', '/v1/stores/{name}', 'replaceStore', 'admin', ({ name }, body) => {
        this.stores = this.stores.map((each) => (each.name === name ? { ...each, ...(body as api.Store) } : each));
        return ok(store(name!));
      }),
      this.#change('DELETE', '/v1/stores/{name}', 'removeStore', 'admin', ({ name }) => {
        this.stores = this.stores.filter((each) => each.name !== name);
        return NOTHING;
      }),
    ];
  }

  #taskRoutes(): readonly Route[] {
    const task = (name: string): api.Task => found(this.tasks, (each) => each.name === name);
    const become =
      (state: api.TaskState) =>
      (params: Record<string, string>): ApiAnswer => {
        this.update({ ...task(params['name']!), state });
        return { status: 202, json: task(params['name']!) };
      };
    return [
      route({
        method: 'GET',
        path: '/v1/tasks',
        id: 'listTasks',
        tag: 'fake',
        summary: 'fake',
        role: 'viewer',
        query: PAGE.extend({ state: z.string().optional(), search: z.string().optional() }),
        answers: {},
        handle: async ({ query: { cursor, limit, state, search } }) => {
          const states = state?.split(',');
          const fit = this.tasks.filter(
            (each) => (states?.includes(each.state) ?? true) && each.name.includes(search ?? ''),
          );
          return ok(page(fit.length, (i) => fit[i], cursor, limit));
        },
      }),
      this.#change('POST', '/v1/tasks', 'createTask', 'operator', (_, body) => {
        const { name, start, source, destination } = body as {
          name: string;
          start: boolean;
          source: { store: string };
          destination: { store: string };
        };
        this.update(
          aTask(name, { state: start ? 'running' : 'created', source: source.store, destination: destination.store }),
        );
        return { status: 201, json: task(name) };
      }),
      this.#change('POST', '/v1/tasks/plan', 'planTask', 'operator', () => ok(this.plan)),
      this.#change('POST', '/v1/tasks/check', 'checkTask', 'operator', () => ok({ items: this.checks })),
      get('/v1/tasks/{name}', 'getTask', ({ name }) => task(name!)),
      this.#change('PATCH', '/v1/tasks/{name}', 'changeTask', 'operator', ({ name }) => ok(task(name!))),
      this.#change('PATCH', '/v1/tasks/{name}/limits', 'changeTaskLimits', 'operator', ({ name }) => ok(task(name!))),
      this.#change('DELETE', '/v1/tasks/{name}', 'deleteTask', 'operator', ({ name }) => {
        this.tasks = this.tasks.filter((each) => each.name !== name);
        return NOTHING;
      }),
      this.#change('POST', '/v1/tasks/{name}/run', 'runTask', 'operator', become('running')),
      this.#change('POST', '/v1/tasks/{name}/pause', 'pauseTask', 'operator', become('paused')),
      this.#change('POST', '/v1/tasks/{name}/resume', 'resumeTask', 'operator', become('running')),
      this.#change('POST', '/v1/tasks/{name}/stop', 'stopTask', 'operator', become('interrupted')),
      this.#change('POST', '/v1/tasks/{name}/verify', 'verifyTask', 'operator', become('running')),
      this.#change('POST', '/v1/tasks/{name}/retry-failures', 'retryFailures', 'operator', become('running')),
    ];
  }

  #partRoutes(): readonly Route[] {
    return [
      get(
        '/v1/tasks/{name}/file',
        'getTaskFile',
        () => 'type: copy\nsource:\n  store: old\ndestination:\n  store: new\n',
      ),
      list('/v1/tasks/{name}/ranges', 'listRanges', () => this.ranges),
      get('/v1/tasks/{name}/series', 'getSeries', () => ({ step: 1000, points: this.points })),
      list('/v1/tasks/{name}/failure-groups', 'listFailureGroups', () => this.groups),
      route({
        method: 'GET',
        path: '/v1/tasks/{name}/log',
        id: 'getTaskLog',
        tag: 'fake',
        summary: 'fake',
        role: 'viewer',
        query: PAGE,
        answers: {},
        handle: async ({ query: { cursor } }) => ok({ items: cursor === undefined ? this.log : [], next: 'end' }),
      }),
      list('/v1/tasks/{name}/reports', 'listReports', () => this.reports),
      route({
        method: 'GET',
        path: '/v1/tasks/{name}/failures',
        id: 'listFailures',
        tag: 'fake',
        summary: 'fake',
        role: 'viewer',
        query: PAGE.extend({ code: z.string().optional() }),
        answers: {},
        handle: async ({ query: { cursor, limit, code } }) => {
          const fit = this.failures.filter((each) => code === undefined || each.code === code);
          return ok(page(fit.length, (i) => fit[i], cursor, limit));
        },
      }),
      route({
        method: 'GET',
        path: '/v1/tasks/{name}/files',
        id: 'listFiles',
        tag: 'fake',
        summary: 'fake',
        role: 'viewer',
        query: PAGE,
        answers: {},
        handle: async ({ query: { cursor, limit } }) => ok(page(this.files.count, this.files.row, cursor, limit)),
      }),
    ];
  }

  #intakeRoutes(): readonly Route[] {
    const job = (id: string): api.Job => found(this.jobs, (each) => each.id === id);
    const source = (name: string): api.EventSource => found(this.eventSources, (each) => each.name === name);
    return [
      list('/v1/jobs', 'listJobs', () => this.jobs),
      get('/v1/jobs/{id}', 'getJob', ({ id }) => job(id!)),
      list('/v1/jobs/{id}/files', 'listJobFiles', () => this.jobFiles),
      this.#change('PUT', '/jobs', 'putJob', 'operator', () => ok(this.jobs[0])),
      this.#change('POST', '/v1/jobs/{id}/retry', 'retryJob', 'operator', ({ id }) => ok(job(id!))),
      list('/v1/callbacks/deliveries', 'listDeliveries', () => this.deliveries),
      this.#change('POST', '/v1/callbacks/deliveries/{id}/redeliver', 'redeliver', 'operator', () => ({ status: 202 })),
      list('/v1/event-sources', 'listEventSources', () => this.eventSources),
      get('/v1/event-sources/{name}', 'getEventSource', ({ name }) => source(name!)),
      this.#change('POST', '/v1/event-sources', 'createEventSource', 'admin', () => ok(this.eventSources[0])),
      this.#change('DELETE', '/v1/event-sources/{name}', 'removeEventSource', 'admin', () => NOTHING),
      this.#change('POST', '/v1/event-sources/{name}/reconcile', 'reconcileEventSource', 'operator', ({ name }) => ({
        status: 202,
        json: source(name!),
      })),
    ];
  }

  #otherRoutes(): readonly Route[] {
    const migration = (name: string): api.Migration => found(this.migrations, (each) => each.name === name);
    const mirror = (bucket: string): api.Mirror => found(this.mirrors, (each) => each.bucket === bucket);
    const steps = ['start', 'switch', 'verify', 'rollback', 'finalise', 'pause', 'resume'];
    return [
      list('/v1/migrations', 'listMigrations', () => this.migrations),
      get('/v1/migrations/{name}', 'getMigration', ({ name }) => migration(name!)),
      ...steps.map((step) =>
        this.#change('POST', `/v1/migrations/{name}/${step}`, `${step}Migration`, 'operator', ({ name }) => ({
          status: 202,
          json: migration(name!),
        })),
      ),
      list('/v1/mirrors', 'listMirrors', () => this.mirrors),
      get('/v1/mirrors/{bucket}', 'getMirror', ({ bucket }) => mirror(bucket!)),
      get('/v1/mirrors/{bucket}/warm', 'getWarming', () => {
        throw new Problem('no-such-resource');
      }),
      this.#change('POST', '/v1/mirrors/{bucket}/warm', 'warmMirror', 'operator', () => ({ status: 202, json: {} })),
      list('/v1/users', 'listUsers', () => this.users),
      this.#change('POST', '/v1/users', 'createUser', 'admin', (_, body) => {
        const { name } = body as { name: string };
        const user: api.User = { name, tenant: 'main', accessKeyId: `FERRY${name}`, readOnly: false, source: 'api' };
        this.users.push(user);
        return { status: 201, json: { ...user, secretAccessKey: 'shown-once' } };
      }),
      this.#change('DELETE', '/v1/users/{name}', 'removeUser', 'admin', ({ name }) => {
        this.users = this.users.filter((each) => each.name !== name);
        return NOTHING;
      }),
      get('/v1/limits', 'getLimits', () => this.limits),
      this.#change('PUT', '/v1/limits', 'setLimits', 'operator', () => ok(this.limits)),
      this.#change('DELETE', '/v1/limits', 'resetLimits', 'operator', () => ok(this.limits)),
      list('/v1/schedules', 'listSchedules', () => this.schedules),
      get('/v1/schedules/{id}', 'getSchedule', ({ id }) => found(this.schedules, (each) => each.id === id)),
      this.#change('PUT', '/v1/schedules/{id}', 'replaceSchedule', 'operator', ({ id }, body) => {
        this.schedules = this.schedules.map((each) => (each.id === id ? { ...each, ...(body as object) } : each));
        return ok(found(this.schedules, (each) => each.id === id));
      }),
      this.#change('POST', '/v1/schedules', 'createSchedule', 'operator', (_, body) => {
        this.schedules.push({
          id: String(this.schedules.length),
          enabled: true,
          held: false,
          ...(body as { task: string; cron: string }),
        });
        return { status: 201, json: this.schedules.at(-1) };
      }),
      this.#change('DELETE', '/v1/schedules/{id}', 'deleteSchedule', 'operator', ({ id }) => {
        this.schedules = this.schedules.filter((each) => each.id !== id);
        return NOTHING;
      }),
    ];
  }

  #change(
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    id: string,
    role: Role,
    act: (params: Record<string, string>, body: unknown) => ApiAnswer,
  ): Route {
    return route({
      method,
      path,
      id,
      tag: 'fake',
      summary: 'fake',
      role,
      params: PARAMS,
      query: z.record(z.string(), z.string()),
      // The bodies of verbs are left out where nothing is said.
      body: undefined,
      streamed: true,
      answers: {},
      handle: async ({ params, http }) => {
        const text = (await http.body.bytes(1_000_000)).toString('utf8');
        const body: unknown = text === '' ? undefined : JSON.parse(text);
        this.asked.push({ id, name: Object.values(params)[0] ?? '', body });
        return act(params, body);
      },
    });
  }
}

const PARAMS = z.record(z.string(), z.string());

function get(path: string, id: string, answer: (params: Record<string, string>) => unknown): Route {
  return route({
    method: 'GET',
    path,
    id,
    tag: 'fake',
    summary: 'fake',
    role: 'viewer',
    params: PARAMS,
    query: z.record(z.string(), z.string()),
    answers: {},
    handle: async ({ params }) => ok(answer(params)),
  });
}

function list(path: string, id: string, items: () => readonly unknown[]): Route {
  return get(path, id, () => ({ items: items() }));
}

function page(count: number, row: (i: number) => unknown, cursor: string | undefined, limit: number): unknown {
  const first = Number(positionOf(cursor) ?? 0);
  const last = Math.min(count, first + limit);
  return {
    items: Array.from({ length: last - first }, (_, i) => row(first + i)),
    next: last < count ? cursorOf(String(last)) : undefined,
  };
}

function found<T>(all: readonly T[], fits: (one: T) => boolean): T {
  const one = all.find(fits);
  if (one === undefined) throw new Problem('no-such-resource');
  return one;
}

function hidden(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [name, name.includes('secret') ? '***' : value]),
  );
}

export function aTask(name: string, more: Partial<api.Task> = {}): api.Task {
  return {
    name,
    type: 'copy',
    state: 'finished',
    source: 's3 photos-old at https://old.example.com',
    destination: 's3 photos at https://new.example.com',
    priority: 5,
    createdAt: 1_790_000_000_000,
    passes: 1,
    counters: {
      listed: 0,
      listedBytes: 0,
      compared: 0,
      copied: 0,
      copiedBytes: 0,
      skipped: 0,
      skippedBytes: 0,
      deleted: 0,
      failed: 0,
      filtered: 0,
      retried: 0,
    },
    failed: 0,
    limits: {},
    ...more,
  };
}

const STORE_TYPES: readonly api.StoreType[] = [
  {
    type: 's3',
    title: 'Objects in a bucket of Amazon S3 or any service that speaks its protocol.',
    roles: { source: true, destination: true },
    secrets: ['secret_access_key'],
    options: {
      type: 'object',
      required: ['bucket_name'],
      properties: {
        bucket_name: { type: 'string', description: 'Name of the bucket.' },
        endpoint: { type: 'string', description: 'https://host, or https://host:port/path.' },
        access_key_id: { type: 'string', description: 'Access key.' },
        secret_access_key: { type: 'string', description: 'Secret key that belongs to the access key.' },
        path_style: { type: 'boolean', description: 'Bucket in the path.' },
        payload_signing: { type: 'string', enum: ['auto', 'always', 'never'] },
      },
    },
  },
  {
    type: 'file',
    title: 'A directory tree on this machine or a mounted file server.',
    roles: { source: true, destination: true },
    secrets: [],
    options: { type: 'object', properties: { symlinks: { type: 'string', enum: ['skip', 'follow', 'keep'] } } },
  },
];
