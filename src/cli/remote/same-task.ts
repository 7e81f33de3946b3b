/** Whether a task file says what a task of a server was made of. */
import { isDeepStrictEqual } from 'node:util';
import { isRecord } from '../../config/check.ts';
import { YamlFile } from '../../config/yaml-file.ts';
import { FerryError } from '../../model/errors.ts';
import type { ApiClient } from './api-client.ts';
import { taskPath } from './remote-tasks.ts';

/** In place of secrets, which a server does not tell, and what only it can look up. */
const HIDDEN = /^\*\*\*$|^\$\{(env|file|task-file):/;
/** Places that are named. */
const SHOWN = 5;

/** Rejects with `task-mismatch`, which names the places that differ. Secrets are not compared. */
export async function expectSame(server: ApiClient, name: string, wanted: object): Promise<void> {
  const text = await server.text(`${taskPath(name)}/file`);
  // What a task made there refers to is known there alone: it stays as it is written.
  const plain = text.replaceAll(/(?<!\$)\$\{/g, () => '$${');
  const { data } = new YamlFile(plain, { env: {}, readFile: () => '' });
  const found = [...differences(data, wanted, [])];
  if (found.length === 0) return;
  const more = found.length > SHOWN ? ` and ${found.length - SHOWN} more` : '';
  throw new FerryError('task-mismatch', {
    message: `the task "${name}" at ${server.url} is another than the file says: ${found.slice(0, SHOWN).join(', ')}${more}`,
    remedy: `Leave out \`-t\` to run it as it is there; or give the file another NAME, or \`ferry delete ${name}\` there first.`,
  });
}

function* differences(there: unknown, here: unknown, path: readonly string[]): Generator<string> {
  if (typeof there === 'string' && HIDDEN.test(there) && here !== undefined) return;
  if (isRecord(there) && isRecord(here)) {
    for (const key of new Set([...Object.keys(there), ...Object.keys(here)]))
      yield* differences(there[key], here[key], [...path, key]);
  } else if (!isDeepStrictEqual(there, here)) yield path.join('.');
}
