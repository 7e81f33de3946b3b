/** What a task may not ask for at once. */
import { FerryError } from '../model/errors.ts';
import type { TaskSpec } from '../model/task.ts';

/** Rejects with `configuration`. */
export function refuseContradictions(spec: TaskSpec): void {
  if (spec.deleteExtraneous && spec.filters.keysFile !== undefined) {
    throw new FerryError('configuration', {
      message: '`delete_extraneous` and `filters.keys_file` exclude each other',
      remedy: 'A list of keys says nothing about what else the destination may hold. Leave one of them out.',
    });
  }
}
