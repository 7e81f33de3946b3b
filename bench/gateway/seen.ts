import { setTimeout as sleep } from 'node:timers/promises';
import type { OwnArena } from '../lib/arena.ts';
import type { Counts } from '../s3/operations.ts';
import type { Report } from '../server.ts';
import type { Turn } from './turns.ts';

/** What the stores see of the requests of one contender, also of those that go on behind its answers. */
export class Seen {
  readonly #arena: OwnArena;
  readonly #buckets: readonly string[];
  readonly #counts: Counts = {};
  #asked = 0;

  /** Of these buckets. */
  constructor(arena: OwnArena, buckets: readonly string[]) {
    this.#arena = arena;
    this.#buckets = buckets;
  }

  /** Requests clients made. */
  get asked(): number {
    return this.#asked;
  }

  /** The turn, counted. It lasts until `done`, of the last of the buckets. */
  counted(turn: Turn, done: (report: Report) => boolean = () => true): Turn {
    return {
      ...turn,
      prepare: async () => {
        await turn.prepare?.();
        await this.#arena.report(this.#buckets.at(-1));
      },
      settled: async (outcome) => {
        this.#asked += outcome.requests;
        await turn.settled?.(outcome);
        await this.#until(done);
      },
    };
  }

  /** Requests of the stores for each of the clients'. */
  each(): string {
    return Object.entries(this.#counts)
      .filter(([, count]) => count > this.#asked / 1000)
      .map(([what, count]) => `${(count / this.#asked).toFixed(2)} ${what}`)
      .join(', ');
  }

  async #until(done: (report: Report) => boolean): Promise<void> {
    for (;;) {
      const report = await this.#arena.report(this.#buckets.at(-1));
      const foreign = report.counts['foreign'];
      if (foreign !== undefined) throw new Error(`${foreign} objects arrived with other bytes`);
      for (const [what, count] of Object.entries(report.byBucket))
        if (this.#buckets.includes(what.split(' ')[0]!)) this.#counts[what] = (this.#counts[what] ?? 0) + count;
      if (done(report)) return;
      await sleep(20);
    }
  }
}
