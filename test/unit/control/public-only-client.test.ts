// Whoever may name addresses must not make Ferry ask its own neighbourhood, however the address is written.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpClient, HttpResponse, Origin } from '../../../src/wire/http/client.ts';
import { PublicOnlyClient } from '../../../src/wire/http/public-only-client.ts';

class Asked implements HttpClient {
  readonly origins: Origin[] = [];
  request(origin: Origin): Promise<HttpResponse> {
    this.origins.push(origin);
    return Promise.reject(new Error('asked'));
  }
  async [Symbol.asyncDispose](): Promise<void> {
    // It holds nothing.
  }
}

const REQUEST = { method: 'GET', target: '/', headers: [] };
const to = (host: string): Origin => ({ secure: false, host, port: 80 });

test('private addresses and names that lead there are refused before anything is sent', async () => {
  const inner = new Asked();
  const lookup = async (host: string) =>
    host === 'mixed.example' ? [{ address: '93.184.216.34', family: 4 }, { address: '10.0.0.1', family: 4 }] : [{ address: '::1', family: 6 }]; // prettier-ignore
  const client = new PublicOnlyClient(inner, { now: () => 0, lookup });
  for (const host of [
    '127.0.0.1',
    '10.1.2.3',
    '169.254.169.254',
    '::1',
    'fd00::1',
    '2002:7f00:1::',
    '2001:0:7f00:1::',
    '64:ff9b:1::a00:1',
    '::127.0.0.1',
    'fec0::1',
    '::ffff:127.0.0.1',
    '0.0.0.0',
    'mixed.example',
    'inner.example',
  ])
    // prettier-ignore
    await assert.rejects(client.request(to(host), REQUEST), { code: 'access-denied', retryable: 'never' }, host);
  assert.deepEqual(inner.origins, []);
});

test('the address that was looked at is the one dialled, and is looked at again after a while', async () => {
  const inner = new Asked();
  let answer = '93.184.216.34';
  let now = 0;
  const client = new PublicOnlyClient(inner, { now: () => now, lookup: async () => [{ address: answer, family: 4 }] });
  const origin = to('moves.example');
  const ask = (): Promise<unknown> => client.request(origin, REQUEST).catch((error: unknown) => error);
  await ask();
  answer = '127.0.0.1';
  await ask();
  assert.deepEqual(inner.origins.map(({ host, address }) => [host, address]), [['moves.example', '93.184.216.34'], ['moves.example', '93.184.216.34']]); // prettier-ignore
  assert.equal(inner.origins[0], inner.origins[1], 'one object, so that connections are shared');
  now = 60_000;
  await assert.rejects(client.request(origin, REQUEST), { code: 'access-denied' });
});
