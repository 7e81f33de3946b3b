/**
 * Runs asynchronous code one step at a time, in an order that is chosen from outside. A step is what lies between two
 * points; at a point an actor waits until it is chosen. What is not a point runs at once: the code must wait for nothing
 * but points, promises and what other actors do.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

export interface Actor {
  readonly name: string;
  /** What it saw at its points, which is all its local state depends on. */
  readonly seen: string[];
  /** Goes on from the point it waits at; absent while it is blocked or done. */
  go?: (() => void) | undefined;
  /** Nothing after its next step is run: its process is dead. */
  dead: boolean;
  /** Its process is stopped. */
  stopped?: boolean;
  done: boolean;
  /** It may wait at the end for what does not come. */
  mayStop?: boolean;
  error?: unknown;
}

export class Scheduler {
  readonly actors: Actor[] = [];
  readonly #current = new AsyncLocalStorage<Actor>();

  /** Begins `work`, up to its first point. */
  start(name: string, work: () => Promise<void>): Actor {
    const actor: Actor = { name, seen: [], dead: false, done: false };
    this.actors.push(actor);
    this.#current.run(actor, () => {
      void this.point('begin')
        .then(work)
        .catch((error: unknown) => (actor.error = error))
        .finally(() => (actor.done = true));
    });
    return actor;
  }

  /** Waits to be chosen. Whoever is no actor goes on at once. */
  point(label: string): Promise<void> {
    const actor = this.#current.getStore();
    if (actor === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      // A dead one never comes further than here.
      if (actor.dead) return;
      actor.seen.push(label);
      actor.go = resolve;
    });
  }

  /** What the actor learnt in the step under way. */
  saw(what: string): void {
    this.#current.getStore()?.seen.push(what);
  }

  mayStop(): void {
    this.#current.getStore()!.mayStop = true;
  }

  /** Whether the process of the actor under way is dead. */
  get isDead(): boolean {
    return this.#current.getStore()?.dead ?? false;
  }

  /** Those that can go on now. */
  get ready(): readonly Actor[] {
    return this.actors.filter(({ go, stopped }) => go !== undefined && stopped !== true);
  }

  /** One step of one actor, and everything that follows from it without another's choice. */
  async step(actor: Actor): Promise<void> {
    const { go } = actor;
    actor.go = undefined;
    go!();
    await quiet();
  }
}

/** Until everything waits that waits for promises only. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
