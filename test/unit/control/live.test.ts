// Events as they happen, and after a connection broke.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { eventStream } from '../../../src/control/live/event-stream.ts';
import { LiveHub } from '../../../src/control/live/hub.ts';
import { Controlled } from './controlled.ts';
import { RunningFerry } from './running.ts';

/** Reads the stream until `count` events came. */
async function events(
  server: Controlled,
  token: string,
  count: number,
  options: { query?: string; last?: string } = {},
) {
  const { query = '', last } = options;
  const stop = new AbortController();
  const response = await fetch(`${server.url}/v1/live${query}`, {
    headers: { authorization: `Bearer ${token}`, ...(last === undefined ? {} : { 'last-event-id': last }) },
    signal: stop.signal,
  });
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  let text = '';
  const found: { id: string; type: string; data: { subject?: string } }[] = [];
  const decoder = new TextDecoder();
  const opened = Promise.withResolvers<void>();
  const reading = (async () => {
    for await (const chunk of response.body!) {
      text += decoder.decode(chunk, { stream: true });
      opened.resolve();
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
        if (field('event') !== undefined)
          found.push({ id: field('id')!, type: field('event')!, data: JSON.parse(field('data')!) });
      }
      if (found.length >= count) break;
    }
    stop.abort();
    return found;
  })();
  await opened.promise;
  return reading;
}

test('listeners are told what they want to know, and go on where they were', async () => {
  await using server = await Controlled.start();
  const token = await server.token('viewer');
  const all = events(server, token, 3);
  const some = events(server, token, 1, { query: '?types=task&subject=b' });
  await new Promise((resolve) => setTimeout(resolve, 200));
  server.hub.publish('task', 'a', { state: 'running' });
  server.hub.publish('migration', 'b', {});
  server.hub.publish('task', 'b', { state: 'done' });
  const told = await all;
  assert.deepEqual(told.map(({ id, type, data }) => [id, type, data.subject]), [['1', 'task', 'a'], ['2', 'migration', 'b'], ['3', 'task', 'b']]); // prettier-ignore
  assert.deepEqual(
    (await some).map(({ id }) => id),
    ['3'],
  );
  const later = await events(server, token, 2, { last: '1' });
  assert.deepEqual(
    later.map(({ id }) => id),
    ['2', '3'],
  );
});

test('who missed too much is told so', async () => {
  await using server = await Controlled.start();
  const token = await server.token('viewer');
  for (let i = 0; i < 2500; i++) server.hub.publish('task', String(i), {});
  const [first] = await events(server, token, 1, { last: '10' });
  assert.equal(first!.type, 'missed');
  const [other] = await events(server, token, 1, { last: '999999' });
  assert.equal(other!.type, 'missed', 'of a process before this one');
});

test('whoever listened to an earlier process is told of having missed something, however much happened since', async () => {
  const before = Date.now();
  await using ferry = await RunningFerry.start({ gateway: false });
  const headers = { authorization: `Bearer ${await ferry.token('viewer')}` };
  const response = await fetch(`${ferry.url}/v1/live`, { headers });
  const reader = response.body!.getReader();
  const [, id] = /^id: (\d+)$/m.exec(Buffer.from((await reader.read()).value ?? '').toString())!;
  assert.ok(Number(id) >= before - 1, 'an earlier process had told of less');
  await reader.cancel();
  const hub = new LiveHub(5000);
  for (let i = 0; i < 20; i++) hub.publish('task', 'a', {});
  const { value } = await hub.batches(7, new AbortController().signal).next();
  assert.deepEqual(value, { missed: true, events: [] });
});

test('a server that stops ends the streams', async () => {
  const server = await Controlled.start();
  const token = await server.token('viewer');
  const listening = events(server, token, 1000);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await server[Symbol.asyncDispose]();
  await listening.catch(() => undefined);
});

test('of what is told faster than it is sent, the newest of each subject is; failures are each', async () => {
  const hub = new LiveHub();
  const stop = new AbortController();
  const stream = eventStream(hub, undefined, () => true, stop.signal);
  await stream.next();
  for (let i = 0; i < 300; i++) hub.publish('task', `t${i % 3}`, { at: i });
  hub.publish('task-failed', 't0', { at: 1 });
  hub.publish('task-failed', 't0', { at: 2 });
  const chunk = await stream.next();
  const text = Buffer.from(chunk.value ?? '').toString();
  assert.deepEqual([...text.matchAll(/"at":(\d+)/g)].map(([, at]) => Number(at)), [297, 298, 299, 1, 2]); // prettier-ignore
  assert.match(text, /id: 302\nevent: task-failed\ndata: .*\n\n$/, 'the last id is the newest');
  stop.abort();
  assert.equal((await stream.next()).done, true);
});

test('what is told between the first line and the next look is not lost', async () => {
  const hub = new LiveHub();
  const stop = new AbortController();
  const stream = eventStream(hub, undefined, () => true, stop.signal);
  await stream.next();
  hub.publish('task', 'early', {});
  assert.match(Buffer.from((await stream.next()).value ?? '').toString(), /early/);
  stop.abort();
});

test('who does not read costs a bounded piece of memory, and is told afterwards that it missed something', async () => {
  await using server = await Controlled.start();
  const token = await server.token('viewer');
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.write(`GET /v1/live HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  const [head]: Buffer[] = await once(socket, 'data');
  assert.match(String(head), /^HTTP\/1\.1 200/);
  socket.pause();
  const data = { text: 'x'.repeat(10_000) };
  // 500 MB in all.
  for (let i = 0; i < 50_000; i++) {
    server.hub.publish('task', `t${i}`, data);
    if (i % 100 === 0) await nextTurn();
  }
  let read = 0;
  let missed = false;
  let last = '';
  socket.on('data', (chunk: Buffer) => {
    read += chunk.length;
    last = last.slice(-100) + chunk.toString('latin1');
    missed ||= last.includes('event: missed');
  });
  socket.resume();
  while (!missed) await once(socket, 'data');
  // What the kernel took, what the server had in hand, and no more than the hub remembers.
  assert.ok(read < 40_000_000, `${read} bytes came`);
  socket.destroy();
});
