import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { referenceFiles } from '../../../scripts/lib/reference.ts';

const ROOT = join(import.meta.dirname, '../../..');

test('the reference and the JSON schema say what the program does', () => {
  for (const [path, text] of referenceFiles()) {
    let written = '';
    try {
      written = readFileSync(join(ROOT, path), 'utf8');
    } catch {
      // Not there: as stale as can be.
    }
    assert.ok(written === text, `${path} is stale: run \`npm run docs\``);
  }
});
