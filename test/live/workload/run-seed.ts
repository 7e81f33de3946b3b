import { LocalWorld, type LocalVariant } from './local-world.ts';
import { Random } from './random.ts';
import { SimClock } from './sim-clock.ts';
import { travel } from './travel.ts';
import { runWorkload, type Outcome } from './workload.ts';

/** Ten simulated minutes: nothing takes that long that comes to an end. */
const LIMIT = 600_000;

/** One workload in this process; the same each time. */
export async function runSeed(seed: number, variant?: LocalVariant): Promise<Outcome> {
  const clock = new SimClock();
  const random = new Random(seed);
  const faults = {
    rate: random.pick([0, 0, 0.02, 0.1]),
    usual: random.pick([2, 10, 40]),
    slow: random.pick([0.02, 0.2]),
  };
  const disturb = random.pick([undefined, 1000, 4000]);
  const world = new LocalWorld({
    clock,
    random: random.fork(),
    gateways: random.between(1, 4),
    faults,
    createOnly: random.chance(0.75),
    variant,
  });
  const plan = {
    clients: random.between(2, 7),
    keys: random.pick([1, 1, 2, 4]),
    dwell: random.pick([50, 300, 2000]),
    think: random.pick([2, 10, 30]),
    disturb,
    turns: random.between(0, 3),
  };
  try {
    return await clock.run(runWorkload(world, travel, random.fork(), plan), LIMIT);
  } finally {
    await world[Symbol.asyncDispose]();
  }
}
