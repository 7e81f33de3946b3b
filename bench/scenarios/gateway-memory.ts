/** What `ferry serve` keeps in memory and on disk when there are many of something: connections, or keys it has to know. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { KiB, MiB } from '../../src/model/units.ts';
import { machineClock, openMoving } from '../../src/state/sqlite/moving/open.ts';
import { unavailable } from '../../test/peers/servers.ts';
import { Clients } from '../gateway/clients.ts';
import { ferry, ferryWith, type FerryGateway } from '../gateway/contenders.ts';
import type { Contender } from '../gateway/daemon.ts';
import { Move } from '../gateway/move.ts';
import { nginx } from '../gateway/nginx.ts';
import type { Load, Outcome } from '../gateway/protocol.ts';
import { whole } from '../gateway/turns.ts';
import { OwnArena } from '../lib/arena.ts';
import { s3Endpoint } from '../lib/ferry.ts';
import { keyOf } from '../server.ts';
import type { Scenario } from './scenario.ts';

const CONNECTIONS = 1000;
const SECONDS = 8;
const TOUCHED = 1_000_000;
/** Keys touched at once: they share the wait for the disk. */
const BATCH = 1000;

const WORKS = [
  { name: 'GET 4 KiB', method: 'GET', objects: 1000, size: 4 * KiB },
  { name: 'PUT 4 KiB', method: 'PUT', objects: 1000, size: 4 * KiB },
  { name: 'GET 8 MiB', method: 'GET', objects: 16, size: 8 * MiB },
  { name: 'PUT 8 MiB', method: 'PUT', objects: 16, size: 8 * MiB },
] as const;

export const gatewayMemory: Scenario = {
  name: 'gateway-memory',
  summary: 'memory of 1,000 connections that all work; memory, state and requests with 1,000,000 touched keys',
  async run() {
    const withoutNginx = unavailable('nginx');
    if (withoutNginx !== undefined) console.log(`left out: nginx (${withoutNginx})`);
    await using clients = await Clients.start();
    console.log(`### ${whole(CONNECTIONS)} connections that all work\n`);
    console.log(await busyConnections(clients, withoutNginx === undefined));
    console.log(`\n### ${whole(TOUCHED)} touched keys\n`);
    console.log(await touchedKeys(clients));
  },
};

async function busyConnections(clients: Clients, withNginx: boolean): Promise<string> {
  const lines = [
    '| server | work | requests | MiB before | most MiB | KiB for each connection |',
    '| --- | --- | ---: | ---: | ---: | ---: |',
  ];
  for (const { name, method, objects, size } of WORKS) {
    await using arena = await OwnArena.start();
    await arena.populate({ bucket: 'source', objects, size });
    await arena.emptyDestination('source');
    const keys = Array.from({ length: objects }, (_, i) => keyOf(i, objects));
    const bucket = method === 'PUT' ? 'destination' : 'source';
    for (const start of [...(withNginx ? [nginx] : []), ferry]) {
      await using contender = await start(arena.source, 2);
      const load = { port: contender.port, method, bucket, keys };
      // What it takes to be warm is not what connections take.
      await clients.run({ ...load, connections: 16, seconds: 2 });
      const before = contender.memory();
      const { most, outcome } = await watched(contender, clients.run({ ...load, connections: CONNECTIONS, seconds: SECONDS })); // prettier-ignore
      const each = (most - before) / CONNECTIONS / KiB;
      lines.push(
        `| ${contender.name} | ${name} | ${whole(outcome.requests)} | ${mib(before)} | ${mib(most)} | ${each.toFixed(0)} |`,
      );
    }
  }
  return lines.join('\n');
}

/** Memory at its most while something goes on, looked at ten times a second. */
async function watched(
  contender: Contender,
  going: Promise<Outcome>,
): Promise<{ readonly most: number; readonly outcome: Outcome }> {
  let most = contender.memory();
  const timer = setInterval(() => (most = Math.max(most, contender.memory())), 100);
  try {
    return { outcome: await going, most };
  } finally {
    clearInterval(timer);
  }
}

async function touchedKeys(clients: Clients): Promise<string> {
  const objects = 3000;
  await using arena = await OwnArena.start();
  const { source, destination } = arena;
  await arena.populate({ bucket: 'content', objects, size: 4 * KiB });
  await arena.copy('old', 'content');
  await arena.empty('new', 'content');
  const migrate = { to: s3Endpoint(destination, 'new'), linger: 3 };
  const buckets = { moving: { store: s3Endpoint(source, 'old'), migrate } };
  await using gateway = await ferryWith('ferry', buckets, 2);
  const move = new Move(gateway, 'moving');
  await move.start();
  await move.switchAndRest();
  const keys = Array.from({ length: objects }, (_, i) => keyOf(i, objects));
  const contents = { port: Number(new URL(source.endpoint).port), bucket: 'content' };
  const load = { port: gateway.port, bucket: 'moving', connections: 1, contents } as const;
  await clients.run({ ...load, method: 'PUT', keys: keys.slice(0, 1000) });
  const asked: readonly { readonly name: string; readonly load: Load }[] = [
    { name: 'GET, at new', load: { ...load, method: 'GET', keys: keys.slice(0, 1000), seconds: 2 } },
    { name: 'GET, only at old', load: { ...load, method: 'GET', keys: keys.slice(1000, 2000), seconds: 2 } },
    { name: 'PUT', load: { ...load, method: 'PUT', keys: keys.slice(0, 1000), seconds: 2 } },
    { name: 'LIST, 1,000 keys', load: { ...load, method: 'GET', keys: ['?list-type=2'], seconds: 2 } },
  ];
  const measured = async (deleted: readonly string[]): Promise<readonly string[]> => {
    const times = [];
    for (const each of [...asked, { name: 'DELETE', load: { ...load, method: 'DELETE' as const, keys: deleted } }])
      times.push((await clients.run(each.load)).p50.toFixed(2));
    return [mib(gateway.memory()), mib(stateOf(gateway)), ...times];
  };
  await measured(keys.slice(2000, 2200));
  const without = await measured(keys.slice(2200, 2600));
  const began = performance.now();
  await touch(gateway);
  const seconds = (performance.now() - began) / 1000;
  const with_ = await measured(keys.slice(2600, 3000));
  const began2 = performance.now();
  await move.until(() => true);
  const status = performance.now() - began2;
  const names = ['memory, MiB', 'state on disk, MiB', ...asked.map(({ name }) => `${name}, p50 ms`), 'DELETE, p50 ms'];
  return [
    `| | without | with ${whole(TOUCHED)} touched keys |`,
    '| --- | ---: | ---: |',
    ...names.map((name, i) => `| ${name} | ${without[i]} | ${with_[i]} |`),
    '',
    `They were recorded in ${seconds.toFixed(0)} s; \`ferry migrate status\` takes ${status.toFixed(0)} ms then.`,
  ].join('\n');
}

/** Has the ledger of the bucket record keys as deletes do, by a process beside the gateway. They lie between its own. */
async function touch({ home }: FerryGateway): Promise<void> {
  const options = { clock: machineClock, now: Date.now, lease: 10_000 };
  await using book = await openMoving(join(home, 'moving.db'), options);
  const bucket = await book.bucket('moving', { writeBack: true, linger: 3000 });
  await using member = await bucket.join('bench');
  for (let i = 0; i < TOUCHED; i += BATCH) {
    const { epoch } = await member.renew();
    if (i === 0) await member.acknowledge(epoch, []);
    const one = async (n: number): Promise<void> => {
      await using intent = await member.keys.intend(`${keyOf(n, TOUCHED)}.deleted`);
      await intent.touch();
    };
    await Promise.all(Array.from({ length: BATCH }, (_, n) => one(i + n)));
  }
}

/** Bytes of all files of the state. */
function stateOf({ home }: FerryGateway): number {
  return readdirSync(home, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(home, name)))
    .filter((found) => found.isFile())
    .reduce((sum, { size }) => sum + size, 0);
}

function mib(bytes: number): string {
  return (bytes / MiB).toFixed(0);
}
