/** Tells everybody who listens how moves go on, and knows how long ago each went forward. */
import type { RunningMigration } from '../../gateway/serve.ts';
import type { MigrationPhase } from '../../model/migration-phase.ts';
import type { Clock } from '../../store/clock.ts';
import type { LiveHub } from '../live/hub.ts';
import { toldOf, type Migration } from './resource.ts';

/** Milliseconds between two looks, and so between two events of one bucket. */
const INTERVAL = 1000;

export interface WatchOptions {
  readonly migrations: readonly RunningMigration[];
  readonly hub: LiveHub;
  readonly clock: Clock;
  /** Told when a bucket could not be looked at; it is looked at again. */
  readonly onTrouble: (bucket: string, error: unknown) => void;
}

/** Memory: what was told last of each bucket. */
export class MigrationWatch implements AsyncDisposable {
  readonly #options: WatchOptions;
  readonly #last = new Map<string, { readonly text: string; readonly at: number; readonly busy: boolean }>();
  readonly #stop: () => void;
  #looking: Promise<void> | undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#stop = options.clock.every(INTERVAL, () => {
      this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    });
  }

  /** Milliseconds since the last change of the move that stands still for longest, of those that should go on by themselves. */
  sinceProgress(): number | undefined {
    const moments = [...this.#last.values()].filter(({ busy }) => busy).map(({ at }) => at);
    return moments.length === 0 ? undefined : Math.round(this.#options.clock.now() - Math.min(...moments));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop();
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { migrations, hub, clock, onTrouble } = this.#options;
    for (const running of migrations) {
      const { name } = running;
      try {
        const told = await toldOf(running);
        const text = JSON.stringify(told);
        const last = this.#last.get(name);
        if (last?.text === text) continue;
        this.#last.set(name, { text, at: clock.now(), busy: goesOn(told) });
        if (last !== undefined) hub.publish('migration', name, told);
      } catch (thrown) {
        onTrouble(name, thrown);
      }
    }
  }
}

/** Phases that end without anybody deciding anything. */
const PASSING: ReadonlySet<MigrationPhase> = new Set([
  'switching',
  'pending',
  'verifying',
  'rolling-back',
  'returning',
]);

function goesOn({ phase, paused, copy, lag }: Migration): boolean {
  if (paused) return false;
  return PASSING.has(phase) || lag.keys > 0 || (phase === 'migrating' && copy?.done !== true);
}
