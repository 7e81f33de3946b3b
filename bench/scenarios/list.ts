import { OwnArena } from '../lib/arena.ts';
import { contest, report } from '../lib/contest.ts';
import { FerryHome, s3Endpoint } from '../lib/ferry.ts';
import { measure } from '../../test/peers/measure.ts';
import { rcloneCommand } from '../../test/peers/rclone.ts';
import type { S3Server } from '../../test/peers/s3-server.ts';
import { FAST } from '../lib/rclone.ts';
import type { Scenario } from './scenario.ts';

const OBJECTS = 1_000_000;
const DELAY = 50;

export const list: Scenario = {
  name: 'list',
  summary: 'a flat bucket of 1,000,000 keys listed, every page answered after 50 ms',
  async run(setting) {
    await using arena = await OwnArena.start();
    await arena.populate({ bucket: 'source', objects: OBJECTS, size: 4096, listedOnly: true });
    await arena.listDelay(DELAY);
    using home = new FerryHome();
    const ferry = {
      name: 'ferry plan, into an empty store',
      prepare: async () => {
        home.renew();
        const source = s3Endpoint(arena.source, 'source');
        return home.command(['plan'], { type: 'copy', source, destination: { type: 'memory' } });
      },
    };
    const results = await contest([ferry], setting.rounds);
    // Serial paging takes about a minute whoever does it: once is enough.
    results.push({ name: 'serial paging', costs: [await measure(serially(arena.source))] });
    if (setting.withoutRclone === undefined) {
      const lsf = rcloneCommand(['lsf', '-R', 'source:source', ...FAST], { source: arena.source });
      results.push({ name: 'rclone lsf', costs: [await measure(lsf)] });
    }
    console.log(report(results, { amount: OBJECTS, unit: 'keys' }));
  },
};

/** The simplest lister there is: one page after the other. */
function serially({ endpoint }: S3Server): { argv: readonly string[]; env: Record<string, string> } {
  const script = `
    let token = '';
    let keys = 0;
    do {
      const page = await (await fetch('${endpoint}/source?list-type=2&continuation-token=' + token)).text();
      keys += page.split('<Key>').length - 1;
      token = /<NextContinuationToken>([^<]*)/.exec(page)?.[1];
    } while (token);
    if (keys !== ${OBJECTS}) throw new Error(keys + ' keys');
  `;
  return { argv: [process.execPath, '--input-type=module', '-e', script], env: {} };
}
