/** The command line without a process: words in, exit code and output out, in a folder of its own. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { openServices } from '../../../src/cli/open-services.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { StoreRegistry, type StoreDriver } from '../../../src/store/registry.ts';
import { fileDriver } from '../../../src/stores/file/driver.ts';

export interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export class Ferry implements Disposable {
  /** Removed at the end, with `$FERRY_HOME` in it. */
  readonly folder = mkdtempSync(join(tmpdir(), 'ferry-cli-'));
  /** What the command sees of the environment. */
  readonly env: Record<string, string> = { FERRY_HOME: join(this.folder, 'home') };
  readonly #stores: StoreRegistry;

  constructor(drivers: readonly StoreDriver[] = [fileDriver()]) {
    this.#stores = new StoreRegistry(drivers);
  }

  /** Path of a file in the folder. */
  at(...names: readonly string[]): string {
    return join(this.folder, ...names);
  }

  /** Writes a task file, `task.yaml` where it has no name, and gives its path. */
  task(text: string, name = 'task.yaml'): string {
    writeFileSync(this.at(name), text);
    return this.at(name);
  }

  async run(...words: string[]): Promise<Result> {
    const [out, err] = [collect(), collect()];
    const { env } = this;
    const stores = this.#stores;
    const code = await runProgram(words, {
      io: { stdout: out.stream, stderr: err.stream, stdin: Readable.from([]), env },
      signals: new EventEmitter(),
      now: Date.now,
      stores,
      exit: () => assert.fail('nothing ends the process'),
      openServices: (globals) =>
        openServices({ registry: stores, env, globals, now: Date.now, random: Math.random, warn: assert.fail }),
    });
    return { code, out: out.text(), err: err.text() };
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function collect(): { stream: Writable; text: () => string } {
  let text = '';
  const write = (chunk: unknown, _: unknown, done: () => void): void => {
    text += String(chunk);
    done();
  };
  return { stream: new Writable({ write, decodeStrings: false }), text: () => stripVTControlCharacters(text) };
}
