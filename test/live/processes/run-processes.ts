/** Seeds of the workload over real processes. */
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { startFaultServer, type Fault } from '../../faults/fault-server.ts';
import type { S3Server } from '../../peers/s3-server.ts';
import { sdkFor } from '../../peers/sdk.ts';
import { Random } from '../workload/random.ts';
import { runWorkload, type Outcome } from '../workload/workload.ts';
import { BareWorld } from './bare-world.ts';
import type { Broken } from './broken.ts';
import { conduct } from './conduct.ts';
import { ProcessWorld, type Servers } from './process-world.ts';

/** Milliseconds a fault server may carry out a request after it has cut it. */
const LATEST = 700;
/** And for how long gateways expect that. */
const LINGER = 1200;
/** Ceph does what it was sent within that, milliseconds; it is only silent senders it waits 65 s for. */
const CEPH_LINGER = 2500;
/** A server alone is asked for so long, milliseconds. */
const BARE = 6000;
/** Nothing takes so long that comes to an end, milliseconds. */
const LIMIT = 300_000;

/** Two servers that refuse, lose, cut and carry out late what they are asked. */
export async function runFaultSeed(seed: number, broken?: Broken): Promise<Outcome> {
  const random = new Random(seed);
  const bucket = `torture-${seed}`;
  const start = (): ReturnType<typeof startFaultServer> =>
    startFaultServer({ buckets: [bucket], seed: random.between(1, 1e9) });
  await using old = await start();
  await using next = await start();
  const rate = random.pick([0, 0.01, 0.04]);
  const usual = random.pick([0, 3, 15]);
  const delays = random.fork();
  const misbehave = (): void => {
    for (const server of [old, next]) {
      server.setRules(FAULTS.map((fault) => ({ fault, chance: rate / FAULTS.length })));
      server.latency = () => delays.delay(usual, 300, 0.02);
    }
  };
  const behave = (): void => {
    for (const server of [old, next]) {
      server.setRules([]);
      server.latency = 0;
    }
  };
  misbehave();
  return await run({ old, new: next, bucket, provider: 'minio', linger: LINGER, behave, misbehave }, random, broken);
}

/** Two Ceph clusters, each seed with a bucket of its own. */
export async function runCephSeed(seed: number, old: S3Server, next: S3Server): Promise<Outcome> {
  const random = new Random(seed);
  const bucket = `torture-${seed}`;
  for (const server of [old, next]) await sdkFor(server).send(new CreateBucketCommand({ Bucket: bucket }));
  const nothing = (): void => undefined;
  const servers = {
    old,
    new: next,
    bucket,
    provider: 'ceph',
    linger: CEPH_LINGER,
    behave: nothing,
    misbehave: nothing,
  };
  return await run(servers, random);
}

/** Clients of one Ceph cluster, and no gateway of ours: what is seen here is its own doing. */
export async function runBareCephSeed(seed: number, ceph: S3Server): Promise<Outcome> {
  const random = new Random(seed);
  const bucket = `bare-${seed}`;
  await sdkFor(ceph).send(new CreateBucketCommand({ Bucket: bucket }));
  await using world = await BareWorld.open(ceph, bucket, 'ceph');
  const plan = {
    clients: random.between(3, 7),
    keys: random.pick([1, 2, 4]),
    dwell: BARE,
    think: random.pick([5, 15]),
    turns: 0,
  };
  const stay = async (): Promise<readonly []> => {
    await world.pause(plan.dwell);
    return [];
  };
  return await runWorkload(world, stay, random.fork(), plan);
}

const FAULTS: readonly Fault[] = [
  { do: 'refuse', status: 503, code: 'SlowDown' },
  { do: 'reset', when: 'before-body' },
  { do: 'reset', when: 'lost-answer' },
  { do: 'late', within: LATEST },
];

async function run(servers: Servers, random: Random, broken?: Broken): Promise<Outcome> {
  const world = await ProcessWorld.start({
    servers,
    random: random.fork(),
    gateways: random.pick([2, 2, 3]),
    promoteOnRead: random.chance(0.3),
    broken,
  });
  const plan = {
    clients: random.between(3, 7),
    keys: random.pick([1, 2, 4]),
    dwell: random.pick([50, 300, 1000]),
    think: random.pick([5, 15, 40]),
    disturb: random.pick([undefined, 700, 2000]),
    turns: random.between(0, 3),
  };
  const late = new AbortController();
  const limit = setTimeout(() => late.abort(), LIMIT);
  try {
    const overdue = new Promise<never>((_, reject) => {
      late.signal.addEventListener('abort', () => reject(new Error(`not done after ${LIMIT} ms`)));
    });
    return await Promise.race([runWorkload(world, conduct, random.fork(), plan), overdue]);
  } finally {
    clearTimeout(limit);
    await world[Symbol.asyncDispose]();
  }
}
