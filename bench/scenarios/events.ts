/** Change events on their way in: how many are kept a second, and for a second of processor time. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ControlServer } from '../../test/e2e/control-server.ts';
import { whole } from '../gateway/turns.ts';
import { MAIN } from '../lib/ferry.ts';
import type { Scenario } from './scenario.ts';

const SECRET = 'the-secret-of-the-bench';
/** Documents as stores post them: one event each (Ceph, MinIO), and as full as they get. */
const WORKS = [
  { name: '1 event a document', events: 20_000, each: 1, connections: 32 },
  { name: '1,000 events a document', events: 100_000, each: 1000, connections: 4 },
] as const;
/** Clock ticks of /proc a second (`getconf CLK_TCK` on Linux). */
const TICKS = 100;

export const events: Scenario = {
  name: 'events',
  summary: 'change events posted to ferry serve: kept durably, and carried out where the source has no object any more',
  async run() {
    console.log('| work | events | kept a second | for a CPU-second | carried out a second | all, for a CPU-second |');
    console.log('| --- | ---: | ---: | ---: | ---: | ---: |');
    for (const work of WORKS) console.log(await measured(work));
  },
};

async function measured({ name, events: count, each, connections }: (typeof WORKS)[number]): Promise<string> {
  using server = await ControlServer.start({}, MAIN);
  for (const store of ['from', 'to']) {
    const path = join(server.ferry.dir, store);
    mkdirSync(path);
    await server.ask('POST', '/v1/stores', { name: store, type: 'file', path, options: {} });
  }
  const source = { name: 'bench', kind: 'http', source: 'from', destination: 'to', reconcile: 0, secret: SECRET };
  await server.ask('POST', '/v1/event-sources', source);
  const begun = performance.now();
  const processorBefore = processor(server.pid);
  let next = 0;
  const post = async (): Promise<void> => {
    while (next < count) {
      const first = next;
      next += each;
      const answer = await fetch(`${server.url}/v1/events/bench`, {
        method: 'POST',
        headers: { authorization: `Bearer ${SECRET}` },
        body: documentOf(first, each),
      });
      await answer.arrayBuffer();
      if (answer.status !== 200) throw new Error(`events were answered with ${answer.status}`);
    }
  };
  await Promise.all(Array.from({ length: connections }, post));
  const kept = { seconds: (performance.now() - begun) / 1000, processor: processor(server.pid) - processorBefore };
  await server.until('/v1/event-sources/bench', ({ lag }) => lag.waiting === 0, 300_000);
  const all = { seconds: (performance.now() - begun) / 1000, processor: processor(server.pid) - processorBefore };
  const rates = [kept.seconds, kept.processor, all.seconds, all.processor].map((by) => whole(Math.round(count / by)));
  return `| ${name} | ${whole(count)} | ${rates.join(' | ')} |`;
}

function documentOf(first: number, count: number): string {
  const Records = Array.from({ length: count }, (_, i) => ({
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    eventTime: '2026-01-01T00:00:00.000Z',
    eventName: 'ObjectCreated:Put',
    s3: {
      bucket: { name: 'photos' },
      object: { key: `2026/01/folder-${i % 100}/object-${first + i}.jpg`, sequencer: (first + i + 1).toString(16) },
    },
  }));
  return JSON.stringify({ Records });
}

/** Seconds of processor time so far. */
function processor(pid: number): number {
  const [utime, stime] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ').slice(11, 13).map(Number);
  return (utime! + stime!) / TICKS;
}
