import { judge, tell, type Operation } from '../history.ts';
import type { Actor, Scheduler } from './scheduler.ts';

/** One run of a scenario from its beginning. */
export interface Run {
  readonly scheduler: Scheduler;
  readonly initial: string | null;
  /** What clients did so far; those under way have no end. */
  readonly operations: readonly Operation[];
  /** Everything the rest of the run depends on besides what actors saw and clients did. */
  state(): string;
  /** What is wrong at the end although clients may not have noticed; undefined where nothing is. */
  wrong?(): string | undefined;
}

export interface Exploration {
  readonly runs: number;
  readonly states: number;
  readonly endings: number;
  /** The first ending that must not be, with the way to it. */
  readonly bad?: string | undefined;
  /** The bound on runs was met. */
  readonly cut: boolean;
}

export interface Bounds {
  /** Most times an actor that could go on is left for another; unbounded where absent. */
  readonly preemptions?: number | undefined;
  readonly runs?: number | undefined;
}

/**
 * Every order of steps within the bounds, depth first. Code cannot be put back to an earlier state, so each branch is
 * run again from the beginning; a state that was seen before is not gone into again.
 */
export async function explore(begin: () => Promise<Run>, bounds: Bounds = {}): Promise<Exploration> {
  const seen = new Set<string>();
  /** Of each step of the present way: the choices left to try after this one. */
  let way: Choice[] = [];
  let [runs, endings] = [0, 0];
  for (;;) {
    const run = await begin();
    const { scheduler } = run;
    let previous: Actor | undefined;
    let spent = 0;
    const pick = async (choice: Choice): Promise<void> => {
      const actor = scheduler.ready.find(({ name }) => name === choice.name)!;
      if (previous !== undefined && previous !== actor && isReady(previous)) spent++;
      previous = actor;
      await scheduler.step(actor);
    };
    for (const choice of way) await pick(choice);
    for (;;) {
      const key = `${spent} ${previous?.name} ${describe(run)}`;
      const names = allowed(scheduler, previous, spent, bounds);
      if (names.length === 0) {
        endings++;
        const bad = judged(run);
        if (bad !== undefined) return { runs, states: seen.size, endings, bad: `${bad}\n${told(way)}`, cut: false };
        break;
      }
      if (way.length > 0 && seen.has(key)) break;
      seen.add(key);
      const choice: Choice = { name: names[0]!, left: names.slice(1) };
      way.push(choice);
      await pick(choice);
    }
    runs++;
    while (way.length > 0 && way.at(-1)!.left.length === 0) way.pop();
    const last = way.pop();
    if (last === undefined) return { runs, states: seen.size, endings, cut: false };
    if (runs >= (bounds.runs ?? Infinity)) return { runs, states: seen.size, endings, cut: true };
    way.push({ name: last.left[0]!, left: last.left.slice(1) });
    way = [...way];
  }
}

interface Choice {
  readonly name: string;
  readonly left: readonly string[];
}

function isReady({ go, stopped }: Actor): boolean {
  return go !== undefined && stopped !== true;
}

function allowed(
  scheduler: Scheduler,
  previous: Actor | undefined,
  spent: number,
  { preemptions = Infinity }: Bounds,
): string[] {
  const names = scheduler.ready.map(({ name }) => name);
  if (previous === undefined || !isReady(previous) || spent < preemptions) return names;
  return [previous.name];
}

/** Equal where everything that can follow, and how it would be judged, is equal. */
function describe(run: Run): string {
  const { scheduler, operations } = run;
  const actors = scheduler.actors.map(
    ({ seen, go, done, dead, stopped }) => `${seen.join('>')}${go ? '*' : done ? '.' : '-'}${dead}${stopped}`,
  );
  return `${run.state()} | ${actors.join(' ; ')} | ${inOrder(operations)}`;
}

/** Which began before which ended: what a judge sees of the time. */
function inOrder(operations: readonly Operation[]): string {
  const events = operations.flatMap(({ name, start, end }) => [
    { at: start, mark: `+${name} ` },
    { at: end, mark: `-${name} ` },
  ]);
  const sorted = events.filter(({ at }) => Number.isFinite(at)).sort((a, b) => a.at - b.at);
  let text = '';
  let group: string[] = [];
  for (const { mark } of sorted) {
    if (group.length > 0 && group[0]![0] !== mark[0]) {
      text += group.sort().join('');
      group = [];
    }
    group.push(mark);
  }
  return text + group.sort().join('');
}

function judged(run: Run): string | undefined {
  const { scheduler, operations, initial } = run;
  const failed = scheduler.actors.find(({ error }) => error !== undefined);
  if (failed !== undefined) return `${failed.name} failed: ${failed.error instanceof Error ? failed.error.stack : ''}`;
  const stuck = scheduler.actors.filter(({ done, dead, mayStop }) => !done && !dead && mayStop !== true);
  if (stuck.length > 0) return `deadlock: ${stuck.map(({ name }) => name).join(', ')} cannot go on`;
  const { ok, misfit } = judge(initial, operations);
  if (!ok) return `not linearizable:\n${tell(initial, operations, misfit)}`;
  return run.wrong?.();
}

function told(way: readonly Choice[]): string {
  return `  steps: ${way.map(({ name }) => name).join(', ')}`;
}
