import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseTaskFile } from '../../../src/config/task-file.ts';
import { allDrivers } from './all-drivers.ts';

const ROOT = path.join(import.meta.dirname, '../../..');

for (const name of globSync('examples/*.yaml', { cwd: ROOT }).sort()) {
  test(`${name} is a task file, and editors find its schema`, () => {
    const text = readFileSync(path.join(ROOT, name), 'utf8');
    assert.match(text, /^# yaml-language-server: \$schema=\.\.\/schema\/task\.schema\.json\n/);
    const env = Object.fromEntries([...text.matchAll(/\$\{env:(\w+)\}/g)].map(([, variable]) => [variable, 'hunter2']));
    const { spec, secrets } = parseTaskFile(text, {
      file: name,
      registry: allDrivers(),
      env,
      readFile: () => 'hunter2',
    });
    assert.ok(
      secrets.every((secret) => secret.reveal() === 'hunter2'),
      'every secret is a reference',
    );
    assert.doesNotMatch(JSON.stringify(spec).replaceAll(/"access_key_id":"[^"]*"/g, ''), /hunter2/);
  });
}
