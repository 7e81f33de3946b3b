import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mirrored } from '../../../conformance/mirrored.ts';
import { MemoryStore } from '../../../../src/stores/memory/store.ts';

test('an object that is another node’s to fetch is asked of that node, and only when it is missing here', async () => {
  const peer = new MemoryStore();
  await peer.write('theirs', Buffer.from('theirs'));
  await peer.write('mine', Buffer.from('not asked'));
  const store = mirrored(new MemoryStore(), {
    peerOf: (bucket, key) => (bucket === 'b' && key !== 'own' ? peer : undefined),
  });
  await store.write('mine', Buffer.from('mine'));
  const read = async (key: string): Promise<string> => String(await (await store.read(key)).body.bytes(100));
  assert.equal(await read('theirs'), 'theirs');
  assert.equal(await read('mine'), 'mine');
  assert.equal((await store.asked({ method: 'HEAD', headers: undefined }).stat('theirs'))?.size, 6);
  await assert.rejects(read('own'), { code: 'not-found' });
});
