/** What can be stopped by a signal. */
export interface Abortable {
  aborted(reason: unknown): void;
}

/**
 * One listener per signal however many requests share it, one after the other or at once: adding and removing a listener
 * for each would cost more than writing the request. It stays until the signal is gone.
 */
export class AbortGroups {
  readonly #groups = new WeakMap<AbortSignal, Group>();

  join(signal: AbortSignal, member: Abortable): void {
    let group = this.#groups.get(signal);
    if (group === undefined) {
      group = new Group(signal);
      this.#groups.set(signal, group);
      signal.addEventListener('abort', group, { once: true });
    }
    group.members.add(member);
  }

  leave(signal: AbortSignal, member: Abortable): void {
    this.#groups.get(signal)?.members.delete(member);
  }
}

class Group {
  readonly members = new Set<Abortable>();
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  handleEvent(): void {
    for (const member of this.members) member.aborted(this.#signal.reason);
  }
}
