/** Tools side by side: rounds interleaved, so that a busy moment of the machine meets them all; medians compared. */
import type { Command } from '../../test/peers/command.ts';
import { measure, type Cost } from '../../test/peers/measure.ts';

export interface Contestant {
  readonly name: string;
  /** Called before every run, unmeasured: makes an empty destination and says what to run. */
  prepare(): Promise<Command>;
  /** Called after every run: why its result is wrong; undefined where it is right. */
  check?(): Promise<string | undefined>;
}

export interface Result {
  readonly name: string;
  readonly costs: readonly Cost[];
}

/** Runs each once and gives the one with the shortest wall time. */
export async function fastest(contestants: readonly Contestant[]): Promise<Contestant> {
  let best: { readonly contestant: Contestant; readonly cost: Cost } | undefined;
  for (const contestant of contestants) {
    const cost = await once(contestant);
    console.log(`  tried ${contestant.name}: ${describe(cost)}`);
    if (best === undefined || cost.wall < best.cost.wall) best = { contestant, cost };
  }
  if (best === undefined) throw new Error('nobody to run');
  return best.contestant;
}

export async function contest(contestants: readonly Contestant[], rounds: number): Promise<Result[]> {
  const results = contestants.map(({ name }) => ({ name, costs: [] as Cost[] }));
  for (let round = 0; round < rounds; round++) {
    for (const [i, contestant] of contestants.entries()) {
      const cost = await once(contestant);
      console.log(`  round ${round + 1} ${contestant.name}: ${describe(cost)}`);
      results[i]!.costs.push(cost);
    }
  }
  return results;
}

async function once(contestant: Contestant): Promise<Cost> {
  const cost = await measure(await contestant.prepare());
  const wrong = await contestant.check?.();
  if (wrong !== undefined) throw new Error(`${contestant.name}: ${wrong}`);
  return cost;
}

function describe({ wall, cpu, memory }: Cost): string {
  return `${wall.toFixed(2)} s, ${cpu.toFixed(2)} CPU-s, ${(memory / 2 ** 20).toFixed(0)} MiB`;
}

/** A Markdown table of medians, and the first contestant's ratios to each other one. `work` is what one run moves. */
export function report(results: readonly Result[], work: { readonly amount: number; readonly unit: string }): string {
  const rows = results.map(({ name, costs }) => ({
    name,
    wall: median(costs.map((cost) => cost.wall)),
    cpu: median(costs.map((cost) => cost.cpu)),
    memory: Math.max(...costs.map((cost) => cost.memory)),
    spread: `${Math.min(...costs.map((cost) => cost.wall)).toFixed(2)}–${Math.max(...costs.map((cost) => cost.wall)).toFixed(2)}`,
  }));
  const { amount, unit } = work;
  const lines = [
    `| tool | wall s (range) | ${unit}/s | CPU-s | ${unit}/CPU-s | peak MiB |`,
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...rows.map(
      ({ name, wall, cpu, memory, spread }) =>
        `| ${name} | ${wall.toFixed(2)} (${spread}) | ${short(amount / wall)} | ${cpu.toFixed(2)} | ${short(amount / cpu)} | ${(memory / 2 ** 20).toFixed(0)} |`,
    ),
  ];
  const [first, ...others] = rows;
  for (const other of first ? others : []) {
    const speed = (other.wall / first!.wall).toFixed(2);
    const economy = (other.cpu / first!.cpu).toFixed(2);
    const memory = (first!.memory / other.memory).toFixed(2);
    lines.push(
      '',
      `${first!.name} : ${other.name} = ${speed}× ${unit}/s, ${economy}× ${unit}/CPU-s, ${memory}× memory`,
    );
  }
  return lines.join('\n');
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function short(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}
