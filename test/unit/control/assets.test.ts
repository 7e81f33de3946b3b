// The console's files: pages for addresses of pages, and nothing for addresses of the API.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ok, route } from '../../../src/control/api/route.ts';
import { Controlled } from './controlled.ts';

test('an address with a dot is a page to who asks for a page; one of the API never is', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ferry-assets-'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>page</title>');
  try {
    const put = { method: 'PUT', path: '/jobs', id: 'put', tag: 'test', summary: 'test', role: 'viewer' } as const;
    const jobs = route({ ...put, answers: {}, handle: async () => ok({}) });
    await using server = await Controlled.start([jobs], Date.now, folder);
    const page = { accept: 'text/html,*/*' };
    for (const path of ['/', '/tasks', '/tasks/web.assets', '/jobs'])
      assert.match((await server.ask('GET', path, { headers: page })).json, /<title>page/, path);
    assert.equal((await server.ask('GET', '/jobs')).status, 405);
    assert.equal((await server.ask('GET', '/nothing.js')).status, 404);
    for (const path of ['/v1/nothing', '/v1/nothing.json']) {
      const { status, json } = await server.ask('GET', path, { headers: page });
      assert.deepEqual([status, json.code], [404, 'no-such-resource']);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
