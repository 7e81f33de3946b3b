// The way in for what stores tell of changes: open to who shows the token, bounded, and out of the way of every bucket.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Users } from '../../../src/gateway/access/users.ts';
import { Gateway, type AccessEntry } from '../../../src/gateway/gateway.ts';
import { Notifications } from '../../../src/gateway/notifications.ts';
import { FerryError } from '../../../src/model/errors.ts';
import { Secret } from '../../../src/model/secret.ts';
import { listen } from '../../../src/wire/http/server/listen.ts';
import type { ObjectEvent } from '../../../src/wire/s3/notification.ts';
import { AWS } from '../wire/s3/notification-documents.ts';

const TOKEN = 'a-token:of/some+length=';
const DOCUMENT = JSON.stringify(AWS);

class Listening implements AsyncDisposable {
  readonly events: ObjectEvent[] = [];
  readonly log: AccessEntry[] = [];
  failure: Error | undefined;
  readonly #server;

  private constructor(server: Promise<Awaited<ReturnType<typeof listen>>>) {
    this.#server = server;
  }

  static start(): Listening {
    const started = Promise.withResolvers<Awaited<ReturnType<typeof listen>>>();
    const listening = new Listening(started.promise);
    const tell = async (events: readonly ObjectEvent[]): Promise<void> => {
      if (listening.failure !== undefined) throw listening.failure;
      listening.events.push(...events);
    };
    const none = { find: () => undefined, of: () => [], create: notHere, remove: notHere };
    const gateway = new Gateway({
      users: new Users([], 'us-east-1'),
      buckets: none,
      region: 'us-east-1',
      domains: ['s3.test'],
      now: Date.now,
      notifications: new Notifications(new Map([['photos', { token: new Secret(TOKEN), tell }]])),
      log: (entry) => listening.log.push(entry),
    });
    started.resolve(listen(gateway.handler));
    return listening;
  }

  async post(
    authorization: string | undefined,
    { path = '/.ferry/notifications/photos', body = DOCUMENT, method = 'POST' }: Sent = {},
  ): Promise<number> {
    const headers = authorization === undefined ? {} : { authorization };
    const sent = method === 'POST' ? { body } : {};
    const { port } = await this.#server;
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers, ...sent });
    await answer.text();
    return answer.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#server).drain(0);
  }
}

interface Sent {
  readonly path?: string;
  readonly body?: string;
  readonly method?: string;
}

async function notHere(): Promise<never> {
  throw new FerryError('unsupported');
}

const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;

test('events are taken from who shows the token, as Bearer or as the password of Basic', async () => {
  await using listening = Listening.start();
  for (const shown of [`Bearer ${TOKEN}`, `bearer  ${TOKEN} `, basic(`ferry:${TOKEN}`), basic(`:${TOKEN}`)])
    assert.equal(await listening.post(shown), 200, shown);
  assert.equal(listening.events.length, 4);
  assert.equal(listening.events[0]!.key, 'HappyFace.jpg');
  assert.equal(listening.log.at(-1)!.operation, 'Notification');
});

test('others are refused alike, whether anybody listens or not', async () => {
  await using listening = Listening.start();
  const wrong = [undefined, '', 'Bearer', 'Bearer x', basic('ferry'), basic('ferry:'), basic(`${TOKEN}:x`), TOKEN];
  for (const shown of wrong) assert.equal(await listening.post(shown), 403, shown);
  const right = basic(`ferry:${TOKEN}`);
  for (const name of ['', 'other', 'photos/', 'photos%2F', '__proto__'])
    assert.equal(await listening.post(right, { path: `/.ferry/notifications/${name}` }), 403, name);
  assert.equal(await listening.post('Bearer ', { path: '/.ferry/notifications/other' }), 403);
  assert.equal(listening.events.length, 0);
  assert.ok(!JSON.stringify(listening.log).includes(TOKEN));
});

test('what is no notification is refused, and what is too long is not read', async () => {
  await using listening = Listening.start();
  const right = basic(`ferry:${TOKEN}`);
  assert.equal(await listening.post(right, { body: '{}' }), 400);
  assert.equal(await listening.post(right, { body: `"${'x'.repeat(1024 * 1024)}"` }), 400);
  assert.equal(await listening.post(right, { method: 'GET' }), 405);
  assert.equal(listening.events.length, 0);
});

test('what could not be kept is not confirmed', async () => {
  await using listening = Listening.start();
  listening.failure = new FerryError('unavailable', { message: 'the disk is away' });
  assert.equal(await listening.post(basic(`ferry:${TOKEN}`)), 503);
});
