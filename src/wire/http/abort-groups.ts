/** What can be stopped by a signal. */
export interface Abortable {
  aborted(reason: unknown): void;
}

/**
 * One listener per signal however many requests share it: a run has one signal and thousands of requests a second, and
 * adding and removing a listener for each would cost more than writing the request.
 */
export class AbortGroups {
  readonly #groups = new Map<AbortSignal, Group>();

  join(signal: AbortSignal, member: Abortable): void {
    let group = this.#groups.get(signal);
    if (group === undefined) {
      group = new Group(signal);
      this.#groups.set(signal, group);
      signal.addEventListener('abort', group);
    }
    group.members.add(member);
  }

  leave(signal: AbortSignal, member: Abortable): void {
    const group = this.#groups.get(signal);
    if (group === undefined) return;
    group.members.delete(member);
    if (group.members.size > 0) return;
    signal.removeEventListener('abort', group);
    this.#groups.delete(signal);
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
