/** Contenders that take turns, so that a busy moment of the machine meets them all; medians are compared. */
import { median } from '../lib/contest.ts';
import type { Clients } from './clients.ts';
import type { Contender } from './daemon.ts';
import type { Load, Outcome } from './protocol.ts';

export interface Turn {
  readonly name: string;
  readonly contender: Contender;
  /** What is asked of it in a round; 0 warms up. */
  load(round: number, connections: number): Omit<Load, 'port'>;
  /** Called before each load, unmeasured. */
  prepare?(): Promise<void>;
  /** Resolves when nothing goes on behind the answers any more: it counts as work. */
  settled?(outcome: Outcome): Promise<void>;
}

export interface Row {
  readonly name: string;
  /** With as many connections as were asked for. */
  readonly busy: readonly Taken[];
  /** With one connection: what a request takes by itself. */
  readonly alone: readonly Outcome[];
}

export interface Taken extends Outcome {
  /** Seconds of processor time of the contender. */
  readonly cpu: number;
}

export async function takeTurns(
  turns: readonly Turn[],
  {
    clients,
    rounds,
    connections,
  }: { readonly clients: Clients; readonly rounds: number; readonly connections: number },
): Promise<Row[]> {
  const rows = turns.map(({ name }) => ({ name, busy: [] as Taken[], alone: [] as Outcome[] }));
  for (let round = 0; round <= rounds; round++) {
    for (const [i, turn] of turns.entries()) {
      const { contender } = turn;
      const run = async (count: number): Promise<Taken> => {
        await turn.prepare?.();
        const before = contender.cpu();
        const outcome = await clients.run({ ...turn.load(round, count), port: contender.port });
        await turn.settled?.(outcome);
        return { ...outcome, cpu: contender.cpu() - before };
      };
      const busy = await run(connections);
      const alone = await run(1);
      if (round > 0) rows[i]!.busy.push(busy);
      if (round > 0) rows[i]!.alone.push(alone);
    }
  }
  return rows;
}

/** A Markdown table of medians. `bulk`: megabytes are counted, not requests. */
export function table(title: string, rows: readonly Row[], connections: number, bulk = false): string {
  const unit = bulk ? 'MB' : 'requests';
  const amount = ({ requests, bytes }: Outcome): number => (bulk ? bytes / 1e6 : requests);
  const lines = [
    `| ${title} | ${unit}/s | ${unit}/CPU-s | p50 ms | p99 ms | p50 ms, alone | p99 ms, alone |`,
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows.map(({ name, busy, alone }) => {
      const speed = median(busy.map((taken) => amount(taken) / taken.wall));
      const economy = median(busy.map((taken) => amount(taken) / taken.cpu));
      const times = [busy, alone].flatMap((all) => [
        median(all.map(({ p50 }) => p50)).toFixed(2),
        median(all.map(({ p99 }) => p99)).toFixed(2),
      ]);
      return `| ${name} | ${whole(speed)} | ${Number.isNaN(economy) ? '' : whole(economy)} | ${times.join(' | ')} |`;
    }),
    '',
    `${connections} connections; alone: one.`,
  ];
  return lines.join('\n');
}

/**
 * How one contender stands beside another: work for each processor second, and what it adds to a request alone. Of
 * several others the times are added up: one request after the other.
 */
export function beside(rows: readonly Row[], ours: string, ...theirs: readonly string[]): string {
  const [a, ...others] = [ours, ...theirs].map((name) => rows.find((row) => row.name === name)!);
  const economy = (row: Row): number => median(row.busy.map(({ requests, cpu }) => requests / cpu));
  const middle = (row: Row, of: 'p50' | 'p99'): number => median(row.alone.map((outcome) => outcome[of]));
  const added = (of: 'p50' | 'p99'): string => {
    const all = others.reduce((sum, row) => sum + middle(row, of), 0);
    return `${(middle(a!, of) - all).toFixed(2)} ms more at ${of}`;
  };
  const ratio = economy(a!) / economy(others[0]!);
  const work = Number.isNaN(ratio) ? '' : `${ratio.toFixed(2)}× the work per CPU-s, `;
  return `${ours} : ${theirs.join(' + ')} = ${work}alone ${added('p50')}, ${added('p99')}`;
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}
