import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { serve, site } from '../unit/http-store/server.ts';
import { storeSuite, type StoreFixture } from './store-suite.ts';

const KEYS = ['a', 'a b/ü+%', 'deep/er', 'empty', ...Array.from({ length: 20 }, (_, i) => `n/${i}`)];
const holds = new Map(KEYS.map((key) => [key, Buffer.from(key === 'empty' ? '' : `content of ${key}`)]));

async function fixture(
  options: (url: (key: string) => string, folder: string) => Record<string, unknown>,
): Promise<StoreFixture> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferry-http-'));
  const server = await site((request, response) => {
    const bytes = holds.get(decodeURIComponent(request.url!.slice(1)));
    if (bytes) serve(request, response, bytes);
    else response.writeHead(404).end('not here');
  });
  const store = await server.open(options((key) => `${server.url}/${encodeURIComponent(key)}`, folder));
  return {
    store,
    holds,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      fs.rmSync(folder, { recursive: true });
    },
  };
}

storeSuite('URLs given one by one', () => fixture((url) => ({ urls: KEYS.map(url) })));

storeSuite('URLs in a file', () =>
  fixture((url, folder) => {
    const list = path.join(folder, 'urls.txt');
    fs.writeFileSync(list, KEYS.map(url).join('\n'));
    return { list_path: list };
  }),
);
