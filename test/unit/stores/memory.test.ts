import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFerryError } from '../../../src/model/errors.ts';
import type { HttpClient, HttpRequest, Origin } from '../../../src/wire/http/client.ts';
import type { StoreContext } from '../../../src/store/registry.ts';
import { StoreRegistry } from '../../../src/store/registry.ts';
import { memoryDriver } from '../../../src/stores/memory/driver.ts';
import { MemoryStore } from '../../../src/stores/memory/store.ts';

const context = (http: HttpClient = answering(500, '')): StoreContext => ({
  http,
  env: {},
  now: () => 1000,
  tmpdir: () => '/nowhere',
});

test('endpoints with one name share objects, another name and another driver do not', async () => {
  const registry = new StoreRegistry([memoryDriver()]);
  const open = (name: string, path = ''): Promise<unknown> =>
    registry.open({ type: 'memory', path, options: { name } }, context());
  const [a, b, other, below] = await Promise.all([open('x'), open('x'), open('y'), open('x', '/dir/')]);
  assert.ok(a instanceof MemoryStore && b instanceof MemoryStore);
  assert.ok(other instanceof MemoryStore && below instanceof MemoryStore);
  await a.write('dir/key', Buffer.from('1'));
  assert.ok(await b.stat('dir/key'));
  assert.ok(await below.stat('key'));
  assert.equal(await other.stat('dir/key'), undefined);
  assert.equal(a.info.identity, b.info.identity);
  assert.notEqual(a.info.identity, below.info.identity);
});

test('a place that must exist and does not answers no-such-bucket; an unknown option is an error', async () => {
  const driver = memoryDriver();
  const store = await driver.open({ type: 'memory', path: '', options: { name: 'gone', create: false } }, context());
  await assert.rejects(store.list({}), (error) => isFerryError(error, 'no-such-bucket'));
  await assert.rejects(driver.open({ type: 'memory', path: '', options: { nmae: 'x' } }, context()), (error) =>
    isFerryError(error, 'configuration'),
  );
});

test('fetch reads a URL through the HTTP client, and an error page is not stored', async () => {
  const asked: [Origin, HttpRequest][] = [];
  const good = new MemoryStore({ http: answering(200, 'bytes', asked) });
  await good.fetch('https://[::1]:8443/a%20b?c', 'key');
  assert.equal((await good.stat('key'))?.size, 5);
  assert.equal((await good.stat('key'))?.contentType, 'text/plain');
  assert.deepEqual(asked[0]![0], { secure: true, host: '::1', port: 8443 });
  assert.equal(asked[0]![1].target, '/a%20b?c');
  const bad = new MemoryStore({ http: answering(503, 'sorry') });
  await assert.rejects(bad.fetch('http://host/x', 'key'), (error) => isFerryError(error, 'unavailable'));
  assert.equal(await bad.stat('key'), undefined);
});

function answering(status: number, text: string, asked: [Origin, HttpRequest][] = []): HttpClient {
  return {
    async request(origin, request) {
      asked.push([origin, request]);
      return {
        status,
        headers: { get: (name) => (name === 'content-type' ? 'text/plain' : undefined), entries: () => [] },
        body: {
          length: text.length,
          async *[Symbol.asyncIterator]() {
            yield Buffer.from(text);
          },
          bytes: async () => Buffer.from(text),
          discard: async () => undefined,
          cancel: () => undefined,
        },
      };
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}
