/** Two ends of one task must not lie in each other. */
import { FerryError } from '../model/errors.ts';
import type { TaskSpec } from '../model/task.ts';
import type { StoreInfo } from './store.ts';

/**
 * Throws `configuration` where source and destination are the same place or one is inside the other: a destination
 * inside the source is listed and copied again by every pass, and a source inside the destination is extraneous there.
 * A task that deletes works at one place, so it may. Stores that do not tell their place are not judged.
 */
export function refuseOverlap(type: TaskSpec['type'], source: StoreInfo, destination: StoreInfo): void {
  const [from, to] = [source.place, destination.place];
  if (type === 'delete' || !from || !to || from.root !== to.root) return;
  if (from.prefix === to.prefix)
    throw refused(`source and destination are the same place: ${source.name} and ${destination.name}`);
  if (to.prefix.startsWith(from.prefix))
    throw refused(
      `the destination ${destination.name} is inside the source ${source.name}; every pass would copy its own copies`,
    );
  if (from.prefix.startsWith(to.prefix))
    throw refused(
      `the source ${source.name} is inside the destination ${destination.name}; \`delete_extraneous\` would delete it`,
    );
}

function refused(message: string): FerryError {
  return new FerryError('configuration', {
    message,
    remedy: 'Choose another `path` for one of them, so that neither holds the other.',
  });
}
