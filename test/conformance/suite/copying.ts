import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { Capabilities } from '../../../src/model/capabilities.ts';
import type { Behaviour } from '../store-suite.ts';
import { pattern, rejects } from './bench.ts';

const copies = ({ copy }: Capabilities): boolean => copy !== undefined;

export const copying: readonly Behaviour[] = [
  {
    name: 'copy: an object is copied with its metadata, or with the one given',
    needs: copies,
    async run(bench) {
      const bytes = pattern(20_000);
      const meta = { contentType: 'text/x-copied', user: { a: '1' } };
      const from = await bench.put('from key+%20', bytes, { meta });
      const same = bench.key('to/same');
      const other = bench.key('to/other');
      assert.ok(bench.store.sameServer?.(bench.store), 'a store is its own sibling');
      await bench.store.copy!({ store: bench.store, key: from }, same);
      await bench.store.copy!({ store: bench.store, key: from }, other, { meta: { contentType: 'text/x-other' } });
      await bench.holds(same, bytes);
      await bench.holds(other, bytes);
      await bench.holds(from, bytes);
      const copied = await bench.store.stat(same);
      assert.equal(copied?.contentType, 'text/x-copied');
      assert.deepEqual({ ...copied.user }, { a: '1' });
      const replaced = await bench.store.stat(other);
      assert.equal(replaced?.contentType, 'text/x-other');
      assert.deepEqual({ ...replaced.user }, {});
    },
  },
  {
    name: 'copy: a source that is not there rejects with not-found',
    needs: copies,
    async run(bench) {
      const to = bench.key('to');
      await rejects(bench.store.copy!({ store: bench.store, key: bench.key('nothing') }, to), 'not-found');
      await bench.absent(to);
    },
  },
  {
    name: 'copy: another version of the source than ifMatch rejects with changed',
    needs: (capabilities) => copies(capabilities) && capabilities.readIfMatch,
    async run(bench) {
      const from = await bench.put('from', Buffer.from('first'));
      const { etag } = (await bench.store.stat(from))!;
      await bench.put('from', Buffer.from('second'));
      const to = bench.key('to');
      await rejects(bench.store.copy!({ store: bench.store, key: from, ifMatch: etag }, to), 'changed');
      await bench.absent(to);
    },
  },
  {
    name: 'fetch: the store reads a URL by itself, and an error page is no object',
    needs: (capabilities) => capabilities.fetch,
    async run(bench) {
      const bytes = pattern(5000);
      const server = createServer((request, response) => {
        response.statusCode = request.url === '/there?x=1' ? 200 : 404;
        response.end(response.statusCode === 200 ? bytes : 'not here');
      });
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve);
      });
      try {
        const address = server.address();
        assert.ok(address !== null && typeof address === 'object');
        const key = bench.key('fetched');
        await bench.store.fetch!(`http://127.0.0.1:${address.port}/there?x=1`, key);
        await bench.holds(key, bytes);
        await rejects(bench.store.fetch!(`http://127.0.0.1:${address.port}/gone`, bench.key('gone')), 'not-found');
        await bench.absent(bench.key('gone'));
      } finally {
        server.closeAllConnections();
        server.close();
      }
    },
  },
  {
    name: 'presign: the URL reads the object without credentials',
    needs: (capabilities) => capabilities.presign,
    async run(bench) {
      const key = await bench.put('a b/ü+%', Buffer.from('presigned'));
      const response = await fetch(await bench.store.presign!(key, 60));
      assert.equal(response.status, 200);
      assert.equal(await response.text(), 'presigned');
    },
  },
];
