/** Empties a queue of SQS into the book of events, message by message. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isFerryError, toFerryError } from '../../model/errors.ts';
import type { NewEvent } from '../../state/control/event-book.ts';
import { documentIn } from './documents.ts';
import type { SqsMessage, SqsQueue } from './sqs.ts';

export interface PollerContext {
  readonly queue: Pick<SqsQueue, 'receive' | 'remove'>;
  /** The events of a document; throws `bad-response`. */
  readonly read: (document: Uint8Array) => readonly NewEvent[];
  /** Durable when resolved. */
  readonly keep: (events: readonly NewEvent[]) => Promise<void>;
  readonly malformed: () => Promise<void>;
  readonly warn: (message: string, about: Readonly<Record<string, unknown>>) => void;
  readonly stopping: AbortSignal;
}

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 60_000;

/** Resolves when it was stopped. What cannot be read stays in the queue, whose own policy says what becomes of it. */
export async function poll(context: PollerContext): Promise<void> {
  const { queue, stopping, warn } = context;
  let wait = FIRST_WAIT;
  while (!stopping.aborted) {
    try {
      await take(context, await queue.receive(stopping));
      wait = FIRST_WAIT;
    } catch (thrown) {
      if (stopping.aborted) return;
      warn('the queue of events cannot be read', { error: toFerryError(thrown) });
      await sleep(wait, undefined, { signal: stopping }).catch(() => undefined);
      wait = Math.min(2 * wait, LONGEST_WAIT);
    }
  }
}

async function take(context: PollerContext, messages: readonly SqsMessage[]): Promise<void> {
  const { queue, read, keep, malformed, warn, stopping } = context;
  const events: NewEvent[] = [];
  const taken: SqsMessage[] = [];
  for (const message of messages) {
    try {
      events.push(...read(documentIn(message.body)));
      taken.push(message);
    } catch (error) {
      if (!isFerryError(error, 'bad-response')) throw error;
      warn('a message of the queue of events cannot be read', { message: message.id, error });
      await malformed();
    }
  }
  if (taken.length === 0) return;
  await keep(events);
  await queue.remove(taken, stopping);
}
