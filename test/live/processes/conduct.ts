/** What an operator does to a moving bucket, at random: all steps there are, forwards and back. */
import type { Step } from '../../../src/gateway/migrate/desk.ts';
import { isFerryError } from '../../../src/model/errors.ts';
import type { MigrationPhase } from '../../../src/model/migration-phase.ts';
import type { Random } from '../workload/random.ts';
import type { Plan } from '../workload/workload.ts';
import { PATIENCE, type ProcessWorld } from './process-world.ts';

/** Milliseconds before a step that was refused is tried again. */
const AGAIN = 60;

export async function conduct(world: ProcessWorld, random: Random, plan: Plan): Promise<readonly MigrationPhase[]> {
  const seen: MigrationPhase[] = [];
  let turns = plan.turns;
  const turnsBack = (): boolean => turns > 0 && random.chance(0.25);
  const dwell = async (phase: MigrationPhase): Promise<void> => {
    seen.push(phase);
    await world.pause(random.next() * plan.dwell);
  };
  for (;;) {
    await take(world, 'start', ['created', 'rolled-back']);
    await dwell('tracking');
    await forward(world, 'switch', ['tracking', 'switching']);
    await dwell('pending');
    if (await there(world, random, turnsBack, dwell)) break;
    turns--;
    await forward(world, 'rollback', ['pending', 'migrating', 'verifying', 'migrated', 'rolling-back', 'returning']);
    await dwell('rolled-back');
    if (turns <= 0 || random.chance(0.5)) return seen;
    await world.emptyNew();
  }
  if (random.chance(0.5)) {
    await take(world, 'finalise', ['migrated']);
    await dwell('finalised');
    await world.until('forgotten', ({ keys }) => keys.touched + keys.dirty === 0);
  }
  return seen;
}

/** From the switch to where only new is read; false where it is to go back before. */
async function there(
  world: ProcessWorld,
  random: Random,
  turnsBack: () => boolean,
  dwell: (phase: MigrationPhase) => Promise<void>,
): Promise<boolean> {
  if (turnsBack()) return false;
  await world.until('migrating', ({ phase }) => phase === 'migrating');
  await dwell('migrating');
  if (random.chance(0.2)) await rest(world, random);
  if (turnsBack()) return false;
  for (;;) {
    await world.until('copied', ({ phase, copied }) => phase === 'migrated' || copied !== undefined);
    await take(world, 'verify', ['migrating']);
    if (turnsBack()) return false;
    const { phase, verified } = await world.until('compared', (now) => now.phase !== 'verifying');
    if (phase === 'migrated') break;
    if (verified !== undefined && verified.open > 0)
      throw new Error(`the comparison found ${JSON.stringify(verified.findings)}`);
  }
  await dwell('migrated');
  return !turnsBack();
}

/** The copy comes to a stop for a while. */
async function rest(world: ProcessWorld, random: Random): Promise<void> {
  await world.asked(() => world.desk.pause());
  await world.pause(random.next() * 500);
  await world.asked(() => world.desk.resume());
}

/** Takes the step until the bucket has left these phases: a hold that lasts too long takes it back. */
async function forward(world: ProcessWorld, step: Step, from: readonly MigrationPhase[]): Promise<void> {
  const passing = from.filter((phase) => ['switching', 'rolling-back', 'returning'].includes(phase));
  for (;;) {
    await take(
      world,
      step,
      from.filter((phase) => !passing.includes(phase)),
    );
    const { phase } = await world.until(`past ${step}`, (now) => !passing.includes(now.phase));
    if (!from.includes(phase)) return;
  }
}

/** Takes a step from these phases, as soon as it may be; nothing where the bucket is in another. */
async function take(world: ProcessWorld, step: Step, from: readonly MigrationPhase[]): Promise<void> {
  for (const end = world.now() + PATIENCE; ;) {
    const { phase } = await world.until('looked at', () => true);
    if (!from.includes(phase)) return;
    try {
      await world.desk.take(step);
      return;
    } catch (thrown) {
      if (!isFerryError(thrown) || thrown.code === 'internal' || world.now() > end) throw thrown;
    }
    await world.pause(AGAIN);
  }
}
