/** Finding the task a verb is about. */
import { basename, extname, resolve } from 'node:path';
import type { LoadedTask } from '../config/task-file.ts';
import { FerryError } from '../model/errors.ts';
import type { BandwidthEntry, TaskSpec } from '../model/task.ts';
import type { TaskRecord } from '../state/state-store.ts';
import type { Call } from './command.ts';
import type { FoundTask } from '../tasks/task.ts';
import type { Services } from './services.ts';

/** The task by its file, by its name, or both: then the file counts. Rejects with `task-not-found` or `configuration`. */
export async function findTask(services: Services, call: Call): Promise<FoundTask> {
  const file = call.text('task');
  const name = call.argument ?? (file === undefined ? undefined : nameOfFile(file));
  if (name === undefined) {
    throw new FerryError('configuration', {
      message: 'neither a task name nor a task file was given',
      remedy: 'Give the NAME of a task that was run before, or a task file with `-t TASK.yaml`.',
    });
  }
  const record = call.argument === undefined ? undefined : await (await services.state()).getTask(name);
  const loaded = await (file === undefined ? stored(services, name, record) : services.loadTask(file));
  return { ...loaded, name, record, spec: overridden(loaded.spec, call) };
}

/** The stored task of this name; rejects with `task-not-found`. */
export async function storedTask(services: Services, name: string): Promise<TaskRecord> {
  const record = await (await services.state()).getTask(name);
  if (!record) throw new FerryError('task-not-found', { message: `there is no task "${name}"` });
  return record;
}

function nameOfFile(file: string): string {
  return basename(resolve(file), extname(file));
}

async function stored(services: Services, name: string, record: TaskRecord | undefined): Promise<LoadedTask> {
  if (record) return await services.parseTask(record.file, name);
  throw new FerryError('task-not-found', {
    message: `there is no task "${name}"`,
    remedy: `Create it with \`ferry run ${name} -t TASK.yaml\`; \`ferry status\` lists the tasks there are.`,
  });
}

/** Flags that replace a value of the task file for one call. */
function overridden(spec: TaskSpec, call: Call): TaskSpec {
  const bandwidth = call.number('bandwidth');
  const concurrency = call.number('concurrency');
  const timetable: readonly BandwidthEntry[] = [{ minute: 0, bytesPerSecond: bandwidth === 0 ? undefined : bandwidth }];
  return {
    ...spec,
    deleteGuard: spec.deleteGuard && !call.flag('without-guard'),
    limits: {
      ...spec.limits,
      ...(bandwidth === undefined ? {} : { bandwidth: timetable }),
      ...(concurrency === undefined ? {} : { concurrency }),
    },
  };
}
