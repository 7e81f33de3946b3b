import fs from 'node:fs';
import type { TreeFixture } from './tree-fixture.ts';

/** Runs without the powers of root, to whom no permission is ever refused. */
export async function asNobody(tree: TreeFixture, work: () => Promise<void>): Promise<void> {
  if (process.getuid!() !== 0) {
    await work();
    return;
  }
  const below = fs.readdirSync(tree.root, { recursive: true }).map((name) => tree.at(String(name)));
  for (const each of [tree.folder, tree.root, ...below]) fs.chownSync(each, 65_534, 65_534);
  process.seteuid!(65_534);
  try {
    await work();
  } finally {
    process.seteuid!(0);
  }
}
