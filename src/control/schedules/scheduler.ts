/** Runs tasks when their schedules say, and keeps them to their windows. */
import { isFerryError, toFerryError } from '../../model/errors.ts';
import type { NewSchedule, ScheduleBook, ScheduleRecord } from '../../state/control/schedule-book.ts';
import { Problem } from '../api/problem.ts';
import { nextTime, parseCron } from './cron.ts';
import { minuteOf } from './zoned.ts';

/** What schedules do with tasks. Each rejects where there is no such task, or it cannot be done as it is now. */
export interface ScheduledTasks {
  /** Queues it; nothing happens where it waits or runs already. */
  run(task: string): Promise<void>;
  /** Whether it waits or runs. */
  isUnderWay(task: string): Promise<boolean>;
  pause(task: string): Promise<void>;
  resume(task: string): Promise<void>;
}

export interface SchedulerContext {
  readonly book: ScheduleBook;
  readonly tasks: ScheduledTasks;
  /** A schedule ran, or holds its task. */
  readonly tell: (id: string) => void;
  readonly warn: (message: string, about: Readonly<Record<string, unknown>>) => void;
  readonly now: () => number;
}

/** Schedules are looked at so often, milliseconds. */
const LOOK_EVERY = 5000;
const AT_ONCE = 100;

export class Scheduler {
  readonly #c: SchedulerContext;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(context: SchedulerContext) {
    this.#c = context;
  }

  /** What was missed while nobody served runs once. */
  start(): void {
    this.#timer = setInterval(() => void this.look(), LOOK_EVERY).unref();
    void this.look();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  /** Forgets it; a task it holds goes on. False where it was changed meanwhile. */
  async remove(schedule: ScheduleRecord): Promise<boolean> {
    const { book, tasks } = this.#c;
    await this.#looking;
    const { held = false } = (await book.schedule(schedule.id)) ?? {};
    if (!(await book.remove(schedule.id, schedule.version))) return false;
    // Where it cannot go on, nobody waits for it.
    if (held) await tasks.resume(schedule.task).catch(() => undefined);
    return true;
  }

  /** Puts it in place of `old`, and does what is due by it. A task that only `old` held goes on. False where that was changed meanwhile. */
  async replace(old: ScheduleRecord, schedule: Omit<NewSchedule, 'createdAt'>): Promise<boolean> {
    const { book, tasks } = this.#c;
    await this.#looking;
    const { held = false } = (await book.schedule(old.id)) ?? {};
    if (!(await book.replace(schedule, old.version))) return false;
    if (held && schedule.task !== old.task) {
      await book.held(old.id, false);
      await tasks.resume(old.task).catch(() => undefined);
    }
    await this.look();
    return true;
  }

  /** Does what is due now. Never rejects. */
  look(): Promise<void> {
    this.#looking = this.#lookAfter(this.#looking);
    return this.#looking;
  }

  async #lookAfter(before: Promise<void>): Promise<void> {
    await before;
    try {
      await this.#runDue();
      await this.#keepWindows();
    } catch (error) {
      this.#c.warn('schedules cannot be read', { error: toFerryError(error) });
    }
  }

  async #runDue(): Promise<void> {
    const { book, tasks, now, tell, warn } = this.#c;
    for (const schedule of await book.due(now(), AT_ONCE)) {
      const { id, task, cron, timeZone } = schedule;
      const at = now();
      let error: string | undefined;
      try {
        await tasks.run(task);
      } catch (thrown) {
        error = messageOf(thrown);
        warn('a scheduled task could not be begun', { schedule: id, task, reason: error });
      }
      await book.ran(schedule, at, nextTime(parseCron(cron), timeZone, at), error);
      tell(id);
    }
  }

  async #keepWindows(): Promise<void> {
    const { book, tasks, now, tell, warn } = this.#c;
    for (const schedule of await book.windowed()) {
      const { id, task, held } = schedule;
      const open = isOpen(schedule, now());
      try {
        if (!open && (await tasks.isUnderWay(task))) {
          // First: nobody would let go on what was paused by a process that was killed before it said so.
          await book.held(id, true);
          await tasks.pause(task);
        } else if (open && held) {
          await tasks.resume(task);
          await book.held(id, false);
        } else continue;
        tell(id);
      } catch (thrown) {
        // A task that is gone, or that somebody stopped meanwhile, is held no more.
        if (held || !open) await book.held(id, false);
        if (!isFerryError(thrown, 'task-not-found') && !(thrown instanceof Problem))
          warn('a task cannot be kept to its window', { schedule: id, task, error: toFerryError(thrown) });
      }
    }
  }
}

/** Whether its task may run now. */
function isOpen({ window, enabled, timeZone }: ScheduleRecord, now: number): boolean {
  if (window === undefined || !enabled) return true;
  const { from, to } = window;
  const minute = minuteOf(now, timeZone);
  return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}

function messageOf(thrown: unknown): string {
  if (thrown instanceof Problem) return thrown.message === '' ? thrown.code : thrown.message;
  return toFerryError(thrown).message;
}
