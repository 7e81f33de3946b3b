// The commands of README and tutorial, typed as they stand.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const ROOT = resolve(import.meta.dirname, '../..');

for (const page of ['README.md', 'docs/tutorial.md']) {
  test(`the commands of ${page} do what it says`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'ferry-docs-'));
    try {
      const env = environment(folder);
      for (const { language, attribute, value, body } of blocks(readFileSync(join(ROOT, page), 'utf8'))) {
        if (language === 'yaml' && attribute === 'file') writeFileSync(join(folder, value!), body);
        if (language !== 'sh' || attribute === undefined) continue;
        const { status, stdout, stderr } = spawnSync('bash', ['-ec', body], { cwd: folder, env, encoding: 'utf8' });
        assert.equal(status, attribute === 'fails' ? Number(value) : 0, `${body}\n${stdout}\n${stderr}`);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

/** `ferry` on the path, and a home of its own. */
function environment(folder: string): NodeJS.ProcessEnv {
  const bin = join(folder, '.bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'ferry'), `#!/bin/sh\nexec "${process.execPath}" "${ROOT}/src/ferry.ts" "$@"\n`);
  chmodSync(join(bin, 'ferry'), 0o755);
  return { ...process.env, PATH: `${bin}:${process.env['PATH']}`, FERRY_HOME: join(folder, '.home') };
}

/** Fenced blocks with the word, or word and value, after their language. */
function blocks(text: string) {
  return [...text.matchAll(/^```(\w+)(?: (\w+)(?:=(\S+))?)?\n([^]*?)^```$/gm)].map(
    ([, language, attribute, value, body]) => ({ language: language!, attribute, value, body: body! }),
  );
}
