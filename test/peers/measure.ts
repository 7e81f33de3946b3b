/** Runs a command and says what it cost: GNU time reports what wait4 tells of it and of every process it waited for. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from './command.ts';

export interface Cost {
  /** Seconds. */
  readonly wall: number;
  /** User and system seconds of the process and its children. */
  readonly cpu: number;
  /** Peak resident set of its largest process, bytes. */
  readonly memory: number;
}

/** Needs the peer `time`. Rejects with the end of the command's output where it fails. */
export async function measure({ argv, cwd, env }: Command): Promise<Cost> {
  const dir = mkdtempSync(join(tmpdir(), 'ferry-time-'));
  const report = join(dir, 'report');
  const started = performance.now();
  const child = spawn('time', ['-q', '-f', '%U %S %M', '-o', report, ...argv], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4000)));
  }
  const [code] = await once(child, 'close');
  const wall = (performance.now() - started) / 1000;
  const [user = 0, system = 0, kilobytes = 0] = readFileSync(report, 'utf8').trim().split(' ').map(Number);
  rmSync(dir, { recursive: true });
  if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}:\n${output}`);
  return { wall, cpu: user + system, memory: kilobytes * 1024 };
}

/** Bytes of all files below a directory. */
export function diskBytes(dir: string): number {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}
