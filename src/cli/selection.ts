/** Which objects a pass judges, and how: what a task file may not change in the middle of one. */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { RunEvent } from '../engine/progress.ts';
import type { TaskSpec } from '../model/task.ts';
import type { TaskJournal } from '../state/state-store.ts';

export type Selection = Pick<TaskSpec, 'type' | 'filters' | 'compare' | 'createOnly'>;

/** `since`: when the task was first run with it; a pass that began later had it too. */
const Recorded = z.object({ hash: z.string(), since: z.number() });

const FACT = 'selection';

/**
 * The baseline the coming pass may build on: undefined where the last finished pass had another selection and so never
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
  const { baseline } = journal.task;
  if (recorded?.hash === hash) return baseline !== undefined && baseline > recorded.since ? baseline : undefined;
  if (!recorded) {
    await journal.setFact(FACT, { hash, since: 0 });
    return baseline;
  }
  // Ended before it is recorded: stopped in between, the next run finds the difference again.
  if ((await journal.ranges()).length > 0) {
    await journal.endPass('failed', now);
    emit({
      type: 'notice',
      message:
        'filters or comparison of the task changed since it stopped; it begins again, and compares what is there',
    });
  }
  await journal.setFact(FACT, { hash, since: now });
  return undefined;
}

function hashOf({ type, filters, compare, createOnly }: Selection): string {
  return createHash('sha256').update(JSON.stringify({ type, filters, compare, createOnly })).digest('hex');
}
