/**
 * What clients saw of one key, and whether one strongly consistent store could have shown them that: a register that can
 * be empty. Operations whose outcome nobody knows may have happened at any time since, or never.
 */

/** What an object is, by its content; null where there is none. */
export type Value = string | null;

export type Done =
  /** `of`: only a part of the object was seen, which is what this gives of it. */
  | { readonly kind: 'read'; readonly value: Value; readonly of?: ((present: Value) => Value) | undefined }
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

/** Conditions that did not hold are judged only beside so few operations of unknown outcome: any may have been why. */
const FEW = 5;

/**
 * Goes through the moments in order with all states the register may be in (Lowe, "Testing for linearizability", 2017:
 * just-in-time linearization): an operation takes effect at its end at the latest. Grows with the operations that are
 * open at once, not with the length of the history.
 */
export function judge(initial: Value, operations: readonly Operation[]): Verdict {
  const unknown = operations.filter(({ end }) => !Number.isFinite(end)).length;
  const judged = operations.filter(({ done }) => unknown <= FEW || done.kind !== 'conditional' || done.held);
  const all: readonly Followed[] = judged.flatMap((operation) => follow(operation, judged));
  const moments = all
    .flatMap(({ start, until }, id) => [
      { at: start, id, begins: true },
      { at: until, id, begins: false },
    ])
    .sort((a, b) => a.at - b.at || Number(b.begins) - Number(a.begins));
  let configs: readonly Config[] = [{ value: initial, effective: [] }];
  const open = new Set<number>();
  for (const { id, begins } of moments) {
    if (begins) {
      open.add(id);
      continue;
    }
    configs = Number.isFinite(all[id]!.end) ? ending(id, configs, all, open) : forgetting(id, configs);
    open.delete(id);
    if (configs.length === 0) return { ok: false, misfit: all[id]!.operation };
  }
  return { ok: true };
}

/** An operation, and until when it matters: its end, or where that is not known when it was last noticed. */
interface Followed extends Operation {
  readonly operation: Operation;
  readonly until: number;
}

/** Nothing where nobody can have noticed it: that it never happened explains as much. */
function follow(operation: Operation, all: readonly Operation[]): Followed[] {
  const { start, end, done } = operation;
  if (Number.isFinite(end)) return [{ ...operation, operation, until: end }];
  if (done.kind === 'read') return [];
  let until = -Infinity;
  for (const other of all)
    if (Number.isFinite(other.end) && other.end > start && notices(other.done, done.value))
      until = Math.max(until, other.end);
  // After whoever noticed it.
  return until < 0 ? [] : [{ ...operation, operation, until: until + 0.5 }];
}

/** A write is noticed by its value, a delete by somebody who found nothing, and both by a condition. */
function notices(done: Done, value: Value): boolean {
  if (done.kind === 'read') return done.value === (done.of?.(value) ?? value);
  return done.kind === 'conditional' && done.when(value) === done.held;
}

/** The states when it does not matter any more whether the operation has taken effect. */
function forgetting(id: number, configs: readonly Config[]): readonly Config[] {
  const found = new Map<string, Config>();
  for (const { value, effective } of configs) {
    const config = { value, effective: effective.filter((other) => other !== id) };
    found.set(nameOf(config), config);
  }
  return [...found.values()];
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
      if (effective.includes(other) || hasTwin(other, effective, all, open)) continue;
      const after = apply(all[other]!.done, value);
      if (after === undefined) continue;
      left.push({ value: after, effective: [...effective, other].sort((a, b) => a - b) });
    }
  }
  return minimal([...found.values()], all);
}

/** Of deletes whose outcome nobody knows the one that began first will do: they differ in nothing else. */
function hasTwin(
  id: number,
  effective: readonly number[],
  all: readonly Operation[],
  open: ReadonlySet<number>,
): boolean {
  const isLoose = ({ end, done }: Operation): boolean =>
    end === Infinity && done.kind === 'write' && done.value === null;
  if (!isLoose(all[id]!)) return false;
  for (const other of open) if (other < id && !effective.includes(other) && isLoose(all[other]!)) return true;
  return false;
}

/** Without states that others are as good as: the same with fewer of those used up that nobody needs to have happened. */
function minimal(configs: readonly Config[], all: readonly Operation[]): readonly Config[] {
  const loose = (id: number): boolean => all[id]!.end === Infinity;
  const better = (a: Config, b: Config): boolean =>
    a.value === b.value &&
    a.effective.length < b.effective.length &&
    a.effective.every((id) => b.effective.includes(id)) &&
    b.effective.every((id) => loose(id) || a.effective.includes(id));
  return configs.filter((config) => !configs.some((other) => better(other, config)));
}

/** What is there after it; undefined where it cannot have had this outcome now. */
function apply(done: Done, present: Value): Value | undefined {
  if (done.kind === 'read') return done.value === (done.of?.(present) ?? present) ? present : undefined;
  if (done.kind === 'write') return done.value;
  if (done.when(present) !== done.held) return undefined;
  return done.held ? done.value : present;
}

function nameOf({ value, effective }: Config): string {
  return `${value === null ? '-' : `=${value}`} ${effective.join()}`;
}

/** The history for people, in order of start: what could have to do with the misfit. */
export function tell(initial: Value, operations: readonly Operation[], misfit?: Operation): string {
  const sorted = [...operations].sort((a, b) => a.start - b.start);
  const at = misfit === undefined ? 0 : sorted.indexOf(misfit);
  const lines = sorted
    .filter((operation, i) => i > at - 30 && i < at + 10 && (misfit === undefined || operation.start < misfit.end))
    .map((operation) => {
      const { name, start, end, done } = operation;
      const outcome =
        done.kind === 'read'
          ? `read ${done.value ?? 'nothing'}`
          : `${done.value === null ? 'delete' : `write ${done.value}`}${done.kind === 'conditional' ? ` (${done.held ? 'condition held' : 'condition did not hold'})` : ''}`;
      const until = Number.isFinite(end) ? String(end) : 'unknown';
      return `${operation === misfit ? '>' : ' '} [${start} – ${until}] ${name}: ${outcome}`;
    });
  const loose = sorted.filter(({ start, end }, i) => end === Infinity && i <= at - 30 && start > 0).length;
  return [`  at first: ${initial ?? 'nothing'}; ${loose} of unknown outcome before`, ...lines].join('\n');
}
