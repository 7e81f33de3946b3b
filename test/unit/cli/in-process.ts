/** The command line in a folder of its own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoreRegistry, type StoreDriver } from '../../../src/store/registry.ts';
import { fileDriver } from '../../../src/stores/file/driver.ts';
import { typed, type Result } from './command-line.ts';

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

  run(...words: string[]): Promise<Result> {
    return typed(words, { stores: this.#stores, env: this.env });
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
