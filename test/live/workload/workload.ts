/** Clients on a bucket while it goes through the states of a move, forwards and back, and the verdict on what they saw. */
import { ROUTING, type MigrationPhase } from '../../../src/model/migration-phase.ts';
import { judge, tell, type Value } from '../history.ts';
import { Client, Log, valueOf } from './clients.ts';
import type { Random } from './random.ts';
import type { PreparedObject, World } from './world.ts';

export interface Plan {
  readonly clients: number;
  readonly keys: number;
  /** Milliseconds a client usually waits before the next thing, at most. */
  readonly think: number;
  /** Milliseconds a phase lasts, at most. */
  readonly dwell: number;
  /** Milliseconds between disturbances, about; none where absent. */
  readonly disturb?: number | undefined;
  /** Most times the move is turned back. */
  readonly turns: number;
}

export interface Outcome {
  readonly operations: number;
  readonly phases: readonly MigrationPhase[];
  /** What must not be; undefined where nothing is wrong. */
  readonly wrong?: string | undefined;
}

/** Takes the bucket one way through its phases, to the end or back, and tells which. */
export type Journey<W extends World> = (world: W, random: Random, plan: Plan) => Promise<readonly MigrationPhase[]>;

export async function runWorkload<W extends World>(
  world: W,
  journey: Journey<W>,
  random: Random,
  plan: Plan,
): Promise<Outcome> {
  const keys = Array.from(
    { length: world.loose ? Math.max(plan.keys, plan.clients) : plan.keys },
    (_, i) => `${i % 2 === 0 ? 'a' : 'b/'}${i}`,
  ).sort();
  const log = new Log(world);
  const prepared = prepare(keys, log, random);
  await world.prepare(prepared);
  let stopped = false;
  const running: Promise<void>[] = [];
  for (let i = 0; i < plan.clients; i++) {
    const own = world.loose ? keys.filter((_, j) => j % plan.clients === i) : keys;
    running.push(new Client(`c${i}`, world, log, random.fork(), keys, { own }).run(plan.think, () => stopped));
  }
  if (plan.disturb !== undefined) running.push(disturbing(world, random.fork(), plan.disturb, () => stopped));
  const failed = new Promise<never>((_, reject) => {
    for (const each of running) each.catch(reject);
  });
  failed.catch(() => undefined);
  let phases: readonly MigrationPhase[];
  try {
    phases = await Promise.race([journey(world, random.fork(), plan), failed]);
    await world.calm();
  } finally {
    stopped = true;
  }
  await Promise.all(running);
  const last = new Client('last', world, log, random.fork(), keys, { rested: true });
  for (const gateway of world.gateways) {
    for (const key of keys) await last.get(gateway, key);
    await last.list(gateway);
  }
  await lookPast(world, log, keys);
  const wrong = (await sidesDiffer(world)) ?? judged(keys, prepared, log);
  return { operations: log.size, phases, wrong };
}

function prepare(keys: readonly string[], log: Log, random: Random): ReadonlyMap<string, PreparedObject> {
  const objects = new Map<string, PreparedObject>();
  for (const key of keys) {
    if (random.chance(0.25)) continue;
    log.introduce(`first ${key}`);
    objects.set(key, { content: `first ${key}`, mark: 'm' });
  }
  return objects;
}

async function disturbing(world: World, random: Random, every: number, stopped: () => boolean): Promise<void> {
  while (!stopped()) {
    await world.pause(random.next() * 2 * every);
    world.disturb();
  }
}

/** What the side that alone counts by now holds, as one more look at every key. */
async function lookPast(world: World, log: Log, keys: readonly string[]): Promise<void> {
  const { reads } = ROUTING[world.phase];
  if (reads === 'both') return;
  const start = log.begin();
  const found = await world.contents(reads);
  for (const key of keys) {
    const object = found.get(key);
    const value = object === undefined ? null : valueOf(object.content, object.mark);
    log.add(key, `${reads} holds`, start, { kind: 'read', value });
  }
}

/** Where clients are at rest and old was brought up to date, both sides are equal. */
async function sidesDiffer(world: World): Promise<string | undefined> {
  if (world.phase !== 'migrated') return undefined;
  await world.settle();
  const [old, next] = [await world.contents('old'), await world.contents('new')];
  for (const key of new Set([...old.keys(), ...next.keys()])) {
    const [a, b] = [old.get(key), next.get(key)];
    if (a?.content !== b?.content || a?.mark !== b?.mark)
      return `written back, old has ${a?.content ?? 'nothing'} of ${key} and new ${b?.content ?? 'nothing'}`;
  }
  return undefined;
}

function judged(keys: readonly string[], prepared: ReadonlyMap<string, PreparedObject>, log: Log): string | undefined {
  for (const key of keys) {
    const first = prepared.get(key);
    const initial: Value = first === undefined ? null : valueOf(first.content, first.mark);
    const operations = log.of(key);
    const { ok, misfit } = judge(initial, operations);
    if (!ok) return `not linearizable: ${key}\n${tell(initial, operations, misfit)}`;
  }
  return undefined;
}
