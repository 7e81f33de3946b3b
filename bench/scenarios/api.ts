/** The API of `ferry serve` beside the least a plain node:http server can do: know a token, answer JSON. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Confined } from '../gateway/clients.ts';
import { Daemon, startOn, type Contender } from '../gateway/daemon.ts';
import { whole } from '../gateway/turns.ts';
import { median } from '../lib/contest.ts';
import { MAIN } from '../lib/ferry.ts';
import type { Scenario } from './scenario.ts';

const CONNECTIONS = 16;
/** Seconds of one measurement. */
const SECONDS = 3;
/** Tasks there are, of which a page of 100 is asked for. */
const TASKS = 1000;

interface Measured {
  readonly requests: number;
  readonly cpu: number;
  readonly wall: number;
  readonly p50: number;
  readonly p99: number;
}

export const api: Scenario = {
  name: 'api',
  summary: `requests to the API of \`ferry serve\`, beside a plain node:http server; ${TASKS} tasks`,
  async run({ rounds }) {
    using _confined = new Confined(1);
    const { contender, token } = await ferry();
    await using _ferry = contender;
    await addTasks(contender.port, token);
    const nodes = await body(contender.port, token);
    await using beside = await plain(`Bearer ${token}`, nodes);
    const turns = [
      { name: 'node:http: a token, JSON', contender: beside, path: '/v1/nodes' },
      { name: 'ferry: GET /v1/nodes', contender, path: '/v1/nodes' },
      { name: 'ferry: GET /v1/tasks/t1', contender, path: '/v1/tasks/t1' },
      { name: 'ferry: GET /v1/tasks, 100 of them', contender, path: '/v1/tasks?limit=100' },
    ];
    const rows = turns.map(({ name }) => ({ name, taken: [] as Measured[] }));
    // The first round warms up.
    for (let round = 0; round <= rounds; round++)
      for (const [i, turn] of turns.entries()) {
        const taken = await load(turn.contender, turn.path, token);
        if (round > 0) rows[i]!.taken.push(taken);
      }
    console.log(`| One core, ${CONNECTIONS} connections | requests/s | requests/CPU-s | p50 ms | p99 ms |`);
    console.log('| --- | ---: | ---: | ---: | ---: |');
    for (const { name, taken } of rows) {
      const of = (value: (each: Measured) => number): number => median(taken.map(value));
      const speed = whole(of(({ requests, wall }) => requests / wall));
      const economy = whole(of(({ requests, cpu }) => requests / cpu));
      console.log(`| ${name} | ${speed} | ${economy} | ${of(({ p50 }) => p50).toFixed(2)} | ${of(({ p99 }) => p99).toFixed(2)} |`); // prettier-ignore
    }
  },
};

async function ferry(): Promise<{ contender: Contender; token: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'ferry-bench-api-'));
  const config = join(dir, 'ferry.yaml');
  writeFileSync(config, JSON.stringify({ control: { listen: '127.0.0.1:0' } }));
  const env = { FERRY_HOME: join(dir, 'home') };
  const create = [MAIN, 'token', 'create', 'bench', '--role', 'operator', '-c', config];
  const token = execFileSync(process.execPath, create, { encoding: 'utf8', env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'ignore'] }).trim(); // prettier-ignore
  const child = startOn(1, [process.execPath, MAIN, 'serve', '-c', config, '--json', '--log-level', 'error'], env);
  const port = await printed(child.stdout!, /"url":"http:[^"]*:(\d+)"/);
  return { contender: new Daemon('ferry', port, child, dir), token };
}

async function plain(authorization: string, json: string): Promise<Contender> {
  const dir = mkdtempSync(join(tmpdir(), 'ferry-bench-api-'));
  const program = join(import.meta.dirname, '../gateway/plain-api.ts');
  const child = startOn(1, [process.execPath, program, authorization, json]);
  return new Daemon('node:http', await printed(child.stdout!, /"port":(\d+)/), child, dir);
}

async function printed(stream: NodeJS.ReadableStream, pattern: RegExp): Promise<number> {
  let said = '';
  for (;;) {
    const [bytes]: Buffer[] = await once(stream, 'data');
    said += String(bytes);
    const found = pattern.exec(said)?.[1];
    if (found !== undefined) return Number(found);
  }
}

async function addTasks(port: number, token: string): Promise<void> {
  for (let i = 0; i < TASKS; i++) {
    const ends = { source: { type: 'memory', options: { name: 'a' } }, destination: { type: 'memory', options: { name: 'b' } } }; // prettier-ignore
    const response = await fetch(`http://127.0.0.1:${port}/v1/tasks`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: `t${i}`, type: 'copy', ...ends }),
    });
    if (response.status !== 201) throw new Error(await response.text());
    await response.body?.cancel();
  }
}

async function body(port: number, token: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/nodes`, { headers: { authorization: `Bearer ${token}` } });
  return await response.text();
}

/** Each connection sends the next request when it has the whole of the answer before. */
async function load(contender: Contender, path: string, token: string): Promise<Measured> {
  const { port } = contender;
  const head = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\n\r\n`;
  const times: number[] = [];
  const before = contender.cpu();
  const began = performance.now();
  const until = began + SECONDS * 1000;
  const lane = async (): Promise<void> => {
    const socket = connect(port, '127.0.0.1').setNoDelay(true);
    await once(socket, 'connect');
    let bytes = Buffer.alloc(0);
    let answered = Promise.withResolvers<void>();
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      const end = bytes.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/content-length: *(\d+)/i.exec(bytes.toString('latin1', 0, end))![1]);
      if (bytes.length < end + 4 + length) return;
      if (!bytes.subarray(0, 15).includes(' 200 ')) answered.reject(new Error(bytes.toString('latin1')));
      bytes = Buffer.alloc(0);
      answered.resolve();
    });
    for (let now = performance.now(); now < until;) {
      socket.write(head);
      await answered.promise;
      answered = Promise.withResolvers();
      const then = performance.now();
      times.push(then - now);
      now = then;
    }
    socket.destroy();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, lane));
  const wall = (performance.now() - began) / 1000;
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor((times.length - 1) * share)]!;
  return { requests: times.length, cpu: contender.cpu() - before, wall, p50: at(0.5), p99: at(0.99) };
}
