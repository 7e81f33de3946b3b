import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { parseTaskFile } from '../../../src/config/task-file.ts';
import { StoreRegistry, type StoreDriver } from '../../../src/store/registry.ts';

const ROOT = path.join(import.meta.dirname, '../../..');

/** Takes any options: the examples are read here for their task keys. */
const anything = (type: string): StoreDriver => ({
  type,
  aliases: [],
  summary: '',
  options: z.record(z.string(), z.unknown()),
  secrets: ['secret_access_key', 'access_key_secret'],
  roles: { source: true, destination: true },
  open: () => Promise.reject(new Error('opens nothing')),
});

for (const name of globSync('examples/*.yaml', { cwd: ROOT }).sort()) {
  test(`${name} is a task file that editors know`, () => {
    const text = readFileSync(path.join(ROOT, name), 'utf8');
    assert.match(text, /^# yaml-language-server: \$schema=\.\.\/schema\/task\.schema\.json\n/);
    const registry = new StoreRegistry(['file', 's3', 'aliyun', 'ceph', 'http', 'filelist'].map(anything));
    const env = Object.fromEntries([...text.matchAll(/\$\{env:(\w+)\}/g)].map(([, variable]) => [variable, 'value']));
    const { spec } = parseTaskFile(text, { file: name, registry, env, readFile: () => 'value' });
    assert.ok(spec.source.type && spec.destination.type);
  });
}
