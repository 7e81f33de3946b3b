/** Ferry as a person runs it, shown before it runs. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join, resolve } from 'node:path';

export class Commands {
  readonly #env: NodeJS.ProcessEnv;

  /** `root`: where `$FERRY_HOME` goes. */
  constructor(root: string) {
    this.#env = { ...process.env, FERRY_HOME: join(root, 'home') };
  }

  /** Resolves with the exit code; with 1 where a signal ended it. */
  async ferry(...words: string[]): Promise<number> {
    return (await exitOf(this.start(words))) ?? 1;
  }

  start(words: readonly string[]): ChildProcess {
    console.log(`$ ferry ${words.join(' ')}\n`);
    return spawn(process.execPath, [resolve('dist/bin/ferry.js'), ...words], {
      env: this.#env,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  }

  /** What it prints, unshown. */
  async ask(...words: string[]): Promise<string> {
    const child = spawn(process.execPath, [resolve('dist/bin/ferry.js'), ...words], {
      env: this.#env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (more: string) => (text += more));
    await exitOf(child);
    return text;
  }
}

/** A program of this project. */
export async function run(words: readonly string[]): Promise<number> {
  return (await exitOf(spawn(process.execPath, words, { stdio: 'inherit' }))) ?? 1;
}

/** The exit code; undefined where a signal ended it. */
export function exitOf(child: ChildProcess): Promise<number | undefined> {
  return new Promise((settle, reject) => {
    child.on('error', reject);
    child.on('close', (code) => settle(code ?? undefined));
  });
}

export function title(text: string): void {
  console.log(`\n──── ${text} ${'─'.repeat(Math.max(0, 70 - text.length))}`);
}
