/** Whether a task that came through the API names only what of this machine may be named. */
import { join } from 'node:path';
import type { TaskSpec } from '../model/task.ts';
import type { FileReach } from '../store/file-reach.ts';
import { FerryError } from '../model/errors.ts';
import { OutOfReach } from '../store/file-reach.ts';
import type { StoreRegistry } from '../store/registry.ts';

/** Throws `outside-file-roots`, with the place in the task. */
export function checkReach(spec: TaskSpec, registry: StoreRegistry, reach: FileReach): void {
  for (const side of ['source', 'destination'] as const) {
    below(side, () => {
      for (const each of registry.find(spec[side].type)?.local?.(spec[side]) ?? []) reach.check(each);
    });
  }
  const { keysFile } = spec.filters;
  if (keysFile !== undefined) reach.check({ at: ['filters', 'keys_file'], path: keysFile });
  const { path: reports } = spec.report;
  // Verifications write there, runs below it; evidence is written in place.
  for (const each of ['', 'evidence.jsonl', 'run/evidence.jsonl'])
    if (reports !== undefined) reach.check({ at: ['report', 'path'], path: join(reports, each) });
}

function below(side: string, check: () => void): void {
  try {
    check();
  } catch (thrown) {
    if (!(thrown instanceof FerryError) || !(thrown.cause instanceof OutOfReach)) throw thrown;
    throw new FerryError(thrown.code, { message: thrown.message, cause: new OutOfReach([side, ...thrown.cause.at]) });
  }
}
