/**
 * Runs the tasks that are queued, so many at once: higher priority first, then who has waited longest. A task that has
 * run for a turn while others of its priority or a higher one wait gives its place to them and goes on later.
 *
 * The truth is in the state: what is queued or running there when a process is killed is taken up by the next. Memory:
 * the tasks at work, and the series of the last `REMEMBERED`.
 */
import { FerryError, isFerryError, toFerryError } from '../../model/errors.ts';
import { redactText } from '../../observe/redact.ts';
import type { QueueBook, QueuedTask } from '../../state/queue-book.ts';
import type { Clock } from '../../store/clock.ts';
import type { SharedLimits } from '../../store/layers/shared-limits.ts';
import { runStored } from '../../tasks/run.ts';
import type { TaskServices } from '../../tasks/services.ts';
import type { RunEvent, RunSummary } from '../../engine/progress.ts';
import { verifyTask } from '../../tasks/verify.ts';
import type { LiveHub } from '../live/hub.ts';
import { Activity } from './activity.ts';
import { keepSeries } from './kept-series.ts';
import { keptLimits } from './limits.ts';
import { toldOf } from './resource.ts';
import { wantedBy, workOf, type Result } from './work.ts';

export interface RunnerOptions {
  readonly services: TaskServices;
  readonly queue: QueueBook;
  readonly hub: LiveHub;
  readonly clock: Clock;
  /** What all of them may take together. */
  readonly shared: SharedLimits;
  /** Tasks at work at once. */
  readonly atOnce: number;
  /** Told of every event of a run. */
  readonly observe: (task: string, event: RunEvent) => void;
}

/** Milliseconds after which a task that another process works on is looked at again. */
const AGAIN = 5_000;
/** Milliseconds a task runs before it makes room for others. */
const TURN = 600_000;
const TURN_LOOK = 10_000;
/** Milliseconds between two events of one task. */
const LEAST_BETWEEN = 240;
const REMEMBERED = 100;

export class TaskRunner implements AsyncDisposable {
  readonly #options: RunnerOptions;
  readonly #active = new Map<string, Activity>();
  readonly #working = new Set<Promise<void>>();
  /** The last ones that ended here. */
  readonly #ended = new Map<string, Activity>();
  /** Marked as running though nothing works on them any more: their end could not be written down yet. */
  readonly #left = new Set<string>();
  /** Worked on elsewhere: when to look again, by `clock`. */
  readonly #elsewhere = new Map<string, number>();
  readonly #told = new Map<string, number>();
  #noTurns: (() => void) | undefined;
  #noLater: (() => void) | undefined;
  #filling: Promise<void> | undefined;
  #again = false;
  #started = false;
  #stopping = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** Takes up what a process before this one left, and what waits. */
  async start(): Promise<void> {
    const { queue, clock } = this.#options;
    for (const task of await queue.started()) await this.#takeUp(task);
    this.#noTurns = clock.every(TURN_LOOK, () => void this.#giveTurns());
    this.#started = true;
    this.nudge();
  }

  /** Something may be there to do. Before `start` nothing begins: it takes what is marked as running for left behind. */
  nudge(): void {
    this.#again = true;
    if (!this.#started) return;
    this.#filling ??= this.#fill().finally(() => {
      this.#filling = undefined;
      // Said after the last look, and before this.
      if (this.#again && !this.#stopping) this.nudge();
    });
  }

  /** At work here. */
  active(name: string): Activity | undefined {
    return this.#active.get(name);
  }

  /** At work here, or until a while ago. */
  lately(name: string): Activity | undefined {
    return this.#active.get(name) ?? this.#ended.get(name);
  }

  /** Milliseconds since the task that stands still for longest went forward. */
  sinceProgress(): number | undefined {
    const moments = [...this.#active.values()].map(({ movedAt }) => movedAt);
    return moments.length === 0 ? undefined : Math.max(0, this.#options.services.now() - Math.min(...moments));
  }

  /** Tells whoever listens how the task is. */
  async publish(name: string): Promise<void> {
    const { queue, hub } = this.#options;
    const task = await queue.get(name);
    hub.publish('task', name, task ? toldOf(task, this.#active.get(name)) : { name, state: 'deleted' });
  }

  forget(name: string): void {
    this.#ended.delete(name);
  }

  /** Stops what is at work at a safe point; it is taken up by the next process. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    this.#noTurns?.();
    this.#noLater?.();
    await this.#filling;
    for (const activity of this.#active.values()) activity.stop();
    await Promise.all(this.#working);
  }

  async #fill(): Promise<void> {
    const { queue, services } = this.#options;
    while (this.#again && !this.#stopping) {
      this.#again = false;
      try {
        for (const name of this.#left) await this.#takeUpLeft(name);
        while (!this.#stopping && (await this.#startNext())) continue;
      } catch (error) {
        // The state itself failed; it is tried again.
        services.log.error('the queue of tasks cannot be read', {
          error,
          counts: await queue.counts().catch(() => ({})),
        });
        this.#later();
      }
    }
  }

  async #takeUpLeft(name: string): Promise<void> {
    if (this.#active.has(name)) return;
    const task = await this.#options.queue.get(name);
    if (task?.state === 'running') await this.#takeUp(task);
    this.#left.delete(name);
  }

  /** Marked as running, and nobody works on it: it goes on, unless only the word of its end is missing. */
  async #takeUp(task: QueuedTask): Promise<void> {
    const { name } = task.record;
    const place = hasEnded(task) ? ({ state: 'idle', work: null } as const) : ({ state: 'queued' } as const);
    await this.#options.queue.change(name, ['running'], place);
    // Who saw it as running waits for word of it.
    await this.publish(name);
  }

  /** False where nothing waits, or there is no room. */
  async #startNext(): Promise<boolean> {
    const { queue, services, atOnce, shared } = this.#options;
    if (this.#active.size >= atOnce) return false;
    const waiting = await queue.next(atOnce + this.#active.size + this.#elsewhere.size);
    const task = waiting.find(({ record: { name } }) => !this.#active.has(name) && !this.#isElsewhere(name));
    if (task === undefined) return false;
    const { name, passes } = task.record;
    const work = { ...workOf(task.work), begun: { at: services.now(), passes } };
    const activity = new Activity(
      { name, work, priority: task.priority },
      keptLimits(task.limits),
      shared,
      services.now,
    );
    // Known before it is marked, so that whoever stops it finds it.
    this.#active.set(name, activity);
    let begins = false;
    try {
      begins = await queue.change(name, ['queued'], { state: 'running', work });
    } finally {
      if (!begins) this.#leave(activity);
    }
    if (!begins) return true;
    const working: Promise<void> = this.#work(activity, task).finally(() => this.#working.delete(working));
    this.#working.add(working);
    return true;
  }

  async #work(activity: Activity, task: QueuedTask): Promise<void> {
    const { services } = this.#options;
    const { name } = activity;
    try {
      await this.#publishing(name);
      const ended = await this.#attempt(activity, task);
      await this.#keepSeries(activity);
      await this.#settle(activity, ended);
    } catch (error) {
      services.log.error('what came of a task could not be written down', { task: name, error });
      this.#left.add(name);
      this.#elsewhere.set(name, this.#options.clock.now() + AGAIN);
      this.#later();
    } finally {
      this.#leave(activity);
      this.#remember(activity);
      await this.#publishing(name);
      this.nudge();
    }
  }

  #leave(activity: Activity): void {
    this.#active.delete(activity.name);
    activity.share[Symbol.dispose]();
  }

  async #attempt(activity: Activity, { record }: QueuedTask): Promise<RunSummary | FerryError> {
    const { services, observe } = this.#options;
    const { name, work, signal } = activity;
    try {
      const loaded = await services.parseTask(record.file, name);
      const limits = activity.limit(loaded.spec.limits);
      const unguarded = work.what === 'run' && work.withoutGuard === true;
      const spec = unguarded ? { ...loaded.spec, deleteGuard: false } : loaded.spec;
      const task = { ...loaded, spec, name, record };
      const emit = (event: RunEvent): void => {
        activity.observe(event);
        if (work.what !== 'verify') observe(name, event);
        if (event.type === 'progress') this.#publishSoon(name);
      };
      const caller = { signal, emit, limits };
      if (work.what === 'verify') return await verifyTask(services, task, work, caller);
      const wanted = work.what === 'retry' ? wantedBy(work) : undefined;
      return await runStored(services, task, { what: work.what, wanted }, caller);
    } catch (thrown) {
      return toFerryError(thrown);
    }
  }

  async #settle(activity: Activity, ended: RunSummary | FerryError): Promise<void> {
    const { queue, services, clock, hub } = this.#options;
    const { name, work, signal } = activity;
    const failure = ended instanceof FerryError ? ended : undefined;
    const outcome = ended instanceof FerryError ? 'failed' : ended.outcome;
    if (isFerryError(failure, 'task-running')) {
      this.#elsewhere.set(name, clock.now() + AGAIN);
      this.#later();
      await queue.change(name, ['running'], { state: 'queued' });
      return;
    }
    if (signal.aborted && (outcome === 'interrupted' || failure !== undefined)) {
      // Whoever paused or stopped it has written that down; what the end of this process stops stays marked.
      const since = services.now();
      if (activity.yields) await queue.change(name, ['running'], { state: 'queued', since });
      return;
    }
    const error = failure ?? (ended instanceof FerryError ? undefined : ended.error);
    const told = error && { code: error.code, message: redactText(error.message) };
    const result: Result = { what: work.what, outcome, at: services.now(), error: told };
    if (failure !== undefined) services.log.error('a task could not begin', { task: name, error: failure });
    // What a run failed of its own state tells; of a verification, or of what never began, only this does.
    const state = error !== undefined && (failure !== undefined || work.what === 'verify') ? 'failed' : 'idle';
    // Paused when it was over: there is nothing left to go on with.
    await queue.change(name, ['running', 'paused'], { state, work: null, result });
    if (outcome !== 'finished') hub.publish('task-failed', name, { name, ...result });
  }

  /** It is only looked at: where it cannot be kept, nothing else is wrong. */
  async #keepSeries({ name, series, work }: Activity): Promise<void> {
    const { home, log } = this.#options.services;
    const points = series.after(0);
    if (points.length === 0 || work.what === 'verify') return;
    try {
      await keepSeries(home, name, { step: series.step, points });
    } catch (error) {
      log.warn('how fast a task went could not be kept', { task: name, error });
    }
  }

  async #giveTurns(): Promise<void> {
    const { queue, services, atOnce } = this.#options;
    if (this.#active.size < atOnce) return;
    const [waiting] = (await queue.next(1 + this.#elsewhere.size)).filter(
      ({ record }) => !this.#isElsewhere(record.name),
    );
    if (waiting === undefined) return;
    const [longest] = [...this.#active.values()]
      .filter(({ work, priority, startedAt, yields }) => {
        const long = services.now() - startedAt > TURN;
        return !yields && work.what === 'run' && waiting.priority >= priority && long;
      })
      .sort((a, b) => a.priority - b.priority || a.startedAt - b.startedAt);
    if (longest === undefined) return;
    longest.yields = true;
    longest.stop();
  }

  #isElsewhere(name: string): boolean {
    const until = this.#elsewhere.get(name);
    if (until === undefined) return false;
    if (until > this.#options.clock.now()) return true;
    this.#elsewhere.delete(name);
    return false;
  }

  /** Looks again, as long as there is anything that is worked on elsewhere. */
  #later(): void {
    if (this.#stopping || this.#noLater !== undefined) return;
    this.#noLater = this.#options.clock.after(AGAIN + 1, () => {
      this.#noLater = undefined;
      for (const name of this.#elsewhere.keys()) this.#isElsewhere(name);
      this.nudge();
      if (this.#elsewhere.size > 0) this.#later();
    });
  }

  #remember(activity: Activity): void {
    this.#ended.delete(activity.name);
    this.#ended.set(activity.name, activity);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > REMEMBERED && oldest !== undefined) this.#ended.delete(oldest);
    this.#told.delete(activity.name);
  }

  #publishSoon(name: string): void {
    const at = this.#options.clock.now();
    if (at - (this.#told.get(name) ?? Number.NEGATIVE_INFINITY) < LEAST_BETWEEN) return;
    this.#told.set(name, at);
    void this.#publishing(name);
  }

  async #publishing(name: string): Promise<void> {
    try {
      await this.publish(name);
    } catch (error) {
      this.#options.services.log.warn('a task could not be told of', { task: name, error });
    }
  }
}

/** Its process was killed between the end of the work and the word of it. */
function hasEnded({ work, record }: QueuedTask): boolean {
  const { what, begun } = workOf(work);
  if (what !== 'run' || begun === undefined) return false;
  if (record.state === 'finished') return record.passes > begun.passes;
  return record.state === 'failed' && record.endedAt !== undefined && record.endedAt > begun.at;
}
