/**
 * Credentials a program prints: `credential_process` of a profile.
 * Source: "Process credential provider", AWS SDKs reference guide.
 */
import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import * as z from 'zod';
import { FerryError } from '../../../model/errors.ts';
import { splitCommandLine } from './command-line.ts';
import type { Credentials, ProgramEnd, RunProgram, Surroundings } from './credentials.ts';
import { parseCredentials } from './json.ts';

/** Such programs may ask a service far away; milliseconds (as in the AWS SDK for Go). */
const TIME = 60_000;
const MAX_OUTPUT = 64 * 1024;

/**
 * Runs the program of the profile. Neither what it prints nor its arguments are told in errors: there may be secrets in
 * them. Rejects with `no-credentials` or `configuration`.
 */
export async function processCredentials(
  profile: string,
  commandLine: string,
  { env, runProgram }: Surroundings,
  signal: AbortSignal | undefined,
): Promise<Credentials> {
  const words = splitCommandLine(commandLine);
  const [program, ...args] = words ?? [];
  if (!program) {
    throw new FerryError('configuration', {
      message: `credential_process of profile "${profile}" is no command line`,
      remedy: 'Write the full path of a program and its arguments; put in double quotes what has blanks in it.',
    });
  }
  const end = await runProgram(program, args, { env, time: TIME, maxOutput: MAX_OUTPUT }, signal);
  const name = `credential_process of profile "${profile}" (${basename(program)})`;
  if (end.problem !== undefined) throw failed(name, profile, end.problem);
  let output: unknown;
  try {
    output = JSON.parse(end.output);
  } catch {
    // Not as a cause: the parser's message quotes what it read.
    throw failed(name, profile, 'printed something that is not JSON');
  }
  const { success, data } = versioned.safeParse(output);
  if (!success) throw failed(name, profile, 'did not print "Version": 1, the only one there is');
  return parseCredentials(JSON.stringify({ ...data, Token: data.SessionToken }), name);
}

const versioned = z.looseObject({ Version: z.literal(1), SessionToken: z.string().optional() });

function failed(name: string, profile: string, problem: string): FerryError {
  return new FerryError('no-credentials', {
    message: `${name} ${problem}`,
    remedy: `Run the program of the profile by hand to see why, or \`aws configure export-credentials --profile ${profile}\`.`,
  });
}

/** Starts a program, without a shell. Standard error is not read: tools write secrets there, too. Never rejects. */
export const runProgram: RunProgram = async (program, args, { env, time, maxOutput }, signal) => {
  const stop = signal === undefined ? AbortSignal.timeout(time) : AbortSignal.any([signal, AbortSignal.timeout(time)]);
  return await new Promise<ProgramEnd>((resolve) => {
    const child = spawn(program, args, { env: { ...env }, stdio: ['ignore', 'pipe', 'ignore'], windowsHide: true });
    const chunks: Buffer[] = [];
    let bytes = 0;
    const end = (result: ProgramEnd): void => {
      stop.removeEventListener('abort', onStop);
      child.kill('SIGKILL');
      // What it started itself may hold the other end.
      child.stdout.destroy();
      resolve(result);
    };
    const give = (problem: string): void => end({ output: '', problem });
    const onStop = (): void => give(signal?.aborted ? 'was interrupted' : `did not end within ${time / 1000} seconds`);
    stop.addEventListener('abort', onStop);
    child.on('error', (error) => give(`cannot be started (${'code' in error ? String(error.code) : error.message})`));
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.byteLength;
      if (bytes > maxOutput) give(`printed more than ${maxOutput / 1024} KiB`);
      else chunks.push(chunk);
    });
    child.on('close', (code, killed) => {
      if (code === 0) end({ output: Buffer.concat(chunks).toString('utf8'), problem: undefined });
      else give(code === null ? `was killed (${killed})` : `ended with code ${code}`);
    });
  });
};
