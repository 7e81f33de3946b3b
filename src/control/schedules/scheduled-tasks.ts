import type { TaskDesk } from '../tasks/desk.ts';
import type { ScheduledTasks } from './scheduler.ts';

/** Through the queue of tasks. */
export function scheduledTasks(desk: TaskDesk): ScheduledTasks {
  return {
    async run(task) {
      await desk.order(task, { what: 'run' });
    },
    async pause(task) {
      const { state } = await desk.find(task);
      if (state !== 'queued' && state !== 'running') return false;
      await desk.pause(task);
      return true;
    },
    async resume(task) {
      await desk.resume(task);
    },
  };
}
