import type { TaskDesk } from '../tasks/desk.ts';
import type { ScheduledTasks } from './scheduler.ts';

/** Through the queue of tasks. */
export function scheduledTasks(desk: TaskDesk): ScheduledTasks {
  return {
    async run(task) {
      await desk.order(task, { what: 'run' });
    },
    async isUnderWay(task) {
      const { state } = await desk.find(task);
      return state === 'queued' || state === 'running';
    },
    async pause(task) {
      await desk.pause(task);
    },
    async resume(task) {
      await desk.resume(task);
    },
  };
}
