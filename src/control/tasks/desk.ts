/** What people do with tasks: each is written down before it is answered. */
import type { LoadedTask } from '../../config/task-file.ts';
import { checkEndpoints } from '../../engine/check.ts';
import type { CheckResult, PlanSummary } from '../../engine/progress.ts';
import { FerryError, toFerryError } from '../../model/errors.ts';
import type { QueuedTask, QueueState } from '../../state/queue-book.ts';
import { NO_UPLOAD, type StateStore, type TaskLease } from '../../state/state-store.ts';
import { identityOf } from '../../tasks/identity.ts';
import type { TaskServices } from '../../tasks/services.ts';
import { baselineOf, engineContext, openEnds, recognised, type FoundTask } from '../../tasks/task.ts';
import { Problem } from '../api/problem.ts';
import { keptLimits, patched, type KeptLimits } from './limits.ts';
import { stateOf } from './resource.ts';
import type { TaskRunner } from './runner.ts';
import { reading, textOf, type Wanted } from './wanted.ts';
import { resultOf, workOf, type Work } from './work.ts';

export interface DeskOptions {
  readonly services: TaskServices;
  readonly state: StateStore;
  readonly runner: TaskRunner;
  /** Reads a text that was sent; the text to keep of it has its secrets sealed. */
  readonly readNew: (text: string, name: string) => Promise<LoadedTask>;
}

/** Of a request for somebody who waits. */
const ATTEMPTS = 2;

export class TaskDesk {
  readonly #options: DeskOptions;
  #limiting = Promise.resolve();

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  /** Rejects with `invalid-request`, `already-exists`, or why its stores cannot be opened. */
  async create(wanted: Wanted): Promise<QueuedTask> {
    const { services, state, runner } = this.#options;
    const { name, priority, start } = wanted;
    const { spec, text: file } = await this.#read(wanted);
    await using stores = await openEnds(services, spec, { attempts: ATTEMPTS });
    const task = { name, file, identity: identityOf(spec, stores), createdAt: services.now() };
    const work: Work = { what: 'run' };
    await state.queue.create(task, start ? { priority, work } : { priority });
    if (start) runner.nudge();
    await runner.publish(name);
    return await this.find(name);
  }

  /** Rejects with `task-not-found`. */
  async find(name: string): Promise<QueuedTask> {
    const task = await this.#options.state.queue.get(name);
    if (task === undefined) throw new FerryError('task-not-found', { message: `there is no task "${name}"` });
    return task;
  }

  /** What a run of such a task would do; nothing is kept. */
  async plan(wanted: Wanted, signal: AbortSignal): Promise<PlanSummary> {
    return await this.#plan(await this.#found(wanted), signal);
  }

  /** What its next run would do. */
  async planOf(name: string, signal: AbortSignal): Promise<PlanSummary> {
    const { record } = await this.find(name);
    const read = await this.#options.services.parseTask(record.file, name);
    return await this.#plan({ ...read, name, record }, signal);
  }

  async #plan(read: FoundTask, signal: AbortSignal): Promise<PlanSummary> {
    const { services } = this.#options;
    await using stores = await openEnds(services, read.spec, { unansweredAttempts: ATTEMPTS });
    const task = await recognised(services, read, stores);
    const baseline = task.record && (await baselineOf(services, task, stores));
    const context = engineContext(services, task, stores, { signal, emit: () => undefined });
    return await services.engine.plan({ ...context, baseline });
  }

  async check(wanted: Wanted, signal: AbortSignal): Promise<readonly CheckResult[]> {
    return await this.#check(await this.#found(wanted), signal);
  }

  /** Of one that is there. */
  async checkOf(name: string, signal: AbortSignal): Promise<readonly CheckResult[]> {
    const { record } = await this.find(name);
    const read = await this.#options.services.parseTask(record.file, name);
    return await this.#check({ ...read, name, record }, signal);
  }

  async #check(task: FoundTask, signal: AbortSignal): Promise<readonly CheckResult[]> {
    const { services } = this.#options;
    await using stores = await openEnds(services, task.spec, { attempts: ATTEMPTS });
    const { task: _, ...context } = engineContext(services, task, stores, { signal, emit: () => undefined });
    const results: CheckResult[] = [];
    for await (const result of checkEndpoints(context)) results.push(result);
    return results;
  }

  /** Queues work; what is queued or running already and is the same counts as this. Rejects with `conflict`. */
  async order(name: string, work: Work): Promise<QueuedTask> {
    const { services, state, runner } = this.#options;
    const task = await this.find(name);
    if (task.record.holder !== undefined && runner.active(name) === undefined && work.what !== 'verify')
      throw new FerryError('task-running', { message: `task "${name}" is running: ${task.record.holder}` });
    const place = { state: 'queued', work, since: services.now(), result: null } as const;
    const queued = await state.queue.change(name, ['idle', 'failed', 'paused'], place);
    if (!queued) {
      const now = await this.find(name);
      const differs = work.what === 'retry' || (work.what === 'run' && work.withoutGuard === true);
      if (workOf(now.work).what !== work.what || differs)
        throw new Problem('conflict', {
          detail: `The task is ${stateOf(now)} for something else; stop it, or wait for it`,
        });
      return now;
    }
    return await this.#told(name);
  }

  async pause(name: string): Promise<QueuedTask> {
    await this.#move(
      name,
      ['queued', 'running', 'paused'],
      'paused',
      'There is nothing to pause: it neither waits nor runs here',
    );
    this.#options.runner.active(name)?.stop();
    return await this.#told(name);
  }

  async resume(name: string): Promise<QueuedTask> {
    const task = await this.find(name);
    if (task.state === 'queued' || task.state === 'running') return task;
    await this.#move(name, ['paused'], 'queued', 'It is not paused');
    return await this.#told(name);
  }

  /** What was to be done with it is forgotten; where it runs here it stops at a safe point. */
  async stop(name: string): Promise<QueuedTask> {
    const { state, runner } = this.#options;
    const task = await this.find(name);
    if (task.state === 'idle' && task.record.holder !== undefined && runner.active(name) === undefined)
      throw new Problem('conflict', { detail: `It is worked on elsewhere: ${task.record.holder}` });
    await state.queue.change(name, ['queued', 'running', 'paused'], { state: 'idle', work: null });
    runner.active(name)?.stop();
    return await this.#told(name);
  }

  async setPriority(name: string, priority: number): Promise<QueuedTask> {
    await this.find(name);
    const { state, runner } = this.#options;
    await state.queue.change(name, ANY, { priority });
    const activity = runner.active(name);
    if (activity) activity.priority = priority;
    return await this.#told(name);
  }

  /** Hold for the run under way, at once, and for those to come. */
  async setLimits(name: string, patch: Parameters<typeof patched>[1]): Promise<QueuedTask> {
    // One after the other: each changes what the one before left.
    const turn = this.#limiting.then(() => this.#keepLimits(name, patch));
    this.#limiting = turn.catch(() => undefined);
    await turn;
    return await this.#told(name);
  }

  async #keepLimits(name: string, patch: Parameters<typeof patched>[1]): Promise<void> {
    const { state, runner } = this.#options;
    const task = await this.find(name);
    const kept: KeptLimits = patched(keptLimits(task.limits), patch);
    await state.queue.change(name, ANY, { limits: kept });
    const activity = runner.active(name);
    if (activity) activity.kept = kept;
  }

  /**
   * Forgets it, and aborts uploads it left unfinished, as far as its stores can be reached. Objects and reports stay.
   * Rejects with `conflict` where it runs here, with `task-running` where it does elsewhere.
   */
  async remove(name: string, signal: AbortSignal): Promise<void> {
    const { state, services, runner } = this.#options;
    await this.find(name);
    const idle = { state: 'idle', work: null } as const;
    // What is refused changes nothing: a paused task may not have stopped yet.
    const resting =
      runner.active(name) === undefined &&
      (await state.queue.change(name, ['idle', 'queued', 'paused', 'failed'], idle));
    if (!resting) throw new Problem('conflict', { detail: 'It runs; stop it first' });
    await using lease = await state.lease(name, services.holder);
    await this.#abortUploads(lease, signal);
    // Somebody may have ordered something meanwhile, and was told that it will be done.
    if (!(await state.deleteTask(lease, ['idle']))) throw new Problem('conflict', { detail: 'It is to run' });
    runner.forget(name);
    await runner.publish(name);
  }

  /**
   * The same for a task that nobody asked to remove, and nobody is told of it. False where it does not rest, or it or a
   * verification of it ended at that time or later.
   */
  async removeEnded(name: string, before: number, signal: AbortSignal): Promise<boolean> {
    const { state, services, runner } = this.#options;
    await using lease = await state.lease(name, services.holder);
    const { record, result } = await this.find(name);
    if (Math.max(record.endedAt ?? record.createdAt, resultOf(result)?.at ?? 0) >= before) return false;
    await this.#abortUploads(lease, signal);
    if (!(await state.deleteTask(lease, ['idle', 'failed']))) return false;
    runner.forget(name);
    return true;
  }

  async #abortUploads(lease: TaskLease, signal: AbortSignal): Promise<void> {
    const { state, services } = this.#options;
    const { name } = lease;
    const journal = await state.journal(lease);
    const begun = (await journal.uploads()).filter(({ uploadId }) => uploadId !== NO_UPLOAD);
    if (begun.length + (await journal.uploadIntents()).length > 0) {
      try {
        const { spec } = await services.parseTask(journal.task.file, name);
        await using stores = await services.openStores(spec, { attempts: ATTEMPTS });
        await services.engine.cleanUploads({ journal, destination: stores.destination, signal, now: services.now });
      } catch (thrown) {
        services.log.warn('unfinished uploads could not be aborted', { task: name, error: toFerryError(thrown) });
      }
    }
  }

  async #move(name: string, from: readonly QueueState[], state: QueueState, refusal: string): Promise<void> {
    await this.find(name);
    if (!(await this.#options.state.queue.change(name, from, { state })))
      throw new Problem('conflict', { detail: refusal });
  }

  async #told(name: string): Promise<QueuedTask> {
    const { runner } = this.#options;
    runner.nudge();
    await runner.publish(name);
    return await this.find(name);
  }

  #read(wanted: Wanted): Promise<LoadedTask> {
    return reading(() => this.#options.readNew(textOf(wanted), wanted.name));
  }

  async #found(wanted: Wanted): Promise<FoundTask> {
    return { ...(await this.#read(wanted)), name: wanted.name, record: undefined };
  }
}

const ANY: readonly QueueState[] = ['idle', 'queued', 'running', 'paused', 'failed'];
