// A page of another origin uses a bucket by presigned URLs, in a real browser: what CORS rules allow, and nothing else.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { SigV4Signer } from '../../src/wire/sigv4/signer.ts';
import { unavailable } from '../peers/servers.ts';
import { Served } from './served.ts';

/** What the page found out. */
interface Findings {
  readonly put: number;
  readonly etag: string | null;
  readonly text: string;
  /** A header the rule does not expose. */
  readonly hidden: string | null;
  readonly deleted: boolean;
}

/** Where pages come from: one page, and the place it tells its findings to. */
class Pages implements AsyncDisposable {
  readonly #server = createServer();
  #told = Promise.withResolvers<string>();

  async start(page: string): Promise<number> {
    this.#server.on('request', (request, response) => {
      if (request.method !== 'POST') return void response.setHeader('content-type', 'text/html').end(page);
      let text = '';
      request.on('data', (bytes: Buffer) => (text += String(bytes)));
      request.on('end', () => {
        response.end();
        this.#told.resolve(text);
      });
    });
    this.#server.listen(0);
    await once(this.#server, 'listening');
    const address = this.#server.address();
    return typeof address === 'object' ? address!.port : 0;
  }

  /** What a browser that opens the page finds out. */
  async opened(url: string, profile: string): Promise<Findings> {
    this.#told = Promise.withResolvers();
    const options = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', `--user-data-dir=${profile}`];
    const browser = spawn('chromium', [...options, '--disable-dev-shm-usage', url], {
      stdio: 'ignore',
      detached: true,
    });
    const exit = once(browser, 'exit');
    try {
      const early = exit.then(() => assert.fail('the browser ended before the page had told anything'));
      return JSON.parse(await Promise.race([this.#told.promise, early])) as Findings;
    } finally {
      // It is several processes, which are a group.
      process.kill(-browser.pid!, 'SIGKILL');
      await exit;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

test('a browser puts and gets by presigned URLs as far as CORS allows', { skip: unavailable('chromium') }, async () => {
  const cors = [
    { origins: ['http://127.0.0.1:*'], methods: ['GET', 'PUT'], headers: ['content-type'], exposed: ['ETag'] },
  ];
  await using served = await Served.start({ buckets: { pages: { tenant: 'app', store: { type: 'memory' }, cors } } });
  const { endpoint, accessKey, secretKey, region } = served.server;
  const { host } = new URL(endpoint);
  const signer = new SigV4Signer({ accessKeyId: accessKey, secretAccessKey: secretKey, region, service: 's3' });
  const url = (method: string): string => {
    const path = '/pages/a%20b';
    return `${endpoint}${path}?${signer.presign({ method, path, host, seconds: 600, now: Date.now() })}`;
  };
  const script = `
    const tried = (promise) => promise.catch(() => undefined);
    const put = await tried(fetch('${url('PUT')}', { method: 'PUT', body: 'from a page', headers: { 'content-type': 'text/x-own' } }));
    const got = await tried(fetch('${url('GET')}'));
    const gone = await tried(fetch('${url('DELETE')}', { method: 'DELETE' }));
    const findings = {
      put: put?.status ?? 0, etag: put?.headers.get('etag') ?? null, text: (await got?.text()) ?? '',
      hidden: got?.headers.get('x-amz-request-id') ?? null, deleted: gone !== undefined,
    };
    await fetch('/', { method: 'POST', body: JSON.stringify(findings) });
  `;
  await using pages = new Pages();
  const port = await pages.start(`<!doctype html><script type="module">${script}</script>`);
  const allowed = await pages.opened(`http://127.0.0.1:${port}/`, served.at('profile'));
  assert.match(allowed.etag ?? '', /^".+"$/);
  assert.deepEqual({ ...allowed, etag: '' }, { put: 200, etag: '', text: 'from a page', hidden: null, deleted: false });
  const kept = await fetch(url('GET'));
  assert.deepEqual([await kept.text(), kept.headers.get('content-type')], ['from a page', 'text/x-own']);
  // The same page by another name is another origin, which no rule names.
  const stranger = await pages.opened(`http://localhost:${port}/`, served.at('other-profile'));
  assert.deepEqual(stranger, { put: 0, etag: null, text: '', hidden: null, deleted: false });
});
