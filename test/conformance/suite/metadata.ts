import assert from 'node:assert/strict';
import type { ObjectMeta, SystemMeta } from '../../../src/model/object.ts';
import { isFerryError } from '../../../src/model/errors.ts';
import type { Behaviour } from '../store-suite.ts';
import { rejects } from './bench.ts';

const SYSTEM: Required<SystemMeta> = {
  contentType: 'text/html; charset=utf-8',
  cacheControl: 'max-age=60, public',
  contentDisposition: 'attachment; filename="a b.html"',
  contentEncoding: 'gzip',
  contentLanguage: 'de, en',
  expires: 'Wed, 21 Oct 2065 07:28:00 GMT',
};

export const metadata: readonly Behaviour[] = [
  {
    name: 'metadata: the headers of an object are kept, and told by stat and read',
    needs: (capabilities) => capabilities.metadata.system,
    async run(bench) {
      const key = await bench.put('object', Buffer.from('x'), { meta: SYSTEM });
      assert.deepEqual(systemOf(await bench.store.stat(key)), SYSTEM);
      const { meta, body } = await bench.store.read(key);
      body.cancel();
      assert.deepEqual(systemOf(meta), SYSTEM);
    },
  },
  {
    name: 'metadata: user metadata is kept as it is',
    needs: (capabilities) => capabilities.metadata.userBytes > 0,
    async run(bench) {
      const user = { plain: 'value', 'with-dash': 'two words, and: "quotes" = %2B+', x1: "!#$&'()*+-./<>?@[]^_`{|}~" };
      const key = await bench.put('object', Buffer.from('x'), { meta: { user } });
      assert.deepEqual({ ...(await bench.store.stat(key))?.user }, user);
    },
  },
  {
    name: 'metadata: values HTTP has trouble with are kept exactly or refused, never altered',
    needs: (capabilities) => capabilities.metadata.userBytes > 0,
    async run(bench) {
      for (const [index, value] of ['grün 日本 😀', ' blanks ', 'a\tb', '=?UTF-8?Q?x?='].entries()) {
        const key = bench.key(`object${index}`);
        try {
          await bench.store.write(key, Buffer.from('x'), { meta: { user: { name: value } } });
        } catch (error) {
          assert.ok(isFerryError(error, 'unsupported'), String(error));
          await bench.absent(key);
          continue;
        }
        assert.equal((await bench.store.stat(key))?.user?.['name'], value);
      }
    },
  },
  {
    name: 'metadata: an object written anew keeps none of the old',
    needs: (capabilities) => capabilities.metadata.system && capabilities.metadata.userBytes > 0,
    async run(bench) {
      await bench.put('object', Buffer.from('x'), { meta: { cacheControl: 'no-store', user: { old: '1' } } });
      const key = await bench.put('object', Buffer.from('y'), { meta: { user: { new: '2' } } });
      const meta = await bench.store.stat(key);
      assert.equal(meta?.cacheControl, undefined);
      assert.deepEqual({ ...meta?.user }, { new: '2' });
    },
  },
  {
    name: 'metadata: the modification time is kept as declared',
    needs: (capabilities) => capabilities.metadata.modified === 'set',
    async run(bench) {
      const modified = Date.UTC(2001, 1, 3, 4, 5, 6);
      const key = await bench.put('object', Buffer.from('x'), { meta: { modified } });
      assert.equal((await bench.store.stat(key))?.modified, modified);
    },
  },
  {
    name: 'metadata: every storage class declared is taken',
    needs: (capabilities) => capabilities.metadata.storageClasses.length > 0,
    async run(bench) {
      for (const storageClass of bench.capabilities.metadata.storageClasses) {
        const key = await bench.put(storageClass, Buffer.from('x'), { meta: { storageClass } });
        const told = (await bench.store.stat(key))?.storageClass;
        // S3 does not tell the default class.
        assert.ok(told === undefined || told === storageClass, `${storageClass} became ${told}`);
      }
    },
  },
  {
    name: 'tags: are kept, and an object without has none',
    needs: (capabilities) => capabilities.metadata.tags,
    async run(bench) {
      const tags = { project: 'ferry', 'with space': 'a+b=c / d@e', empty: '' };
      const tagged = await bench.put('tagged', Buffer.from('x'), { tags });
      assert.deepEqual({ ...(await bench.store.tags!(tagged)) }, tags);
      const bare = await bench.put('bare', Buffer.from('x'));
      assert.deepEqual({ ...(await bench.store.tags!(bare)) }, {});
      const told = (await bench.store.stat(tagged))?.tagCount;
      assert.ok(told === undefined || told === 3);
    },
  },
  {
    name: 'tags: are set afterwards, in place of those there were; bytes and headers stay',
    needs: ({ metadata: { tags, system } }, { store }) => tags && system && store.setTags !== undefined,
    async run(bench) {
      const bytes = Buffer.from('x');
      const key = await bench.put('object', bytes, {
        meta: { contentType: 'text/x-a' },
        tags: { old: '1', both: '1' },
      });
      const tags = { both: '2', 'new & <odd>': 'ä "quoted" \'value\'' };
      await bench.store.setTags!(key, tags);
      assert.deepEqual({ ...(await bench.store.tags!(key)) }, tags);
      await bench.holds(key, bytes);
      assert.equal((await bench.store.stat(key))?.contentType, 'text/x-a');
      await rejects(bench.store.setTags!(bench.key('absent'), tags), 'not-found');
    },
  },
];

function systemOf(meta: ObjectMeta | undefined): SystemMeta {
  assert.ok(meta);
  const { contentType, cacheControl, contentDisposition, contentEncoding, contentLanguage, expires } = meta;
  return { contentType, cacheControl, contentDisposition, contentEncoding, contentLanguage, expires };
}
