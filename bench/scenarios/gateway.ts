/** `ferry serve` between clients and a fast backend, beside nginx, which forwards and checks nothing. */
import { KiB, MiB } from '../../src/model/units.ts';
import { unavailable } from '../../test/peers/servers.ts';
import { Clients, onOneCoreAndTwo } from '../gateway/clients.ts';
import { direct, ferry } from '../gateway/contenders.ts';
import type { Contender } from '../gateway/daemon.ts';
import { nginx } from '../gateway/nginx.ts';
import type { Load, Outcome } from '../gateway/protocol.ts';
import { whole } from '../gateway/turns.ts';
import { OwnArena } from '../lib/arena.ts';
import { median } from '../lib/contest.ts';
import { keyOf } from '../server.ts';
import type { Scenario } from './scenario.ts';

const SMALL = { objects: 1000, size: 4 * KiB };
const LARGE = { objects: 4, size: 64 * MiB };
const CONNECTIONS = 32;
const IDLE = 1000;
/** Seconds of one measurement. */
const SECONDS = 3;

type Work = Pick<Load, 'method' | 'connections'> & { readonly name: string; readonly of: typeof SMALL };

const WORKS: readonly Work[] = [
  { name: 'GET 4 KiB', method: 'GET', connections: CONNECTIONS, of: SMALL },
  { name: 'PUT 4 KiB', method: 'PUT', connections: CONNECTIONS, of: SMALL },
  { name: 'GET 64 MiB', method: 'GET', connections: 4, of: LARGE },
  { name: 'PUT 64 MiB', method: 'PUT', connections: 4, of: LARGE },
];

export const gateway: Scenario = {
  name: 'gateway',
  summary: 'signed requests through `ferry serve`, beside nginx as a plain proxy to the same backend',
  async run({ rounds }) {
    const withoutNginx = unavailable('nginx');
    if (withoutNginx !== undefined) console.log(`left out: nginx (${withoutNginx})`);
    await onOneCoreAndTwo(async (cores) => {
      await using clients = await Clients.start();
      for (const work of WORKS)
        console.log(`${await compared(work, clients, cores, rounds, withoutNginx === undefined)}\n`);
    });
    console.log(`### Memory of ${IDLE} idle connections\n`);
    await using clients = await Clients.start();
    console.log(await idleMemory(clients, withoutNginx === undefined));
  },
};

/** Medians of the rounds, in which the contenders take turns. */
async function compared(
  work: Work,
  clients: Clients,
  cores: number,
  rounds: number,
  withNginx: boolean,
): Promise<string> {
  await using arena = await OwnArena.start();
  await arena.populate({ bucket: 'source', ...work.of });
  await arena.emptyDestination('source');
  await using contenders = new AsyncDisposableStack();
  const all: Contender[] = [direct(arena.source)];
  if (withNginx) all.push(contenders.use(await nginx(arena.source, cores)));
  all.push(contenders.use(await ferry(arena.source, cores)));
  const bucket = work.method === 'PUT' ? 'destination' : 'source';
  const keys = Array.from({ length: work.of.objects }, (_, i) => keyOf(i, work.of.objects));
  const rows = all.map(({ name }) => ({ name, results: [] as (Outcome & { cpu: number })[] }));
  for (let round = 0; round <= rounds; round++) {
    for (const [i, contender] of all.entries()) {
      const before = contender.cpu();
      // The first round warms up.
      const seconds = round === 0 ? 1 : SECONDS;
      const outcome = await clients.run({ ...work, port: contender.port, bucket, keys, seconds });
      if (round > 0) rows[i]!.results.push({ ...outcome, cpu: contender.cpu() - before });
    }
  }
  const { counts } = await arena.report();
  if (counts['foreign'] !== undefined) throw new Error(`${counts['foreign']} uploads arrived with other bytes`);
  return table(work, rows);
}

function table(
  work: Work,
  rows: readonly { readonly name: string; readonly results: readonly (Outcome & { readonly cpu: number })[] }[],
): string {
  const bulk = work.of === LARGE;
  const amount = ({ requests, bytes }: Outcome): number => (bulk ? bytes / 1e6 : requests);
  const unit = bulk ? 'MB' : 'requests';
  const middle = (of: (result: Outcome & { cpu: number }) => number, i: number): number =>
    median(rows[i]!.results.map(of));
  const lines = [
    `| ${work.name} | ${unit}/s | ${unit}/CPU-s | p50 ms | p99 ms |`,
    '| --- | ---: | ---: | ---: | ---: |',
  ];
  for (const [i, { name }] of rows.entries()) {
    const perCpu = middle((result) => amount(result) / result.cpu, i);
    lines.push(
      `| ${name} | ${whole(middle((result) => amount(result) / result.wall, i))} | ${Number.isNaN(perCpu) ? '' : whole(perCpu)} | ` +
        `${middle(({ p50 }) => p50, i).toFixed(2)} | ${middle(({ p99 }) => p99, i).toFixed(2)} |`,
    );
  }
  if (rows.length === 3) {
    const [theirs, ours] = [1, 2].map((i) => middle((result) => amount(result) / result.cpu, i));
    const added = middle(({ p50 }) => p50, 2) - middle(({ p50 }) => p50, 1);
    lines.push(
      '',
      `ferry : nginx = ${(ours! / theirs!).toFixed(2)}× ${unit}/CPU-s, ${added.toFixed(2)} ms more at p50`,
    );
  }
  return lines.join('\n');
}

async function idleMemory(clients: Clients, withNginx: boolean): Promise<string> {
  await using arena = await OwnArena.start();
  await arena.populate({ bucket: 'source', ...SMALL });
  const lines = ['| server | MiB before | MiB with them | KiB for each |', '| --- | ---: | ---: | ---: |'];
  for (const start of [...(withNginx ? [nginx] : []), ferry]) {
    await using contender = await start(arena.source, 2);
    const keys = [keyOf(0, SMALL.objects)];
    // What it takes to be warm is not what connections take.
    await clients.run({
      port: contender.port,
      method: 'GET',
      bucket: 'source',
      keys,
      connections: CONNECTIONS,
      seconds: 2,
    });
    const before = contender.memory();
    await clients.order({ do: 'open', port: contender.port, bucket: 'source', key: keys[0]!, connections: IDLE });
    const after = contender.memory();
    await clients.order({ do: 'close' });
    const each = (after - before) / IDLE / KiB;
    lines.push(
      `| ${contender.name} | ${(before / MiB).toFixed(0)} | ${(after / MiB).toFixed(0)} | ${each.toFixed(1)} |`,
    );
  }
  return lines.join('\n');
}
