import { setTimeout as sleep } from 'node:timers/promises';

/** With more requests of clients under way than this, work behind them waits. */
const BUSY = 4;
/** It waits so long at most, milliseconds, so that it goes on beside clients that never rest. */
const PATIENCE = 100;
const LOOK = 5;

/** Requests of clients under way: whoever works in the background lets them go first. */
export class Traffic {
  #active = 0;

  begin(): void {
    this.#active++;
  }

  /** Once for each `begin`. */
  end(): void {
    this.#active--;
  }

  /** Resolves when there is room for one piece of work behind them. */
  readonly calm = async (): Promise<void> => {
    for (let waited = 0; this.#active > BUSY && waited < PATIENCE; waited += LOOK) await sleep(LOOK);
  };
}
