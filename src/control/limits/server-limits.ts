/** What all that this server copies may take together: tasks, jobs and events; not what clients of the gateway get. */
import * as z from 'zod';
import { bandwidthAt } from '../../engine/pace/timetable.ts';
import type { ServerLimitsSpec } from '../../model/control.ts';
import type { SettingBook } from '../../state/control/setting-book.ts';
import type { Clock } from '../../store/clock.ts';
import { SharedLimits } from '../../store/layers/shared-limits.ts';
import { BANDWIDTH_ENTRY } from '../tasks/limits.ts';

const NAME = 'limits';
/** Milliseconds between two looks at the timetable. */
const LOOK = 5_000;

const KEPT = z.object({
  bandwidth: z.array(BANDWIDTH_ENTRY),
  requestsPerSecond: z.number().optional(),
  objectsPerSecond: z.number().optional(),
});

export interface ServerLimitsOptions {
  readonly book: SettingBook;
  /** Of the configuration: hold where nobody set others. */
  readonly spec: ServerLimitsSpec;
  readonly clock: Clock;
  readonly now: () => number;
}

/** Once set they hold over restarts, until `reset`. */
export class ServerLimits implements Disposable {
  readonly shared: SharedLimits;
  readonly #options: ServerLimitsOptions;
  readonly #stop: () => void;
  #set: ServerLimitsSpec | undefined;

  static async open(options: ServerLimitsOptions): Promise<ServerLimits> {
    return new ServerLimits(options, KEPT.safeParse(await options.book.get(NAME)).data);
  }

  private constructor(options: ServerLimitsOptions, set: ServerLimitsSpec | undefined) {
    this.#options = options;
    this.#set = set;
    this.shared = new SharedLimits(options.clock);
    this.#apply();
    this.#stop = options.clock.every(LOOK, () => this.#apply());
  }

  get current(): ServerLimitsSpec {
    return this.#set ?? this.#options.spec;
  }

  /** Whether somebody set them. */
  get areSet(): boolean {
    return this.#set !== undefined;
  }

  /** Hold from now on, for what runs as well; are durable when it resolves. */
  async set(limits: ServerLimitsSpec): Promise<void> {
    const { book, now } = this.#options;
    await this.#change(limits, () => book.set(NAME, limits, now()));
  }

  /** Those of the configuration hold again. */
  async reset(): Promise<void> {
    await this.#change(undefined, () => this.#options.book.remove(NAME));
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  /** What is told changes at once, so that of two who saw the same only one changes it. */
  async #change(limits: ServerLimitsSpec | undefined, write: () => Promise<void>): Promise<void> {
    const before = this.#set;
    this.#set = limits;
    try {
      await write();
    } catch (error) {
      if (this.#set === limits) this.#set = before;
      throw error;
    }
    this.#apply();
  }

  #apply(): void {
    const { bandwidth, requestsPerSecond, objectsPerSecond } = this.current;
    this.shared.bandwidth.perSecond = bandwidthAt(bandwidth, new Date(this.#options.now()));
    this.shared.requests.perSecond = requestsPerSecond;
    this.shared.objects.perSecond = objectsPerSecond;
  }
}
