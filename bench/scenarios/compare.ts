import { diskBytes } from '../../test/peers/measure.ts';
import { contest, report } from '../lib/contest.ts';
import { FerryHome } from '../lib/ferry.ts';
import type { Scenario } from './scenario.ts';

export const compare: Scenario = {
  name: 'compare',
  summary: 'keys compared on both sides, all equal: memory and state must not grow with their number',
  async run({ rounds }) {
    for (const objects of [1_000_000, 10_000_000]) {
      using home = new FerryHome();
      const source = { type: 'generated', options: { count: objects } };
      const destination = { type: 'generated', options: { count: objects, discard: true } };
      const ferry = {
        name: `ferry, ${objects.toLocaleString('en')} keys`,
        prepare: async () => {
          home.renew();
          return home.command(['run', 'bench'], { type: 'copy', source, destination });
        },
      };
      console.log(report(await contest([ferry], rounds), { amount: objects, unit: 'keys' }));
      console.log(`state on disk: ${(diskBytes(home.dir) / 1e6).toFixed(2)} MB`);
    }
  },
};
