/** Events as `text/event-stream` (HTML standard, section 9.2). */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LiveEvent, LiveHub } from './hub.ts';

/** Proxies cut connections that are silent for longer, milliseconds. */
const HEARTBEAT = 15_000;

/** Between two chunks, milliseconds: what comes faster is sent together. */
const TOGETHER = 50;

/** Each of these counts; of others the last of a subject says it all. */
const EACH = new Set(['task-failed']);

/**
 * Chunks of the stream: events that `wanted` lets pass after the id `after`, and a comment after silence. Of several
 * events of a type about one subject that wait together the newest is sent. A client that missed some is told by an
 * event `missed` and reads everything anew. Memory: a chunk, however slowly the client reads.
 */
export async function* eventStream(
  hub: LiveHub,
  after: number | undefined,
  wanted: (event: LiveEvent) => boolean,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  // What is published before the first line has left is not to be lost.
  const from = after ?? hub.newest;
  const batches = hub.batches(from, signal);
  // The first line tells the client that it is connected, and how long to wait before it connects again.
  yield Buffer.from(`retry: 2000\nid: ${from}\n: connected\n\n`);
  let coming = batches.next();
  try {
    for (;;) {
      const step = await orSilence(coming);
      if (step === undefined) {
        yield Buffer.from(': still here\n\n');
        continue;
      }
      if (step.done === true) return;
      const { missed, events } = step.value;
      const text = newest(events.filter(wanted)).map(textOf).join('');
      const whole = missed ? `id: ${hub.newest}\nevent: missed\ndata: {}\n\n${text}` : text;
      if (whole !== '') yield Buffer.from(whole);
      await sleep(TOGETHER, undefined, { signal }).catch(() => undefined);
      coming = batches.next();
    }
  } finally {
    void batches.return(undefined);
  }
}

function newest(events: readonly LiveEvent[]): LiveEvent[] {
  const seen = new Set<string>();
  return events
    .toReversed()
    .filter(({ type, subject }) => {
      const about = `${type} ${subject}`;
      if (EACH.has(type)) return true;
      if (seen.has(about)) return false;
      seen.add(about);
      return true;
    })
    .toReversed();
}

async function orSilence<T>(coming: Promise<T>): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), HEARTBEAT);
  try {
    return await Promise.race([coming, promise]);
  } finally {
    clearTimeout(timer);
  }
}

function textOf({ id, type, json }: LiveEvent): string {
  return `id: ${id}\nevent: ${type}\ndata: ${json}\n\n`;
}
