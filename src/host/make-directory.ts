import fs from 'node:fs';
import path from 'node:path';

/**
 * Makes a directory and those above it that are missing; one that is there is left as it is. `mode` is of those made.
 * Throws the system error where that cannot be.
 *
 * Not `mkdirSync` with `recursive`: where a directory is there and takes no others (`/proc`, measured on Node 24) that
 * tries without end.
 */
export function makeDirectory(directory: string, mode = 0o777): void {
  try {
    fs.mkdirSync(directory, { mode });
    return;
  } catch (thrown) {
    if (fs.statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return;
    const above = path.dirname(directory);
    const missing = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
    if (!missing || above === directory || fs.existsSync(above)) throw thrown;
    makeDirectory(above, mode);
  }
  makeDirectory(directory, mode);
}
