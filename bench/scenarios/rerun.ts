import { OwnArena } from '../lib/arena.ts';
import { contest, report, type Contestant } from '../lib/contest.ts';
import { FerryHome, s3Endpoint } from '../lib/ferry.ts';
import { FAST } from '../lib/rclone.ts';
import { rcloneCommand } from '../../test/peers/rclone.ts';
import type { Scenario } from './scenario.ts';

const OBJECTS = 1_000_000;

export const rerun: Scenario = {
  name: 'rerun',
  summary: '1,000,000 objects that are all copied already: nothing to do, and how soon it is known',
  async run(setting) {
    await using arena = await OwnArena.start();
    await arena.populate({ bucket: 'source', objects: OBJECTS, size: 4096, listedOnly: true });
    await arena.mirror('destination', 'source');
    using home = new FerryHome();
    const check = async (): Promise<string | undefined> => {
      const { counts, cpu } = await arena.report();
      console.log(`    (requests: ${JSON.stringify(counts)}; the server took ${cpu.toFixed(2)} CPU-s)`);
      // Ferry measures the destination with a few writes of a scratch key; nothing may be asked object by object.
      const perObject = (counts['GET'] ?? 0) + (counts['HEAD'] ?? 0) + (counts['PUT'] ?? 0);
      return perObject > 10 ? 'it took requests for single objects' : undefined;
    };
    const contestants: Contestant[] = [
      {
        name: 'ferry',
        prepare: async () => {
          home.renew();
          const source = s3Endpoint(arena.source, 'source');
          const destination = s3Endpoint(arena.destination, 'destination');
          return home.command(['run', 'bench'], { type: 'copy', source, destination });
        },
        check,
      },
    ];
    if (setting.withoutRclone === undefined) {
      const places = { source: arena.source, destination: arena.destination };
      const args = ['copy', 'source:source', 'destination:destination', ...FAST, '--checksum', '--checkers=32'];
      contestants.push({ name: 'rclone --checksum', prepare: async () => rcloneCommand(args, places), check });
    }
    console.log(report(await contest(contestants, setting.rounds), { amount: OBJECTS, unit: 'objects' }));
  },
};
