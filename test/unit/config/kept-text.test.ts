// What is kept of a task file reads back as the file did, and holds nothing it should not.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { Secret } from '../../../src/model/secret.ts';
import { loadTaskFile, parseTaskFile } from '../../../src/config/task-file.ts';
import { stubRegistry } from './stub-drivers.ts';

const DESTINATION = 'destination: { type: file, path: /x }\n';

/** Ways to write a secret, and what it is then. */
const WAYS: readonly (readonly [string, string])[] = [
  ['plain', 'plain'],
  ['0123', '0123'],
  ['"in \\"quotes\\"" # why', 'in "quotes"'],
  ["'it''s'", "it's"],
  ['|\n      block\n      of lines', 'block\nof lines\n'],
  ['>-\n      folded\n      text', 'folded text'],
  ['plain on\n      two lines', 'plain on two lines'],
  ['&a anchored', 'anchored'],
  ['half-${env:REST}', 'half-way'],
  ['p#ss', 'p#ss'],
];

for (const folder of ['tasks', 'with blanks, {brackets} and 100 %', 'ünï "quotes"']) {
  test(`secrets are found again in a file in a folder called ${folder}`, async (t) => {
    const dir = path.join(mkdtempSync(path.join(tmpdir(), 'ferry-kept-')), folder);
    t.after(() => rmSync(path.dirname(dir), { recursive: true }));
    mkdirSync(dir);
    const file = path.join(dir, 'task.yaml');
    const env = { REST: 'way' };
    for (const [written, secret] of WAYS) {
      const literal = secret.split('\n')[0]!.replace(/-way$/, '');
      writeFileSync(
        file,
        `# old ${literal}\ntype: copy\nsource:\n  type: s3\n  options:\n    bucket_name: b # ${literal}\n    secret_access_key: ${written}\n    access_key_id: id\n${DESTINATION}`,
      );
      const loaded = await loadTaskFile(file, stubRegistry, env);
      assert.equal(revealed(loaded.spec.source.options), secret);
      assert.ok(!loaded.text.includes(literal), loaded.text);
      const again = parseTaskFile(loaded.text, { file: 'task t', registry: stubRegistry, env });
      assert.equal(revealed(again.spec.source.options), secret, loaded.text);
      assert.deepEqual(plain(again.spec), plain(loaded.spec));
      assert.equal(again.text, loaded.text, 'what is kept stays as it is');
    }
  });
}

test('references, and what is no secret, are kept as they are written', async (t) => {
  const dir = mkdtempSync(path.join(tmpdir(), 'ferry-kept-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const file = path.join(dir, 'task.yaml');
  const text = `type: copy\nsource: { type: s3, options: { bucket_name: "a#b", secret_access_key: "\${env:KEY}" } }\n${DESTINATION}`;
  writeFileSync(file, text);
  assert.equal((await loadTaskFile(file, stubRegistry, { KEY: 'k' })).text, text);
});

function revealed(options: Readonly<Record<string, unknown>>): string {
  const value = options['secret_access_key'];
  assert.ok(value instanceof Secret);
  return value.reveal();
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
