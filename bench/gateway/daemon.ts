/** Processes that are measured while they run. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';

/** What stands between the clients and the backend. */
export interface Contender extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  /** Seconds of processor time it has taken so far, in all of its processes. */
  cpu(): number;
  /** Bytes its processes have in memory. */
  memory(): number;
}

/** A process with a directory of its own, removed with it. */
export class Daemon implements Contender {
  readonly name: string;
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #dir: string;

  constructor(name: string, port: number, child: ChildProcess, dir: string) {
    this.name = name;
    this.port = port;
    this.#child = child;
    this.#dir = dir;
  }

  cpu(): number {
    return this.#sum((pid) => {
      // After the name in brackets; times are in hundredths of a second (proc_pid_stat(5)).
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
      return (Number(fields[11]) + Number(fields[12])) / 100;
    });
  }

  memory(): number {
    return this.#sum((pid) => {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]) * 1024;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exit;
    rmSync(this.#dir, { recursive: true });
  }

  #sum(of: (pid: number) => number): number {
    const { pid } = this.#child;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return [
      pid!,
      ...children
        .split(' ')
        .filter((text) => text !== '')
        .map(Number),
    ].reduce((sum, each) => sum + of(each), 0);
  }
}

/** On one core it is the first, which load and backend leave to it. */
export function startOn(cores: number, command: readonly string[], env: Record<string, string> = {}): ChildProcess {
  const [program, ...args] = cores === 1 ? ['taskset', '-c', '0', ...command] : command;
  return spawn(program!, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
}
