/** Runs bulk tasks through the queue of tasks, like those that people make: they are seen, paused and limited there. */
import { FerryError, isFerryError, toFerryError } from '../../model/errors.ts';
import { redactText } from '../../observe/redact.ts';
import type { QueuedTask } from '../../state/queue-book.ts';
import { NO_COUNTERS, type StateStore } from '../../state/state-store.ts';
import type { LiveHub } from '../live/hub.ts';
import type { TaskDesk } from '../tasks/desk.ts';
import { WANTED } from '../tasks/wanted.ts';
import { resultOf } from '../tasks/work.ts';
import type { BulkEnd, BulkListener, BulkRunner, BulkTask } from './runner.ts';

export interface QueuedRunnerOptions {
  readonly desk: TaskDesk;
  readonly state: StateStore;
  /** Where the queue tells of its tasks. */
  readonly hub: LiveHub;
  readonly warn: (message: string, about: Readonly<Record<string, unknown>>) => void;
  readonly stopping: AbortSignal;
}

interface Watched {
  readonly listener: BulkListener;
  readonly end: (end: BulkEnd) => void;
  running: boolean;
}

export class QueuedRunner implements BulkRunner {
  readonly #o: QueuedRunnerOptions;
  readonly #watched = new Map<string, Watched>();

  constructor(options: QueuedRunnerOptions) {
    this.#o = options;
    void this.#listen();
  }

  async run(task: BulkTask, listener: BulkListener): Promise<BulkEnd> {
    if (this.#watched.has(task.name)) throw new FerryError('task-running', { message: `"${task.name}" is in hand` });
    const { promise, resolve } = Promise.withResolvers<BulkEnd>();
    const watched = { listener, end: resolve, running: false };
    try {
      const ended = await this.#order(task);
      if (ended) return ended;
      listener.queued?.();
    } catch (thrown) {
      if (this.#o.stopping.aborted) return INTERRUPTED;
      const { code, message } = isFerryError(thrown) ? thrown : toFerryError(thrown);
      return { outcome: 'failed', counters: NO_COUNTERS, error: { code, message: redactText(message) } };
    }
    if (this.#o.stopping.aborted) return INTERRUPTED;
    this.#watched.set(task.name, watched);
    // It may have begun, and ended, before somebody looked.
    await this.#look(task.name, watched);
    return await promise;
  }

  /** Has it queued, unless it is; gives its end where it came to one already and that counts. */
  async #order({ name, definition, priority, what, once }: BulkTask): Promise<BulkEnd | undefined> {
    const { desk, state } = this.#o;
    const known = await state.queue.get(name);
    if (known === undefined) {
      await desk.create(WANTED.parse({ ...definition, name, priority, start: true }));
      return undefined;
    }
    if (isAtWork(known)) return undefined;
    if (once === true && hasEnded(known)) return endOf(known);
    await desk.order(name, { what: what === 'run' ? 'run' : 'retry' });
    return undefined;
  }

  async #listen(): Promise<void> {
    const { hub, stopping } = this.#o;
    for await (const event of hub.events(undefined, stopping)) {
      const names = event === 'missed' ? [...this.#watched.keys()] : event.type === 'task' ? [event.subject] : [];
      for (const name of names) {
        const watched = this.#watched.get(name);
        if (watched) await this.#look(name, watched);
      }
    }
    for (const { end } of this.#watched.values()) end(INTERRUPTED);
    this.#watched.clear();
  }

  async #look(name: string, watched: Watched): Promise<void> {
    const { state, stopping, warn } = this.#o;
    try {
      const task = await state.queue.get(name);
      if (task && isAtWork(task)) {
        if (task.state !== 'running') return;
        if (watched.running) watched.listener.progress();
        else watched.listener.started();
        watched.running = true;
        return;
      }
      if (stopping.aborted || this.#watched.get(name) !== watched) return;
      this.#watched.delete(name);
      watched.end(task ? endOf(task) : DELETED);
    } catch (error) {
      warn('what became of a task cannot be read', { task: name, error: toFerryError(error) });
    }
  }
}

const INTERRUPTED: BulkEnd = { outcome: 'interrupted', counters: NO_COUNTERS };
const DELETED: BulkEnd = {
  outcome: 'failed',
  counters: NO_COUNTERS,
  error: { code: 'task-not-found', message: 'its task was deleted' },
};

/** Paused it waits for whoever paused it. */
function isAtWork({ state }: QueuedTask): boolean {
  return state === 'queued' || state === 'running' || state === 'paused';
}

/** By what the state tells of the task: a process that died may not have written how its order ended. */
function endOf({ record, state, result: kept }: QueuedTask): BulkEnd {
  const { counters, error } = record;
  if (state === 'failed') return { outcome: 'failed', counters, error: resultOf(kept)?.error ?? error };
  if (record.state === 'finished') return { outcome: 'finished', counters };
  if (record.state === 'failed') return { outcome: error ? 'failed' : 'finished-with-failures', counters, error };
  return { outcome: 'failed', counters, error: { code: 'interrupted', message: 'its task was stopped' } };
}

/** It came to an end, whatever that was. */
function hasEnded({ record, state }: QueuedTask): boolean {
  return state === 'failed' || record.state === 'finished' || record.state === 'failed';
}
