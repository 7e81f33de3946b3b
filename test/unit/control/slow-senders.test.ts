/** Who sends slowly, or asks for much at once, keeps nobody else from being served. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import * as z from 'zod';
import { route, ok } from '../../../src/control/api/route.ts';
import { Turns } from '../../../src/control/api/turns.ts';
import { Problem } from '../../../src/control/api/problem.ts';
import { Jobs, type JobsContext } from '../../../src/control/jobs/jobs.ts';
import { jobRoutes } from '../../../src/control/jobs/routes.ts';
import { isFerryError } from '../../../src/model/errors.ts';
import { MiB } from '../../../src/model/units.ts';
import type { StateStore } from '../../../src/state/state-store.ts';
import { Controlled } from './controlled.ts';

const NO_TASKS = { getTask: async () => undefined } as unknown as StateStore;

test('dripping lists are cut, however many there are, and other jobs are accepted', async () => {
  const stop = new AbortController();
  let folder = '';
  const routes = (state: Controlled['state']): ReturnType<typeof jobRoutes> => {
    const context = {
      book: state.jobs,
      spec: { maxFiles: 10, maxUrl: 1000, maxBody: MiB, allowPrivateOrigins: true, lists: undefined, keep: 1 },
      get folder() {
        return folder;
      },
      state: async () => NO_TASKS,
      runner: { run: async () => await new Promise<never>(() => undefined) },
      targets: { resolve: async () => ({ store: 's' }) },
      notice: async () => undefined,
      warn: (message: string, about: object) => assert.fail(`${message} ${JSON.stringify(about)}`),
      now: Date.now,
      random: Math.random,
      stopping: stop.signal,
    } as unknown as JobsContext;
    return jobRoutes({ jobs: new Jobs(context), book: state.jobs, state: async () => NO_TASKS });
  };
  await using api = await Controlled.start(routes, Date.now, undefined, { bytes: 2000, within: 500 });
  folder = api.file('jobs');
  const token = await api.token('operator');
  const other = await api.token('operator', 'other');
  const drips = Array.from({ length: 12 }, () => new Drip(new URL(api.url), token));
  try {
    await Promise.all(drips.map((drip) => drip.begun));
    const json = { 'target-type': 's3', 'target-bucket': 'b', 'origin-files': ['http://a.test/1'] };
    const [mine, theirs] = await Promise.all([
      api.ask('PUT', '/jobs', { token, json }),
      api.ask('PUT', '/jobs', { token: other, json }),
    ]);
    assert.deepEqual([mine.status, theirs.status], [200, 200], JSON.stringify([mine.json, theirs.json]));
    for (const drip of drips) assert.match(await drip.said, /^HTTP\/1.1 408 [^]*"too-slow"/);
  } finally {
    for (const drip of drips) drip.end();
    stop.abort();
  }
  assert.deepEqual(api.defects, []);
});

test('a body of JSON that drips is cut as well', async () => {
  await using api = await Controlled.start([], Date.now, undefined, { bytes: 2000, within: 300 });
  const drip = new Drip(new URL(api.url), await api.token('admin'), 'POST /v1/tokens');
  assert.match(await drip.said, /^HTTP\/1.1 408 [^]*"too-slow"/);
  drip.end();
});

test('of heavy requests some are carried out at once, others wait, and too many are refused with a time', async () => {
  const begun: (() => void)[] = [];
  const heavy = route({
    method: 'POST',
    path: '/v1/heavy',
    id: 'heavy',
    tag: 't',
    summary: 'Takes long.',
    role: 'operator',
    heavy: true,
    answers: { 200: { about: 'Done.', schema: z.object({}) } },
    handle: async () => {
      await new Promise<void>((end) => begun.push(end));
      return ok({});
    },
  });
  await using api = await Controlled.start([heavy]);
  const token = await api.token('operator');
  const ask = (): ReturnType<Controlled['ask']> => api.ask('POST', '/v1/heavy', { token });
  const asked = Array.from({ length: 4 + 64 }, ask);
  while (begun.length < 4) await sleep(5);
  const refused = await until(ask);
  assert.equal(refused.json.code, 'busy');
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  assert.equal(begun.length, 4, 'one token has four turns');
  const others = api.ask('POST', '/v1/heavy', { token: await api.token('operator', 'other') });
  while (begun.length < 5) await sleep(5);
  for (let ended = 0; ended < begun.length; ended++) {
    begun[ended]!();
    while (begun.length < Math.min(4 + 64 + 1, ended + 5)) await sleep(1);
  }
  for (const each of [others, ...asked]) assert.ok([200, 429].includes((await each).status));
});

/** As soon as there is no room to wait any more. */
async function until(ask: () => ReturnType<Controlled['ask']>): ReturnType<Controlled['ask']> {
  for (;;) {
    const answer = await Promise.race([ask(), sleep(100)]);
    if (answer?.status === 429) return answer;
  }
}

test('turns go to who waits longest and may, and come to nobody who has gone', async () => {
  const turns = new Turns({ atOnce: 2, ofOne: 1, waiting: 3, patience: 20 });
  const never = new AbortController().signal;
  const first = await turns.take('a', never);
  const gone = new AbortController();
  const left = turns.take('a', gone.signal);
  const late = turns.take('a', never);
  using _ = await turns.take('b', never);
  gone.abort();
  await assert.rejects(left, (error) => isFerryError(error, 'interrupted'));
  await assert.rejects(late, (error) => error instanceof Problem && error.code === 'busy');
  const next = turns.take('a', never);
  const third = turns.take('c', never);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  (await next)[Symbol.dispose]();
  (await third)[Symbol.dispose]();
});

/** Sends a byte now and then, and never stands still. */
class Drip {
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  readonly begun: Promise<unknown>;
  readonly said: Promise<string>;

  constructor({ hostname, port }: URL, token: string, request = 'PUT /jobs') {
    this.#socket = connect(Number(port), hostname);
    this.#socket.on('error', () => undefined);
    this.#socket.write(
      `${request} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 500000\r\n\r\n{"target-type": "`,
    );
    this.begun = once(this.#socket, 'connect');
    this.#timer = setInterval(() => this.#socket.write('x'), 20);
    this.said = new Promise((resolve) => this.#socket.on('data', (bytes) => resolve(String(bytes))));
  }

  end(): void {
    clearInterval(this.#timer);
    this.#socket.destroy();
  }
}
