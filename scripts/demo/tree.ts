/** Something real to move, made or found on this machine. */
import { constants, globSync } from 'node:fs';
import { copyFile, link, mkdir, open } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

export const MiB = 2 ** 20;
/** Generated, so that something is large whatever the machine holds. */
const LARGE = { 'video/harbour.mov': 300 * MiB, 'video/crossing.mov': 220 * MiB };
/** What is found: the packages this project was installed with. */
const FOUND = { folder: 'node_modules', files: 5000, largest: 20 * MiB };

/** Thousands of small files by hard links where the file system allows, and the large ones. Resolves with how many. */
export async function makeTree(tree: string): Promise<number> {
  let count = 0;
  let bytes = 0;
  for (const entry of globSync(`${FOUND.folder}/**/*`, { withFileTypes: true })) {
    if (count >= FOUND.files) break;
    if (!entry.isFile()) continue;
    const from = join(entry.parentPath, entry.name);
    const size = await linked(from, join(tree, 'packages', relative(FOUND.folder, from)));
    if (size === undefined) continue;
    count++;
    bytes += size;
  }
  for (const [name, size] of Object.entries(LARGE)) {
    await generate(join(tree, name), size);
    count++;
    bytes += size;
  }
  console.log(
    `${count} files, ${Math.round(bytes / MiB)} MiB: the packages of this project, and ${Object.keys(LARGE).length} large ones.`,
  );
  return count;
}

/** Size of the file; undefined where it is too large. */
async function linked(from: string, to: string): Promise<number | undefined> {
  await using handle = await open(from);
  const { size } = await handle.stat();
  if (size > FOUND.largest) return undefined;
  await mkdir(dirname(to), { recursive: true });
  // Another file system, or one without hard links.
  await link(from, to).catch(() => copyFile(from, to, constants.COPYFILE_FICLONE));
  return size;
}

/** Bytes that do not compress or repeat in a way that a mix-up of parts could hide. */
async function generate(path: string, size: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await using handle = await open(path, 'w');
  const block = crypto.getRandomValues(Buffer.alloc(65_536));
  const chunk = Buffer.alloc(MiB);
  for (let at = 0; at < size; at += MiB) {
    for (let i = 0; i < MiB; i += block.length) {
      block.writeDoubleBE(at + i, 0);
      block.copy(chunk, i);
    }
    await handle.write(chunk);
  }
}
