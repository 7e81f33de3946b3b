/** Runs the bulk tasks that jobs become: a few at once, the others wait by priority. */
import type { BulkEnd, BulkListener, BulkRunner, BulkTask } from '../control/jobs/runner.ts';
import type { RunEvent } from '../engine/progress.ts';
import { toFerryError } from '../model/errors.ts';
import { redactText } from '../observe/redact.ts';
import { NO_COUNTERS } from '../state/state-store.ts';
import { runStored } from '../tasks/run.ts';
import type { TaskServices } from '../tasks/services.ts';

const AT_ONCE = 4;

interface Waiting {
  readonly task: BulkTask;
  readonly listener: BulkListener;
  readonly end: (end: BulkEnd) => void;
}

export class QueuedRunner implements BulkRunner {
  readonly #services: TaskServices;
  readonly #stopping: AbortSignal;
  readonly #waiting: Waiting[] = [];
  #running = 0;

  constructor(services: TaskServices, stopping: AbortSignal) {
    this.#services = services;
    this.#stopping = stopping;
    stopping.addEventListener('abort', () => this.#begin(), { once: true });
  }

  run(task: BulkTask, listener: BulkListener): Promise<BulkEnd> {
    const { promise, resolve } = Promise.withResolvers<BulkEnd>();
    const waiting = { task, listener, end: resolve };
    const place = this.#waiting.findIndex((other) => other.task.priority < task.priority);
    this.#waiting.splice(place < 0 ? this.#waiting.length : place, 0, waiting);
    this.#begin();
    return promise;
  }

  #begin(): void {
    while (this.#waiting.length > 0 && (this.#running < AT_ONCE || this.#stopping.aborted)) {
      const { task, listener, end } = this.#waiting.shift()!;
      this.#running++;
      void this.#ended(task, listener).then(end);
    }
  }

  /** Never rejects. */
  async #ended(task: BulkTask, listener: BulkListener): Promise<BulkEnd> {
    try {
      return await this.#run(task, listener);
    } catch (thrown) {
      const { code, message } = toFerryError(thrown);
      if (this.#stopping.aborted || code === 'interrupted') return { outcome: 'interrupted', counters: NO_COUNTERS };
      return { outcome: 'failed', counters: NO_COUNTERS, error: { code, message: redactText(message) } };
    } finally {
      this.#running--;
      this.#begin();
    }
  }

  /** As `ferry run` does. */
  async #run({ name, definition, what }: BulkTask, listener: BulkListener): Promise<BulkEnd> {
    this.#stopping.throwIfAborted();
    const services = this.#services;
    const record = await (await services.state()).getTask(name);
    const task = { ...(await services.parseTask(JSON.stringify(definition), name)), name, record };
    const emit = (event: RunEvent): void => {
      if (event.type === 'started') listener.started();
      if (event.type === 'progress') listener.progress(event.progress);
    };
    const caller = { signal: this.#stopping, emit };
    const { outcome, counters, error } = await runStored(
      services,
      task,
      { what: what === 'run' ? 'run' : 'retry' },
      caller,
    );
    return {
      outcome: outcome === 'differences' ? 'finished-with-failures' : outcome,
      counters,
      error: error && { code: error.code, message: redactText(error.message) },
    };
  }
}
