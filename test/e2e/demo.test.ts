// `npm run demo`: the first thing people see of Ferry.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { outputOf } from '../peers/command.ts';

const ROOT = join(import.meta.dirname, '../..');

/**
 * Protects what the demo promises: it is killed on the way, goes on, proves the result, moves it on while applications
 * use it, and says where the proof is.
 */
test('the demo kills itself once, goes on, verifies, and leaves nothing but its report', async () => {
  const TMPDIR = mkdtempSync(join(tmpdir(), 'ferry-demo-test-'));
  try {
    // Rejects where any of its steps fails.
    const argv = [process.execPath, 'scripts/demo.ts'];
    const output = String(await outputOf({ argv, cwd: ROOT, env: { TMPDIR } }));
    const files = Number(/^(\d+) files, \d+ MiB: the packages/m.exec(output)?.[1]);
    const arrived = Number(/^Killed with kill -9 after (\d+) files\.$/m.exec(output)?.[1]);
    assert.ok(arrived > 0 && arrived < files, output);
    const count = files.toLocaleString('en');
    const [, resumed, again, proof] = output.split(/^──── (?:The same command|Once more|Prove it).*$/m);
    assert.match(resumed!, new RegExp(`^demo goes on [^]*^  copied +${count} objects`, 'm'));
    assert.match(again!, new RegExp(`^  skipped +${count} objects`, 'm'));
    assert.doesNotMatch(again!, /^ {2}copied/m);
    assert.match(proof!, new RegExp(`both sides are the same[^]*^  the same +${count} objects[^]*^sound: `, 'm'));

    assert.match(
      output,
      /^site {2}migrated [^]*^ {2}copy +[\d,]+ objects .* complete at [^]*: 0 differed, 0 still do/m,
    );
    assert.match(output, /^\d{2,} requests of 3 applications .*: 0 wrong; the longest answer took \d+ ms\.$/m);

    const [, html] = /^The report to read: (.*\/report\.html)$/m.exec(output)!;
    assert.match(readFileSync(html!, 'utf8'), /<html/);
    assert.deepEqual(readdirSync(TMPDIR), []);
  } finally {
    rmSync(TMPDIR, { recursive: true });
  }
});
