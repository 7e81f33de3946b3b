import type { MigrationPhase } from '../../../src/model/migration-phase.ts';
import type { LocalWorld } from './local-world.ts';
import type { Random } from './random.ts';
import type { Plan } from './workload.ts';

/** One way through the phases: to the end, or back. */
export async function travel(world: LocalWorld, random: Random, plan: Plan): Promise<MigrationPhase[]> {
  const seen: MigrationPhase[] = [];
  let turns = plan.turns;
  const go = async (to: MigrationPhase): Promise<void> => {
    seen.push(to);
    await world.change(to);
    await world.pause(random.next() * plan.dwell);
  };
  const turnsBack = (): boolean => turns > 0 && random.chance(0.25);
  for (;;) {
    await go('tracking');
    await go('switching');
    await go('pending');
    for (;;) {
      if (!turnsBack()) {
        await go('migrating');
        const background = random.chance(0.7) ? world.writeBackAll(false) : Promise.resolve();
        await world.copyAll();
        await background;
        if (!turnsBack()) {
          await go('verifying');
          if (!turnsBack()) {
            await go('migrated');
            if (!turnsBack()) break;
          }
        }
      }
      turns--;
      await go('rolling-back');
      if (turns > 0 && random.chance(0.3)) continue;
      await world.writeBackAll(true);
      await go('returning');
      await go('rolled-back');
      break;
    }
    if (world.phase !== 'rolled-back') break;
    if (turns <= 0 || random.chance(0.5)) return seen;
    await go('tracking');
    await world.startOver();
    seen.push('tracking');
    continue;
  }
  if (random.chance(0.5)) await go('finalised');
  return seen;
}
