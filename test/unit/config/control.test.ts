// Where the API listens: on this machine, unless somebody says otherwise and how it is guarded there.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { loadControl, type LoadedControl } from '../../../src/config/control-config.ts';
import { isFerryError } from '../../../src/model/errors.ts';

async function load(control: object): Promise<LoadedControl> {
  const dir = mkdtempSync(path.join(tmpdir(), 'ferry-control-config-'));
  try {
    const file = path.join(dir, 'ferry.yaml');
    writeFileSync(file, JSON.stringify({ control }));
    return await loadControl(file, {});
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test('defaults are those of a server that nobody else reaches, and that reaches nothing private', async () => {
  const { spec } = await load({});
  assert.deepEqual([spec?.host, spec?.port, spec?.tls, spec?.openMetrics], ['127.0.0.1', 7800, undefined, false]);
  assert.deepEqual([spec?.fileRoots, spec?.jobs.allowPrivateOrigins, spec?.jobs.lists], [[], false, undefined]);
});

test('other addresses need TLS, or a word', async () => {
  for (const listen of ['0.0.0.0:7800', '[::]:7800', '192.0.2.1:80', 'ferry.example:443'])
    await assert.rejects(
      load({ listen }),
      (error) =>
        isFerryError(error, 'configuration') && /control\.listen: is reached from elsewhere/.test(error.message),
      listen,
    );
  for (const listen of ['127.0.0.1:1', '127.9.9.9:1', 'localhost:1', '[::1]:1']) await load({ listen });
  await load({ listen: '0.0.0.0:7800', plain_http: true });
  const { spec } = await load({ listen: '[::]:7800', tls: { cert_file: 'c', key_file: 'k' } });
  assert.deepEqual([spec?.host, spec?.port], ['::', 7800]);
  assert.equal((await load({ listen: 'off' })).spec, undefined);
});
