// Imports run downwards only. This is the whole map; a new folder under src/ has to find its place in it.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { test } from 'node:test';

const BELOW_STORES = ['model', 'host', 'observe', 'wire', 'store'];
const BELOW_CONFIG = [...BELOW_STORES, 'state', 'engine'];
const BELOW_TASKS = [...BELOW_CONFIG, 'config', 'report'];
const BELOW_CLI = [...BELOW_TASKS, 'tasks', 'gateway', 'control'];

/** What each folder may import besides itself. `stores/<driver>` counts as a folder, so drivers never see each other. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  model: [],
  host: [],
  observe: ['model'],
  wire: ['model', 'observe'],
  store: ['model', 'observe', 'wire'],
  stores: BELOW_STORES,
  state: ['model', 'host', 'observe'],
  engine: [...BELOW_STORES, 'state'],
  config: BELOW_CONFIG,
  report: ['model', 'host', 'state', 'engine'],
  gateway: [...BELOW_CONFIG, 'config'],
  tasks: BELOW_TASKS,
  control: [...BELOW_TASKS, 'tasks', 'gateway'],
  cli: BELOW_CLI,
};

/** Whose only work is to name what there is. */
const WIRING = new Set(['ferry', 'main', 'all-stores']);

const ROOT = join(import.meta.dirname, '../..');

interface Import {
  readonly file: string;
  readonly line: number;
  /** A path under src/, or a bare specifier. */
  readonly target: string;
  /** Erased at run time. */
  readonly type: boolean;
}

const STATIC = /^(?:import|export)\s+(type\s+)?(?:[\w*{][^'";]*?\sfrom\s+)?'([^']+)'/gm;
const DYNAMIC = /(?:\bimport|\bnew URL)\(\s*()'([^']+)'/g;

const imports = globSync('src/**/*.ts', { cwd: ROOT }).flatMap((file) => importsOf(file.replaceAll('\\', '/')));

test('imports run downwards only', () => {
  const wrong = imports.filter(({ file, target }) => target.startsWith('src/') && !allowed(file, target));
  assert.deepEqual(wrong.map(explain), [], 'Move the code down, or pass what is needed in as an argument.');
});

test('no cycle between folders, whatever the map says', () => {
  const edges = imports.filter(({ target }) => target.startsWith('src/'));
  const cycles = findCycles(edges.map(({ file, target }) => [folderOf(file), folderOf(target)] as const));
  assert.deepEqual(cycles, []);
});

test('no cycle between files at run time', () => {
  const edges = imports.filter(({ target, type }) => target.startsWith('src/') && !type);
  assert.deepEqual(findCycles(edges.map(({ file, target }) => [file, target] as const)), []);
});

test('the model needs nothing, and nobody imports what users do not install', () => {
  const manifest: unknown = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  assert.ok(typeof manifest === 'object' && manifest !== null && 'dependencies' in manifest);
  const installed = Object.keys(Object(manifest.dependencies));
  const wrong = imports.filter(({ file, target }) => {
    if (target.startsWith('src/')) return false;
    if (file.startsWith('src/model/')) return true;
    return !target.startsWith('node:') && !installed.some((name) => target === name || target.startsWith(`${name}/`));
  });
  assert.deepEqual(wrong.map(explain), []);
});

function allowed(file: string, target: string): boolean {
  const from = folderOf(file);
  const to = folderOf(target);
  if (from === to || WIRING.has(from)) return true;
  const map = MAY_IMPORT[from.split('/')[0]!];
  assert.ok(map, `${file}: src/${from} has no place in the map of test/unit/boundaries.test.ts`);
  return map.includes(to);
}

/** `src/stores/s3/list.ts` → `stores/s3`; `src/engine/list/split.ts` → `engine`; `src/main.ts` → `main`. */
function folderOf(path: string): string {
  const [, top, second] = path.split('/');
  if (top!.endsWith('.ts')) return top!.slice(0, -'.ts'.length);
  return top === 'stores' ? `stores/${second!.replace(/\.ts$/, '')}` : top!;
}

function explain({ file, line, target }: Import): string {
  const from = folderOf(file);
  const may = MAY_IMPORT[from.split('/')[0]!] ?? [];
  return `${file}:${line} imports ${target}; ${from} may import ${may.join(', ') || 'nothing'}`;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(STATIC), ...text.matchAll(DYNAMIC)]
    .filter(([statement, , specifier]) => !statement.startsWith('new URL') || specifier!.endsWith('.ts'))
    .map((match) => ({
      file,
      line: text.slice(0, match.index).split('\n').length,
      target: match[2]!.startsWith('.') ? posix.join(dirname(file), match[2]!) : match[2]!,
      type: Boolean(match[1]),
    }));
}

/** Each cycle once, as `a → b → a`. */
function findCycles(edges: readonly (readonly [string, string])[]): string[] {
  const next = new Map<string, Set<string>>();
  for (const [from, to] of edges) if (from !== to) next.set(from, (next.get(from) ?? new Set()).add(to));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (node: string, path: readonly string[]): void => {
    const start = path.indexOf(node);
    if (start >= 0) cycles.push([...path.slice(start), node].join(' → '));
    if (start >= 0 || done.has(node)) return;
    for (const to of next.get(node) ?? []) visit(to, [...path, node]);
    done.add(node);
  };
  for (const node of next.keys()) visit(node, []);
  return cycles;
}
