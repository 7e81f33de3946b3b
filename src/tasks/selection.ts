/** Which objects a pass judges, and how: what a task file may not change in the middle of one. */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { RunEvent } from '../engine/progress.ts';
import type { TaskSpec } from '../model/task.ts';
import type { StateStore, TaskJournal, TaskRecord } from '../state/state-store.ts';
import type { Stores } from './services.ts';

export interface Selection extends Pick<TaskSpec, 'type' | 'filters' | 'compare' | 'createOnly'> {
  /** `StoreInfo.view` of source and destination, where one of them has one. */
  readonly views?: readonly (string | undefined)[] | undefined;
}

/** `since`: when the task was first run with it; a pass that began later had it too. */
const Recorded = z.object({ hash: z.string(), since: z.number() });

const FACT = 'selection';

/** The selection of a task, with its stores opened. */
export function selectionOf(spec: TaskSpec, { source, destination }: Stores): Selection {
  const { type, filters, compare, createOnly } = spec;
  const views = [source.info.view, destination.info.view];
  return { type, filters, compare, createOnly, views: views.some((view) => view !== undefined) ? views : undefined };
}

/**
 * The baseline the coming pass may build on: undefined where the pass that drew it had another selection and so never
 * judged what this one will. A pass under way with another selection is ended, for the keys behind it were judged by
 * rules that hold no more. A task that has none recorded is taken to have had this one. Only the path of a `keys_file`
 * counts, not what is in it.
 */
export async function settledBaseline(
  journal: TaskJournal,
  selection: Selection,
  now: number,
  emit: (event: RunEvent) => void,
): Promise<number | undefined> {
  const hash = hashOf(selection);
  const recorded = Recorded.safeParse(await journal.getFact(FACT)).data;
  if (!recorded) await journal.setFact(FACT, { hash, since: 0 });
  if (!recorded || recorded.hash === hash) return vouching(journal.task, recorded?.since ?? 0);
  // Ended before it is recorded: stopped in between, the next run finds the difference again.
  if ((await journal.ranges()).length > 0) {
    await journal.endPass('failed', now);
    emit({
      type: 'notice',
      message:
        'filters, comparison or naming of the task changed since it stopped; it begins again, and compares what is there',
    });
  }
  await journal.setFact(FACT, { hash, since: now });
  return undefined;
}

/** The same for a look ahead: what `settledBaseline` would give, with nothing written. */
export async function expectedBaseline(
  state: StateStore,
  task: TaskRecord,
  selection: Selection,
): Promise<number | undefined> {
  const recorded = Recorded.safeParse(await state.getFact(task.name, FACT)).data;
  if (recorded && recorded.hash !== hashOf(selection)) return undefined;
  return vouching(task, recorded?.since ?? 0);
}

function vouching({ baseline }: TaskRecord, since: number): number | undefined {
  return baseline !== undefined && baseline > since ? baseline : undefined;
}

function hashOf({ type, filters, compare, createOnly, views }: Selection): string {
  return createHash('sha256').update(JSON.stringify({ type, filters, compare, createOnly, views })).digest('hex');
}
