// `npm run bench`: Ferry and rclone side by side on the same server. `npm run bench -- small-20k large --rounds 3`.
import { existsSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { installServers } from '../scripts/install-servers.ts';
import { unavailable } from '../test/peers/servers.ts';
import { MAIN } from './lib/ferry.ts';
import { api } from './scenarios/api.ts';
import { consolePage } from './scenarios/console.ts';
import { compare } from './scenarios/compare.ts';
import { events } from './scenarios/events.ts';
import { gateway } from './scenarios/gateway.ts';
import { gatewayMemory } from './scenarios/gateway-memory.ts';
import { largeFiles, smallFiles } from './scenarios/files.ts';
import { history } from './scenarios/history.ts';
import { large } from './scenarios/large.ts';
import { list } from './scenarios/list.ts';
import { mirror } from './scenarios/mirror.ts';
import { movingList } from './scenarios/moving-list.ts';
import { moving } from './scenarios/moving.ts';
import { rerun } from './scenarios/rerun.ts';
import type { Scenario, Setting } from './scenarios/scenario.ts';
import { small } from './scenarios/small.ts';

const SCENARIOS: readonly Scenario[] = [
  small(20_000),
  small(100_000),
  smallFiles(20_000, 'warm'),
  smallFiles(20_000, 'cold'),
  large,
  largeFiles,
  list,
  compare,
  rerun,
  gateway,
  mirror,
  moving,
  movingList,
  gatewayMemory,
  consolePage,
  api,
  history,
  events,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    ceph: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const chosen =
  positionals.length === 0 ? SCENARIOS : SCENARIOS.filter(({ name }) => positionals.some((p) => name === p));
if (values.help || chosen.length < positionals.length) {
  console.log('npm run bench -- [SCENARIO…] [--rounds 5] [--ceph]\n');
  for (const { name, summary } of SCENARIOS) console.log(`  ${name.padEnd(16)}${summary}`);
  process.exit(values.help ? 0 : 2);
}

console.log(installServers(values.ceph ? ['rclone', 'time', 'nginx', 'ceph'] : ['rclone', 'time', 'nginx']));
const obstacle = unavailable('time') ?? (existsSync(MAIN) ? undefined : `${MAIN} is missing: npm run build first`);
if (obstacle !== undefined) {
  console.error(`nothing can be measured: ${obstacle}`);
  process.exit(1);
}
const setting: Setting = {
  rounds: Number(values.rounds),
  withoutRclone: unavailable('rclone'),
  ceph: values.ceph,
};
if (setting.withoutRclone !== undefined) console.log(`left out: rclone (${setting.withoutRclone})`);
if (setting.ceph && unavailable('ceph') !== undefined) {
  console.error(`left out: everything, for --ceph was asked for (${unavailable('ceph')})`);
  process.exit(1);
}
describeMachine();
for (const scenario of chosen) {
  console.log(`\n## ${scenario.name}: ${scenario.summary}\n`);
  await scenario.run(setting);
}

function describeMachine(): void {
  const processors = cpus();
  const rclone = setting.withoutRclone ?? execFileSync('rclone', ['version'], { encoding: 'utf8' }).split('\n')[0];
  const load = loadavg()[0]!.toFixed(1);
  console.log(
    `${processors.length} × ${processors[0]!.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`,
  );
  console.log(
    `Node ${process.version}, ${rclone}; load before: ${load}${Number(load) > 0.5 ? ' (the machine is busy)' : ''}`,
  );
}
