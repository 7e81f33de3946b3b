// `npm run demo`: moves a real tree into an embedded store, kills itself on the way, goes on, and proves the result; then
// moves that on to another store while applications use it.
// Needs 2 GiB in TMPDIR for a minute; `-- --keep` leaves them there.
import { statfsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve, sep } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Commands, exitOf, run, title } from './demo/commands.ts';
import { Guest } from './demo/guest.ts';
import { moveLive } from './demo/live.ts';
import { makeTree, MiB } from './demo/tree.ts';

const FREE_NEEDED = 2048 * MiB;
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
const commands = new Commands(root);
const ferry = (...words: string[]): Promise<number> => commands.ferry(...words);
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
  const guest = process.stdin.isTTY && process.stdout.isTTY ? new Guest(() => stopped) : undefined;
  const code = await moveLive(commands, root, destination, guest);
  if (code !== 0) return stopped ? 130 : code;
  console.log(`\nThe report to read: ${join(reports, 'report.html')}`);
  return 0;
}

/** Starts the run and kills it once so many files have arrived. Resolves with 0 if that went as planned. */
async function runAndKill(task: string, files: number): Promise<number> {
  const child = commands.start(['run', 'demo', '-t', task, '--bandwidth', BANDWIDTH]);
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
