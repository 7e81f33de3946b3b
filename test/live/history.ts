/**
 * What clients saw of one key, and whether one strongly consistent store could have shown them that: a register that can
 * be empty. Operations whose outcome nobody knows may have happened at any time since, or never.
 */

/** What an object is, by its content; null where there is none. */
export type Value = string | null;

export type Done =
  | { readonly kind: 'read'; readonly value: Value }
  /** A delete writes null. */
  | { readonly kind: 'write'; readonly value: Value }
  /** A write under a condition that held, or did not. */
  | {
      readonly kind: 'conditional';
      readonly value: Value;
      readonly when: (present: Value) => boolean;
      readonly held: boolean;
    };

export interface Operation {
  readonly name: string;
  /** Moments on one line; `end` is infinite where the outcome is not known. */
  readonly start: number;
  readonly end: number;
  readonly done: Done;
}

export interface Verdict {
  readonly ok: boolean;
  /** Where it is not: the operation that fits nowhere. */
  readonly misfit?: Operation | undefined;
}

interface Config {
  readonly value: Value;
  /** Operations that have taken effect and not ended. */
  readonly effective: readonly number[];
}

/**
 * Goes through the moments in order with all states the register may be in (Lowe, "Testing for linearizability", 2017:
 * just-in-time linearization): an operation takes effect at its end at the latest. Grows with the operations that are
 * open at once, not with the length of the history.
 */
export function judge(initial: Value, operations: readonly Operation[]): Verdict {
  const all = worthwhile(operations);
  const moments = all
    .flatMap((operation, id) => [
      { at: operation.start, id, begins: true },
      { at: operation.end, id, begins: false },
    ])
    .filter(({ at }) => Number.isFinite(at))
    .sort((a, b) => a.at - b.at || Number(b.begins) - Number(a.begins));
  let configs: readonly Config[] = [{ value: initial, effective: [] }];
  const open = new Set<number>();
  for (const { id, begins } of moments) {
    if (begins) {
      open.add(id);
      continue;
    }
    configs = ending(id, configs, all, open);
    open.delete(id);
    if (configs.length === 0) return { ok: false, misfit: all[id] };
  }
  return { ok: true };
}

/** The states in which operation `id` has taken effect, from those before its end. */
function ending(
  id: number,
  configs: readonly Config[],
  all: readonly Operation[],
  open: ReadonlySet<number>,
): readonly Config[] {
  const found = new Map<string, Config>();
  const seen = new Set<string>();
  const left = [...configs];
  for (let config = left.pop(); config !== undefined; config = left.pop()) {
    const { value, effective } = config;
    if (effective.includes(id)) {
      const without = { value, effective: effective.filter((other) => other !== id) };
      found.set(nameOf(without), without);
      continue;
    }
    const name = nameOf(config);
    if (seen.has(name)) continue;
    seen.add(name);
    for (const other of open) {
      if (effective.includes(other)) continue;
      const after = apply(all[other]!.done, value);
      if (after === undefined) continue;
      left.push({ value: after, effective: [...effective, other].sort((a, b) => a - b) });
    }
  }
  return [...found.values()];
}

/** What is there after it; undefined where it cannot have had this outcome now. */
function apply(done: Done, present: Value): Value | undefined {
  if (done.kind === 'read') return done.value === present ? present : undefined;
  if (done.kind === 'write') return done.value;
  if (done.when(present) !== done.held) return undefined;
  return done.held ? done.value : present;
}

/**
 * Without those of unknown outcome that nobody can have noticed: that they never happened explains as much. A write is
 * noticed by its value, a delete by somebody who found nothing, and both by a condition.
 */
function worthwhile(operations: readonly Operation[]): readonly Operation[] {
  const seen = new Set<Value>();
  let conditions = false;
  for (const { done } of operations) {
    if (done.kind === 'read') seen.add(done.value);
    if (done.kind === 'conditional') conditions = true;
  }
  return operations.filter(({ end, done }) => {
    if (Number.isFinite(end) || conditions) return true;
    return done.kind !== 'read' && seen.has(done.value);
  });
}

function nameOf({ value, effective }: Config): string {
  return `${value === null ? '-' : `=${value}`} ${effective.join()}`;
}

/** The history for people, in order of start. */
export function tell(initial: Value, operations: readonly Operation[], misfit?: Operation): string {
  const lines = [...operations]
    .sort((a, b) => a.start - b.start)
    .map((operation) => {
      const { name, start, end, done } = operation;
      const outcome =
        done.kind === 'read'
          ? `read ${done.value ?? 'nothing'}`
          : `${done.value === null ? 'delete' : `write ${done.value}`}${done.kind === 'conditional' ? ` (${done.held ? 'condition held' : 'condition did not hold'})` : ''}`;
      const until = Number.isFinite(end) ? String(end) : 'unknown';
      return `${operation === misfit ? '>' : ' '} [${start} – ${until}] ${name}: ${outcome}`;
    });
  return [`  at first: ${initial ?? 'nothing'}`, ...lines].join('\n');
}
