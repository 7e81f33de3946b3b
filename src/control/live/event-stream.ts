/** Events as `text/event-stream` (HTML standard, section 9.2). */
import type { LiveEvent, LiveHub } from './hub.ts';

/** Proxies cut connections that are silent for longer, milliseconds. */
const HEARTBEAT = 15_000;

/**
 * Chunks of the stream: events that `wanted` lets pass after the id `after`, and a comment after silence. A client that
 * missed some is told by an event `missed` and reads everything anew.
 */
export async function* eventStream(
  hub: LiveHub,
  after: number | undefined,
  wanted: (event: LiveEvent) => boolean,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const events = hub.events(after, signal);
  // The first line tells the client that it is connected, and how long to wait before it connects again.
  yield Buffer.from(`retry: 2000\nid: ${after ?? hub.newest}\n: connected\n\n`);
  let coming = events.next();
  try {
    for (;;) {
      const step = await orSilence(coming);
      if (step === undefined) {
        yield Buffer.from(': still here\n\n');
        continue;
      }
      if (step.done === true) return;
      coming = events.next();
      if (step.value === 'missed') yield Buffer.from(`id: ${hub.newest}\nevent: missed\ndata: {}\n\n`);
      else if (wanted(step.value)) yield Buffer.from(text(step.value));
    }
  } finally {
    void events.return(undefined);
  }
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

function text({ id, type, subject, data }: LiveEvent): string {
  return `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify({ subject, ...(typeof data === 'object' ? data : { value: data }) })}\n\n`;
}
