// What there is for who traces: requests of both servers and work on tasks, with the client's trace.
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { tracingChannel } from 'node:diagnostics_channel';
import { test } from 'node:test';
import { logAccess } from '../../../src/cli/log-access.ts';
import type { Log } from '../../../src/observe/log.ts';
import { REQUEST_CHANNEL, TASK_CHANNEL, traceIdOf, type RequestTrace, type TaskTrace } from '../../../src/observe/tracing.ts'; // prettier-ignore
import { STORE_CHANNEL, type StoreTrace } from '../../../src/store/layers/trace.ts';
import { RunningFerry } from '../control/running.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`;

test('a traceparent is one, or counts for nothing', () => {
  assert.equal(traceIdOf(PARENT), TRACE);
  assert.equal(traceIdOf(`cc-${TRACE}-00f067aa0ba902b7-01-more-of-a-later-version`), TRACE);
  for (const none of [
    undefined,
    '',
    'x',
    PARENT.toUpperCase(),
    PARENT.replace('00-', 'ff-'),
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `x${PARENT}`,
    `${PARENT}-more`,
    `${PARENT}more`,
  ])
    // prettier-ignore
    assert.equal(traceIdOf(none), undefined, none);
});

test('whoever subscribes is told of requests of the API and of the gateway, and of tasks', async () => {
  await using ferry = await RunningFerry.start();
  const told: object[] = [];
  const requests = tracingChannel<'store', RequestTrace>(REQUEST_CHANNEL);
  const tasks = tracingChannel<string, TaskTrace>(TASK_CHANNEL);
  const ended = Promise.withResolvers<void>();
  const nothing = { start: () => undefined, end: () => undefined, asyncStart: () => undefined, error: () => undefined };
  const ofRequests = { ...nothing, asyncEnd: ({ server, method, operation, status, traceparent }: RequestTrace) => void told.push({ server, method, operation, status, traceparent }) }; // prettier-ignore
  const ofTasks = { ...nothing, asyncEnd: ({ task, what, outcome }: TaskTrace) => { told.push({ task, what, outcome }); ended.resolve(); } }; // prettier-ignore
  // As who makes spans has it: what happens within a run is known to be of it.
  const around = new AsyncLocalStorage<string>();
  const within: (string | undefined)[] = [];
  const stores = tracingChannel<'store', StoreTrace>(STORE_CHANNEL);
  const ofStores = { ...nothing, asyncEnd: () => undefined, start: () => void within.push(around.getStore()) };
  tasks.start.bindStore(around, (about) => ('task' in about ? about.task : ''));
  stores.subscribe(ofStores);
  requests.subscribe(ofRequests);
  tasks.subscribe(ofTasks);
  try {
    await ferry.ask('GET', '/v1/nodes', { headers: { traceparent: PARENT } });
    await ferry.ask('GET', '/v1/tasks/none', { headers: { traceparent: 'nonsense' } });
    const refused = await fetch(`${ferry.server.gateway}/photos/key`, { headers: { traceparent: PARENT } });
    assert.equal(refused.status, 403);
    await refused.body?.cancel();
    const ends = { source: { type: 'memory', options: { name: 'a' } }, destination: { type: 'memory', options: { name: 'b' } } }; // prettier-ignore
    await ferry.ask('POST', '/v1/tasks', { json: { name: 't', type: 'copy', ...ends, start: true } });
    await ended.promise;
  } finally {
    requests.unsubscribe(ofRequests);
    tasks.unsubscribe(ofTasks);
    stores.unsubscribe(ofStores);
    tasks.start.unbindStore(around);
  }
  const has = (wanted: object): void =>
    assert.ok(told.some((each) => JSON.stringify(each) === JSON.stringify(wanted)), JSON.stringify([wanted, told])); // prettier-ignore
  has({ server: 'api', method: 'GET', operation: 'listNodes', status: 200, traceparent: PARENT });
  has({ server: 'api', method: 'GET', operation: 'getTask', status: 404, traceparent: undefined });
  has({ server: 'gateway', method: 'GET', operation: 'GetObject', status: 403, traceparent: PARENT });
  has({ task: 't', what: 'run', outcome: 'finished' });
  assert.ok(within.includes('t'), JSON.stringify(within));
});

test('the line of a request has its trace', () => {
  const lines: object[] = [];
  const note = (_: string, fields?: object): void => void lines.push(fields ?? {});
  const log: Log = {
    wants: () => true,
    debug: note,
    info: note,
    warn: note,
    error: note,
    fatal: note,
    child: () => log,
  };
  const entry = { id: '1', from: '::1', user: undefined, operation: 'GetObject', method: 'GET', bucket: 'b', key: 'k', status: 200, error: undefined, bytes: 1, milliseconds: 1, servedFrom: 'store' } as const; // prettier-ignore
  logAccess(log, { ...entry, traceId: TRACE });
  logAccess(log, { ...entry, traceId: undefined });
  assert.deepEqual(lines.map((line) => ('trace_id' in line ? line.trace_id : 'none')), [TRACE, 'none']); // prettier-ignore
});
