// Events as they happen, and after a connection broke.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Controlled } from './controlled.ts';

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

test('a server that stops ends the streams', async () => {
  const server = await Controlled.start();
  const token = await server.token('viewer');
  const listening = events(server, token, 1000);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await server[Symbol.asyncDispose]();
  await listening.catch(() => undefined);
});
