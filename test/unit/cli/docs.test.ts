// What the documents show is true: task files parse, links lead somewhere, commands and options exist.
import assert from 'node:assert/strict';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { allStores } from '../../../src/all-stores.ts';
import { commandGroups } from '../../../src/cli/commands/table.ts';
import { GLOBAL_OPTIONS } from '../../../src/cli/global-options.ts';
import { loadControl } from '../../../src/config/control-config.ts';
import { loadGateway } from '../../../src/config/gateway-config.ts';
import { parseTaskFile } from '../../../src/config/task-file.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const PAGES = ['README.md', 'CHANGELOG.md', ...globSync('docs/**/*.md', { cwd: ROOT })].map((path) => ({
  path,
  text: readFileSync(join(ROOT, path), 'utf8'),
}));

const GATEWAY = /^gateway:/m;
/** A configuration, not a task. */
const CONFIGURATION = /^(gateway|control):/m;

test('every task file in the documents is one', () => {
  const env = new Proxy<Record<string, string>>({}, { get: () => 'x' });
  const registry = allStores();
  let count = 0;
  for (const { path, text } of PAGES) {
    for (const [, block] of text.matchAll(/^```yaml.*\n([^]*?)^```$/gm)) {
      if (CONFIGURATION.test(block!)) continue;
      // An example of one end is completed; of filters and the like there is none.
      const whole = block!.includes('destination:') ? block! : `type: copy\ndestination: { type: memory }\n${block}`;
      parseTaskFile(whole, { file: path, registry, env, readFile: () => 'x' });
      count++;
    }
  }
  assert.ok(count > 20);
});

test('every configuration of a server in the documents is one', async () => {
  const env = new Proxy<Record<string, string>>({}, { get: () => 'a-secret-of-some-length' });
  const dir = mkdtempSync(join(tmpdir(), 'ferry-docs-'));
  let count = 0;
  try {
    for (const { path, text } of PAGES) {
      for (const [, block] of text.matchAll(/^```yaml.*\n([^]*?)^```$/gm)) {
        if (!CONFIGURATION.test(block!)) continue;
        const file = join(dir, basename(path));
        writeFileSync(file, block!);
        await loadControl(file, env, () => 'x');
        if (GATEWAY.test(block!)) await loadGateway(file, allStores(), env, () => 'x');
        count++;
      }
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
  assert.ok(count > 0);
});

test('the command is where the README says', () => {
  const { bin } = z.object({ bin: z.record(z.string(), z.string()) }).parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))); // prettier-ignore
  assert.ok(readFileSync(join(ROOT, 'README.md'), 'utf8').includes(`\`${bin['ferry']}\``));
});

test('links lead to pages and headings that are there', () => {
  for (const { path, text } of PAGES) {
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target!)) continue;
      const [file, anchor] = target!.split('#');
      const page = file === '' ? path : join(dirname(path), file!);
      assert.ok(existsSync(join(ROOT, page)), `${path}: ${target}`);
      if (anchor === undefined) continue;
      const headings = [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
        slug(title!),
      );
      assert.ok(headings.includes(anchor), `${path}: ${target}`);
    }
  }
});

test('commands and options in the documents exist', () => {
  const commands = new Map(
    commandGroups().flatMap((group) => group.commands.map((each) => [each.name, each] as const)),
  );
  for (const { path, text } of PAGES) {
    for (const [line, name] of text.matchAll(/(?<=`|^ *)ferry ([a-z]+)[^`\n]*/gm)) {
      const command = commands.get(name!);
      assert.ok(command, `${path}: ${line}`);
      const known = [...command.options, ...GLOBAL_OPTIONS].map(({ long }) => long);
      for (const [, long] of line.matchAll(/ --([a-z-]+)/g)) assert.ok(known.includes(long!), `${path}: ${line}`);
    }
  }
});

/** As GitHub makes anchors of headings. */
function slug(title: string): string {
  return title.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').trim().replaceAll(' ', '-'); // prettier-ignore
}
