import { closeSync, existsSync, openSync } from 'node:fs';
import path from 'node:path';
import { makeDirectory } from '../../host/make-directory.ts';
import { FerryError } from '../../model/errors.ts';

/** Makes an empty file that its owner alone can read, where there is none. Rejects with `disk-full` or `permission`. */
export function createPrivately(file: string): void {
  try {
    makeDirectory(path.dirname(file), 0o700);
    // Only where it is absent: to close a database file would drop the locks this process has on it.
    if (!existsSync(file)) closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
    if (code === 'EEXIST') return; // Another process was faster.
    throw new FerryError(code === 'ENOSPC' ? 'disk-full' : 'permission', {
      message: `the state file ${file} cannot be created (${code ?? String(error)})`,
      cause: error,
    });
  }
}
