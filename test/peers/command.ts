/** A command of somebody else's. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface Command {
  readonly argv: readonly string[];
  /** Where it runs; our own working directory where absent. */
  readonly cwd?: string;
  /** On top of our own; undefined takes a variable away. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What it printed, byte by byte; rejects with what it complained about where it fails. */
export async function outputOf({ argv: [command, ...args], cwd, env }: Command): Promise<Buffer> {
  const options = { cwd, env: { ...process.env, ...env }, encoding: 'buffer', maxBuffer: 256 * 2 ** 20 } as const;
  return (await promisify(execFile)(command!, args, options)).stdout;
}
