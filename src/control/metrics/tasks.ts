import type { RunEvent } from '../../engine/progress.ts';
import type { Metrics } from '../../observe/metrics.ts';
import { NO_COUNTERS, type Counters } from '../../state/state-store.ts';

/** What is counted of a task, by the outcome of its objects. */
const OUTCOMES = ['copied', 'skipped', 'deleted', 'failed'] as const;

/** Told of what the tasks do that this process works on; a task that no more is told of is forgotten at its summary. */
export interface TaskObserver {
  observe(task: string, event: RunEvent): void;
}

/** `counts`: how many tasks are in each state. */
export function measureTasks(metrics: Metrics, counts: () => Promise<Readonly<Record<string, number>>>): TaskObserver {
  const tasks = metrics.gauge({ name: 'ferry_tasks', help: 'Tasks by state.', labels: ['state'] });
  const ended = metrics.counter({
    name: 'ferry_tasks_ended_total',
    help: 'Runs that ended here.',
    labels: ['outcome'],
  });
  const objects = metrics.counter({
    name: 'ferry_objects_total',
    help: 'Objects of the tasks that ran here.',
    labels: ['outcome'],
  });
  const moved = metrics.counter({ name: 'ferry_moved_bytes_total', help: 'Of the objects copied by them.' });
  const last = new Map<string, Counters>();
  const add = (task: string, now: Counters): void => {
    const known = last.get(task);
    // A pass begins at nothing again.
    const before = known === undefined || now.listed < known.listed ? NO_COUNTERS : known;
    const more = (what: keyof Counters): number => Math.max(0, now[what] - before[what]);
    for (const outcome of OUTCOMES) objects.add(more(outcome), outcome);
    moved.add(more('copiedBytes'));
    last.set(task, now);
  };
  metrics.collect(async () => {
    tasks.clear();
    for (const [state, count] of Object.entries(await counts())) tasks.set(count, state);
  });
  return {
    observe(task, event) {
      // What an earlier process counted is not counted again: the first progress of a run is where it begins.
      if (event.type === 'started') last.delete(task);
      if (event.type === 'progress' && !last.has(task)) last.set(task, event.progress.counters);
      else if (event.type === 'progress') add(task, event.progress.counters);
      if (event.type !== 'summary') return;
      if (last.has(task)) add(task, event.summary.counters);
      last.delete(task);
      ended.add(1, event.summary.outcome);
    },
  };
}
