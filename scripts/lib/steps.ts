/** Tools that judge the whole tree: each is one command that is silent unless it fails. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Step {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

const bin = (name: string): string => `node_modules/.bin/${name}`;

export const STATIC_STEPS: readonly Step[] = [
  { name: 'types', command: bin('tsc'), args: ['-p', '.'] },
  { name: 'types of the console', command: bin('tsc'), args: ['-p', 'console'] },
  { name: 'lint', command: bin('oxlint'), args: ['--type-aware', '--quiet'] },
  { name: 'format', command: bin('oxfmt'), args: ['--check', '.'] },
];

/** Runs a step, prints its line and, where it failed, its output. Resolves with whether it passed. */
export async function runStep({ name, command, args }: Step): Promise<boolean> {
  const started = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk));
  const failure = await once(child, 'close').then(
    ([code]) => (code === 0 ? undefined : Buffer.concat(output).toString()),
    (error: unknown) => String(error),
  );
  console.log(resultLine(failure === undefined, name, performance.now() - started));
  if (failure !== undefined) console.log(failure.trimEnd());
  return failure === undefined;
}

export function resultLine(ok: boolean, name: string, milliseconds: number, detail = ''): string {
  return `${ok ? 'ok  ' : 'FAIL'} ${name}${detail === '' ? '' : `: ${detail}`} (${(milliseconds / 1000).toFixed(1)} s)`;
}
