/**
 * Server processes of one test: a private directory, free ports, and an end that comes whatever happens.
 *
 * Everything is killed and removed by `[Symbol.asyncDispose]`, and also when this process dies without calling it: a
 * keeper (one `sh`, in its own session) waits for the end of a pipe only this process holds open, then does the same.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, closeSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const KEEPER = 'cat >/dev/null; for f in "$1"/*.pid; do kill -9 -"$(cat "$f")"; done 2>/dev/null; rm -rf "$1"';

export class Daemons implements AsyncDisposable {
  readonly dir: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #running = new Map<string, ChildProcess>();
  readonly #keeper: ChildProcess;

  /** `name` begins the directory's name; `env` gets the directory and gives what the daemons see beside our own. */
  constructor(name: string, env: (dir: string) => NodeJS.ProcessEnv = () => ({})) {
    this.dir = mkdtempSync(join(tmpdir(), `ferry-${name}-`));
    this.#env = { ...process.env, ...env(this.dir) };
    this.#keeper = spawn('sh', ['-c', KEEPER, 'keeper', this.dir], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#keeper.unref();
    if (this.#keeper.stdin instanceof Socket) this.#keeper.stdin.unref();
  }

  /** Runs a command to its end; rejects with its output where it fails. */
  async run(command: string, ...args: readonly string[]): Promise<string> {
    return (await promisify(execFile)(command, args, { env: this.#env })).stdout;
  }

  /** Starts a daemon that stays in the foreground; its output goes to `<name>.out` in the directory. */
  start(name: string, command: string, ...args: readonly string[]): void {
    const out = openSync(join(this.dir, `${name}.out`), 'a');
    const child = spawn(command, args, { env: this.#env, detached: true, stdio: ['ignore', out, out] });
    closeSync(out);
    child.on('error', () => {}); // without a pid; `untilListening` reports it
    if (child.pid !== undefined) writeFileSync(join(this.dir, `${name}.pid`), String(child.pid));
    child.unref();
    this.#running.set(name, child);
  }

  /** Resolves when every port accepts connections; rejects with a log where a daemon ended or `seconds` passed. */
  async untilListening(ports: readonly number[], seconds = 60): Promise<void> {
    const deadline = performance.now() + seconds * 1000;
    for (const port of ports) {
      while (!(await accepts(port))) {
        for (const [name, child] of this.#running) if (ended(child)) throw new Error(this.#report(name, 'ended'));
        if (performance.now() > deadline) throw new Error(`port ${port} was not opened within ${seconds} s`);
        await delay(25);
      }
    }
  }

  /** SIGKILL, as a power cut would; resolves when they are gone. */
  async kill(...names: readonly string[]): Promise<void> {
    await Promise.all(names.map((name) => this.#end(name)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill(...this.#running.keys());
    rmSync(this.dir, { recursive: true, force: true });
    this.#keeper.stdin?.end();
  }

  async #end(name: string): Promise<void> {
    const child = this.#running.get(name);
    this.#running.delete(name);
    if (!child?.pid) return;
    if (!ended(child)) {
      child.ref();
      const exit = once(child, 'exit');
      process.kill(-child.pid, 'SIGKILL');
      await exit;
    }
    unlinkSync(join(this.dir, `${name}.pid`));
  }

  #report(name: string, what: string): string {
    return `${name} ${what}:\n${readFileSync(join(this.dir, `${name}.out`), 'utf8').slice(-2000)}`;
  }
}

/** First of `count` neighbouring ports on 127.0.0.1, all free now and outside Linux's range for outgoing connections. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = 12_000 + Math.floor(Math.random() * (20_000 - count));
    const ports = Array.from({ length: count }, (_, i) => first + i);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return first;
  }
}

function ended(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const free = new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
  });
  if (!(await free)) return false;
  server.close();
  await once(server, 'close');
  return true;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (open: boolean) => () => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', answer(true)).once('error', answer(false));
  });
}
