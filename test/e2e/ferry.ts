/** The `ferry` command as a person runs it: a process, a state directory, a task file. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

export interface Exit {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly output: string;
}

export class Ferry implements Disposable {
  /** Removed at the end, with `$FERRY_HOME` in it. */
  readonly dir = mkdtempSync(join(tmpdir(), 'ferry-e2e-'));
  readonly #running = new Set<ChildProcess>();

  /** Writes a task file and gives its path. JSON is YAML. */
  task(task: Readonly<Record<string, unknown>>): string {
    const file = join(this.dir, 'task.yaml');
    writeFileSync(file, JSON.stringify(task));
    return file;
  }

  start(...args: readonly string[]): { readonly child: ChildProcess; readonly exit: Promise<Exit> } {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
      env: { ...process.env, FERRY_HOME: join(this.dir, 'home') },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#running.add(child);
    return { child, exit: this.#exitOf(child) };
  }

  run(...args: readonly string[]): Promise<Exit> {
    return this.start(...args).exit;
  }

  [Symbol.dispose](): void {
    for (const child of this.#running) child.kill('SIGKILL');
    rmSync(this.dir, { recursive: true, force: true });
  }

  async #exitOf(child: ChildProcess): Promise<Exit> {
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-20_000)));
    }
    const [code]: (number | null)[] = await once(child, 'close');
    this.#running.delete(child);
    return { code: code ?? null, output };
  }
}
