/** Runs the bulk tasks that jobs become: a few at once, the others wait by priority. */
import { join } from 'node:path';
import type { BulkEnd, BulkListener, BulkRunner, BulkTask } from '../control/jobs/runner.ts';
import type { RunEvent } from '../engine/progress.ts';
import { toFerryError } from '../model/errors.ts';
import { redactText } from '../observe/redact.ts';
import { ReportRecorder } from '../report/recorder.ts';
import { NO_COUNTERS } from '../state/state-store.ts';
import { logEvent } from './log-event.ts';
import { selectionOf, settledBaseline } from './selection.ts';
import type { Services } from './services.ts';
import { engineContext, openEnds, sideOf } from './task-call.ts';
import { identityOf, takeUp } from './task-identity.ts';

const AT_ONCE = 4;

interface Waiting {
  readonly task: BulkTask;
  readonly listener: BulkListener;
  readonly end: (end: BulkEnd) => void;
}

export class QueuedRunner implements BulkRunner {
  readonly #services: Services;
  readonly #stopping: AbortSignal;
  readonly #waiting: Waiting[] = [];
  #running = 0;

  constructor(services: Services, stopping: AbortSignal) {
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
    const { engine, now, log, version } = services;
    const state = await services.state();
    const text = JSON.stringify(definition);
    const record = await state.getTask(name);
    const task = { ...(await services.parseTask(text, name)), name, record };
    const { spec } = task;
    await using stores = await openEnds(services, spec);
    const wanted = { name, file: text, identity: identityOf(spec, stores), createdAt: now() };
    await using lease = await takeUp(state, wanted, services.holder);
    const journal = await state.journal(lease);
    const recorder = await ReportRecorder.start({
      folder: join(services.home, 'reports', name, 'run'),
      kind: 'run',
      task: name,
      evidence: spec.report.evidence,
      source: sideOf(stores.source),
      destination: sideOf(stores.destination),
      version,
      now,
    });
    const emit = (event: RunEvent): void => {
      recorder.observe(event);
      logEvent(log, event);
      if (event.type === 'progress') listener.progress(event.progress);
    };
    listener.started();
    const signal = AbortSignal.any([this.#stopping, lease.lost]);
    const baseline =
      what === 'run' ? await settledBaseline(journal, selectionOf(spec, stores), now(), emit) : undefined;
    const context = engineContext({ signal }, services, task, stores, emit);
    const summary = await engine[what === 'run' ? 'run' : 'retryFailures']({ ...context, journal, baseline }, recorder);
    await recorder.finish(summary, await state.failureGroups(name));
    const { outcome, counters, error } = summary;
    return {
      outcome: outcome === 'differences' ? 'finished-with-failures' : outcome,
      counters,
      error: error && { code: error.code, message: redactText(error.message) },
    };
  }
}
