/** A server with a million tasks behind it: its start, and what people and programs ask of it. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MiB } from '../../src/model/units.ts';
import { openState } from '../../src/state/sqlite/open.ts';
import { writeHistory } from '../../test/peers/task-history.ts';
import { Daemon, startOn } from '../gateway/daemon.ts';
import { MAIN } from '../lib/ferry.ts';
import type { Scenario } from './scenario.ts';

const TASKS = 1_000_000;
/** Times each is asked. */
const TIMES = 20;

const ASKED = [
  ['100 tasks', '/v1/tasks?limit=100'],
  ['100 tasks in the middle', `/v1/tasks?limit=100&cursor=${cursor(TASKS / 2)}`],
  ['those that failed', '/v1/tasks?state=failed'],
  ['those that run or wait', '/v1/tasks?state=running,queued,paused'],
  ['those that finished', '/v1/tasks?state=finished'],
  ['search: in one of 32', '/v1/tasks?search=backup/17'],
  ['search: in one of all', '/v1/tasks?search=nightly-777777'],
  ['search: in none', '/v1/tasks?search=nobody'],
  ['search: two characters, in none', '/v1/tasks?search=zq'],
  ['search: of those that failed', '/v1/tasks?search=photos-12&state=failed'],
  ['a task', '/v1/tasks/nightly-500000'],
  ['the nodes', '/v1/nodes'],
  ['/metrics', '/metrics'],
] as const;

export const history: Scenario = {
  name: 'history',
  summary: `ferry serve with ${TASKS.toLocaleString('en')} finished tasks: start, lists, search`,
  async run() {
    const dir = mkdtempSync(join(tmpdir(), 'ferry-bench-history-'));
    const home = join(dir, 'home');
    mkdirSync(home);
    const state = join(home, 'ferry.db');
    await (await openState(state))[Symbol.asyncDispose]();
    writeHistory(state, TASKS, Date.now());
    const config = join(dir, 'ferry.yaml');
    writeFileSync(config, JSON.stringify({ control: { listen: '127.0.0.1:0', keep_tasks: { days: 'off' } } }));
    const env = { FERRY_HOME: home };
    const token = execFileSync(process.execPath, [MAIN, 'token', 'create', 'bench', '-c', config], { encoding: 'utf8', env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'ignore'] }).trim(); // prettier-ignore
    const began = performance.now();
    const child = startOn(1, [process.execPath, MAIN, 'serve', '-c', config, '--json', '--log-level', 'error'], env);
    const [said]: Buffer[] = await once(child.stdout!, 'data');
    const started = performance.now() - began;
    const port = Number(/"url":"http:[^"]*:(\d+)"/.exec(String(said))![1]);
    await using server = new Daemon('ferry', port, child, dir);
    console.log(`state: ${Math.round(statSync(state).size / MiB)} MiB; from start to listening: ${Math.round(started)} ms\n`); // prettier-ignore
    console.log('| asked | median ms | longest ms |\n| --- | ---: | ---: |');
    for (const [name, path] of ASKED) {
      const times = await ask(`http://127.0.0.1:${server.port}${path}`, token);
      console.log(`| ${name} | ${times[TIMES / 2]!.toFixed(1)} | ${times.at(-1)!.toFixed(1)} |`);
    }
  },
};

/** Sorted. */
async function ask(url: string, token: string): Promise<readonly number[]> {
  const times: number[] = [];
  for (let i = 0; i < TIMES; i++) {
    const began = performance.now();
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`${url}: ${response.status}`);
    times.push(performance.now() - began);
  }
  return times.toSorted((a, b) => a - b);
}

function cursor(position: number): string {
  return Buffer.from(String(position), 'utf8').toString('base64url');
}
