/** Objects that come from elsewhere when they are first asked for, beside nginx as a caching proxy. */
import { KiB, MiB } from '../../src/model/units.ts';
import { unavailable } from '../../test/peers/servers.ts';
import { Clients, onOneCoreAndTwo } from '../gateway/clients.ts';
import { direct, ferry, ferryWith } from '../gateway/contenders.ts';
import type { Contender } from '../gateway/daemon.ts';
import { cachingNginx } from '../gateway/nginx.ts';
import { Seen } from '../gateway/seen.ts';
import { beside, table, takeTurns, type Turn } from '../gateway/turns.ts';
import { OwnArena } from '../lib/arena.ts';
import { s3Endpoint } from '../lib/ferry.ts';
import { keyOf, type Report } from '../server.ts';
import type { Scenario } from './scenario.ts';

interface Work {
  readonly name: string;
  readonly size: number;
  readonly connections: number;
  /** Objects asked for once in each round, with all connections and with one; again and again where absent. */
  readonly once?: readonly [busy: number, alone: number];
}

const WORKS: readonly Work[] = [
  { name: 'hit, 4 KiB', size: 4 * KiB, connections: 32 },
  { name: 'miss, 4 KiB', size: 4 * KiB, connections: 32, once: [3000, 500] },
  { name: 'hit, 64 MiB', size: 64 * MiB, connections: 4 },
  { name: 'miss, 64 MiB', size: 64 * MiB, connections: 4, once: [8, 2] },
];

const SECONDS = 2;

export const mirror: Scenario = {
  name: 'mirror',
  summary: 'a bucket that mirrors on demand, beside nginx as a caching proxy: hits and misses',
  async run({ rounds }) {
    const withoutNginx = unavailable('nginx');
    if (withoutNginx !== undefined) console.log(`left out: nginx (${withoutNginx})`);
    await onOneCoreAndTwo(async (cores) => {
      await using clients = await Clients.start();
      for (const work of WORKS)
        console.log(`${await compared(work, clients, cores, rounds, withoutNginx === undefined)}\n`);
    });
  },
};

async function compared(
  work: Work,
  clients: Clients,
  cores: number,
  rounds: number,
  withNginx: boolean,
): Promise<string> {
  const { size, once, connections } = work;
  const objects = once === undefined ? (size > MiB ? 4 : 1000) : (rounds + 1) * (once[0] + once[1]);
  await using arena = await OwnArena.start();
  await arena.populate({ bucket: 'source', objects, size });
  await arena.emptyDestination('source');
  const keys = Array.from({ length: objects }, (_, i) => keyOf(i, objects));
  await using open = new AsyncDisposableStack();
  const turn = (contender: Contender, bucket = 'source'): Turn => ({
    name: contender.name,
    contender,
    load: (round, count) => ({ method: 'GET', bucket, connections: count, ...asked(keys, round, count > 1, once) }),
  });
  const turns = [turn(direct(arena.source))];
  if (withNginx) turns.push(turn(open.use(await cachingNginx(arena.source, cores))));
  if (once === undefined) turns.push(turn(open.use(await ferry(arena.source, cores))));
  const local = once === undefined ? s3Endpoint(arena.source, 'source') : s3Endpoint(arena.destination, 'destination');
  const rules = [{ origin: `${arena.source.endpoint}/source/` }];
  const mirroring = open.use(await ferryWith('ferry, mirror', { mirrored: { store: local, mirror: rules } }, cores));
  const seen = new Seen(arena, ['source', 'destination']);
  // Clients have an object before the store does.
  const stored = ({ objects: count }: Report): boolean => once === undefined || count === seen.asked;
  turns.push(seen.counted(turn(mirroring, 'mirrored'), stored));
  const rows = await takeTurns(turns, { clients, rounds, connections });
  const lines = [table(work.name, rows, connections, size > MiB), ''];
  if (once === undefined) lines.push(beside(rows, 'ferry, mirror', 'ferry'), '');
  if (withNginx) lines.push(beside(rows, 'ferry, mirror', 'nginx, caching'), '');
  lines.push(`The stores saw for each request: ${seen.each()}`);
  return lines.join('\n');
}

/** All keys again and again, or those of this round that nobody asked for before. */
function asked(
  keys: readonly string[],
  round: number,
  busy: boolean,
  once: Work['once'],
): { readonly keys: readonly string[]; readonly seconds?: number } {
  if (once === undefined) return { keys, seconds: round === 0 ? 1 : SECONDS };
  const from = round * (once[0] + once[1]) + (busy ? 0 : once[0]);
  return { keys: keys.slice(from, from + once[busy ? 0 : 1]) };
}
