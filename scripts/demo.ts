// `npm run demo`: moves a real tree into an embedded store, kills itself on the way, goes on, and proves the result.
// Needs 2 GiB in TMPDIR for a minute; `-- --keep` leaves them there.
import { spawn } from 'node:child_process';
import { constants, globSync, statfsSync } from 'node:fs';
import { copyFile, link, mkdir, mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const MiB = 2 ** 20;
const FREE_NEEDED = 2048 * MiB;
/** Generated, so that something is large whatever the machine holds. */
const LARGE = { 'video/harbour.mov': 300 * MiB, 'video/crossing.mov': 220 * MiB };
/** What is found: the packages this project was installed with. */
const FOUND = { folder: 'node_modules', files: 5000, largest: 20 * MiB };
/** Slow enough that there is something to watch, and to kill. */
const BANDWIDTH = '50MiB';
/** Late enough for large files to be half done, early enough for something to be left. */
const KILL_EARLIEST_MS = 5000;
const KILL_LATEST_MS = 15_000;

const keep = process.argv.includes('--keep');
const reports = resolve('demo-report');
let stopped = false;
// The child gets the signal as well; all that is left to do is to clean up.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => (stopped = true));

const root = await mkdtemp(join(tmpdir(), 'ferry-demo-'));
const destination = join(root, 'store');
try {
  process.exitCode = await demo();
} finally {
  if (keep) console.log(`Kept: ${root}`);
  else await rm(root, { recursive: true, force: true });
}

async function demo(): Promise<number> {
  const { bavail, bsize } = statfsSync(root);
  if (bavail * bsize < FREE_NEEDED) {
    console.error(`The demo needs 2 GiB free in ${tmpdir()}; set TMPDIR to a directory that has them.`);
    return 1;
  }
  title('Building Ferry and a tree to move');
  if ((await run([resolve('scripts/build.ts')])) !== 0) return 1;
  const files = await makeTree(join(root, 'tree'));
  const task = join(root, 'demo.yaml');
  const text = `type: copy
source: { type: file, path: ${JSON.stringify(join(root, 'tree'))} }
destination: { type: file, path: ${JSON.stringify(destination)}, options: { metadata: sidecar } }
`;
  await writeFile(task, text);
  console.log(`The task file, ${task}:\n\n${text}`);

  const steps: readonly (readonly [string, () => Promise<number>])[] = [
    ['Do both ends work?', () => ferry('check', '-t', task)],
    ['What would happen?', () => ferry('plan', '-t', task)],
    [`Move, at ${BANDWIDTH}/s for this demo, and kill -9 on the way`, () => runAndKill(task, files * 0.4)],
    ['The same command goes on', () => ferry('run', 'demo')],
    ['Once more: only what is new or changed would be copied', () => ferry('run', 'demo')],
    ['Prove it: read every byte of both sides again', () => ferry('verify', 'demo', '--full', '--evidence', 'all', '--report', reports)], // prettier-ignore
    ['And check the proof, as anybody can', () => ferry('verify', '--check-report', join(reports, 'report.json'))],
  ];
  await rm(reports, { recursive: true, force: true });
  for (const [what, step] of steps) {
    title(what);
    const code = await step();
    if (stopped) return 130;
    if (code !== 0) return code;
  }
  console.log(`\nThe report to read: ${join(reports, 'report.html')}`);
  return 0;
}

/** Thousands of small files by hard links where the file system allows, and the large ones. Resolves with how many. */
async function makeTree(tree: string): Promise<number> {
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

/** Starts the run and kills it once so many files have arrived. Resolves with 0 if that went as planned. */
async function runAndKill(task: string, files: number): Promise<number> {
  const child = start(['run', 'demo', '-t', task, '--bandwidth', BANDWIDTH]);
  const ended = exitOf(child);
  const started = performance.now();
  const early = async (): Promise<boolean> => {
    const elapsed = performance.now() - started;
    return elapsed < KILL_EARLIEST_MS || (elapsed < KILL_LATEST_MS && (await arrived()) < files);
  };
  while (child.exitCode === null && (await early())) await delay(200);
  child.kill('SIGKILL');
  const code = await ended;
  if (process.stdout.isTTY) process.stdout.write('\x1b[?25h\n');
  if (code !== undefined) console.log('It was faster than the killer; nothing to resume this time.');
  else console.log(`Killed with kill -9 after ${await arrived()} files.`);
  return code ?? 0;
}

/** Files that are whole: neither directories, nor temporary ones, nor the metadata kept beside them. */
async function arrived(): Promise<number> {
  const entries = await readdir(destination, { recursive: true, withFileTypes: true }).catch(() => []);
  const isWhole = (path: string): boolean => !path.split(sep).some((name) => name.startsWith('.ferry'));
  return entries.filter((entry) => entry.isFile() && isWhole(relative(destination, join(entry.parentPath, entry.name))))
    .length;
}

function ferry(...words: string[]): Promise<number> {
  return exitOf(start(words)).then((code) => code ?? 1);
}

function start(words: readonly string[]) {
  console.log(`$ ferry ${words.join(' ')}\n`);
  const env = { ...process.env, FERRY_HOME: join(root, 'home') };
  return spawn(process.execPath, [resolve('dist/bin/ferry.js'), ...words], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

function run(words: readonly string[]): Promise<number> {
  return exitOf(spawn(process.execPath, words, { stdio: 'inherit' })).then((code) => code ?? 1);
}

/** The exit code; undefined where a signal ended it. */
function exitOf(child: ReturnType<typeof spawn>): Promise<number | undefined> {
  return new Promise((settle, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => settle(code ?? undefined));
  });
}

function title(text: string): void {
  console.log(`\n──── ${text} ${'─'.repeat(Math.max(0, 70 - text.length))}`);
}
