/** The `ferry` command as a person runs it: a process, a state directory, a task file. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from '../peers/command.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Characters of each stream that are kept: the last ones. */
const KEPT = 500_000;

export interface Exit {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Both. */
  readonly output: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly exit: Promise<Exit>;
  /** Resolves with the match once standard output has matched; rejects where the command ends before. */
  readonly printed: (pattern: RegExp) => Promise<RegExpExecArray>;
}

/** A line of `--json`. */
export type JsonLine = { readonly type: string } & Readonly<Record<string, unknown>>;

/** What the tests want of the line `summary`. */
export interface Summary {
  readonly outcome: string;
  readonly counters: Readonly<
    Record<'listed' | 'copied' | 'copiedBytes' | 'skipped' | 'deleted' | 'failed' | 'compared', number>
  >;
  readonly losses: Readonly<Record<string, number>>;
}

export class Ferry implements Disposable {
  /** Where it runs; removed at the end, with `$FERRY_HOME` in it. */
  readonly dir = mkdtempSync(join(tmpdir(), 'ferry-e2e-'));
  readonly home = join(this.dir, 'home');
  /** What it sees of the environment besides. */
  readonly env: Record<string, string> = {};
  readonly #program: string;
  readonly #running = new Set<ChildProcess>();

  /** Runs what is published where no other program is given. */
  constructor(program = built()) {
    this.#program = program;
  }

  /** Writes a task file and gives its path. JSON is YAML. */
  task(task: Readonly<Record<string, unknown>>, name = 'task'): string {
    const file = join(this.dir, `${name}.yaml`);
    writeFileSync(file, JSON.stringify(task));
    return file;
  }

  /** For whoever runs it in a way of their own. */
  command(...args: readonly string[]): Command {
    const argv = [process.execPath, '--disable-warning=ExperimentalWarning', this.#program, ...args];
    return { argv, env: { FERRY_HOME: this.home, ...this.env } };
  }

  start(...args: readonly string[]): Running {
    const { argv, env } = this.command(...args);
    const child = spawn(argv[0]!, argv.slice(1), {
      cwd: this.dir,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#running.add(child);
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => (texts[name] = (texts[name] + text).slice(-KEPT)));
    }
    const exit = once(child, 'close').then(([code]: (number | null)[]) => {
      this.#running.delete(child);
      return { code: code ?? null, ...texts, output: texts.stdout + texts.stderr };
    });
    const printed = async (pattern: RegExp): Promise<RegExpExecArray> => {
      for (let ended = false; ;) {
        const match = pattern.exec(texts.stdout);
        if (match !== null) return match;
        if (ended) assert.fail(`ended without ${pattern}: ${texts.stderr}`);
        ended = await Promise.race([once(child.stdout, 'data').then(() => false), exit.then(() => true)]);
      }
    };
    return { child, exit, printed };
  }

  run(...args: readonly string[]): Promise<Exit> {
    return this.start(...args).exit;
  }

  /** Runs it with `--json`, to this exit code; gives the lines. */
  async json(code: number, ...args: readonly string[]): Promise<readonly JsonLine[]> {
    const ended = await this.run(...args, '--json');
    const lines = ended.stdout.split('\n').filter((line) => line.startsWith('{'));
    const telling = lines.filter((line) => !line.startsWith('{"type":"progress"')).join('\n');
    assert.equal(ended.code, code, `ferry ${args.join(' ')}: ${telling}${ended.stderr}`);
    return lines.map((line) => JSON.parse(line) as JsonLine);
  }

  /** The summary of a `run` or `verify` that ends with this exit code. */
  async summary(code: number, ...args: readonly string[]): Promise<Summary> {
    const lines = await this.json(code, ...args);
    const line = lines.find(({ type }) => type === 'summary');
    assert.ok(line, `ferry ${args.join(' ')} tells a summary`);
    return line as JsonLine & Summary;
  }

  /** What `status` tells of a task. */
  async status(name: string): Promise<Pick<Summary, 'counters'> & { readonly state: string }> {
    const [line] = await this.json(0, 'status', name);
    return line as JsonLine & Summary & { readonly state: string };
  }

  [Symbol.dispose](): void {
    for (const child of this.#running) child.kill('SIGKILL');
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/**
 * The program as it is published, made anew where the sources are younger: that is what people run, and it starts in a
 * quarter of the time.
 */
function built(): string {
  const program = join(ROOT, 'dist/bin/ferry.js');
  if (!existsSync(program) || statSync(program).mtimeMs < youngest(['src', 'console', 'schema', 'scripts/lib']))
    execFileSync(process.execPath, ['scripts/build.ts'], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
  return program;
}

/** When a file below one of these folders was last changed, milliseconds since the epoch. */
function youngest(folders: readonly string[]): number {
  const files = folders.flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true }));
  return Math.max(...files.map(({ parentPath, name }) => statSync(join(parentPath, name)).mtimeMs));
}
