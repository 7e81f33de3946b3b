/** From what a source sends to the events of its store. */
import { isFerryError } from '../../model/errors.ts';
import type { EventSourceRecord, NewEvent } from '../../state/control/event-book.ts';
import { parseS3Notification } from '../../wire/s3/notification.ts';
import { parseSns } from './sns.ts';
import type { StorePlace } from './stores.ts';

/** The events that concern the store. Throws `bad-response` where the document is none. */
export function eventsOf(
  document: Uint8Array,
  { prefix }: Pick<EventSourceRecord, 'prefix'>,
  place: StorePlace,
): readonly NewEvent[] {
  const wanted = place.prefix + prefix;
  return parseS3Notification(document).flatMap(({ change, bucket, key, sequencer = '' }) => {
    const ours = (place.bucket === undefined || bucket === place.bucket) && key.startsWith(wanted);
    if (!ours || change === 'other' || key.length === place.prefix.length) return [];
    return [{ key: key.slice(place.prefix.length), change, sequencer }];
  });
}

/** The document in the body of a queue's message: itself, or in an envelope of SNS, whom the queue's policy trusts. */
export function documentIn(body: string): Uint8Array {
  const bytes = Buffer.from(body, 'utf8');
  try {
    return Buffer.from(parseSns(bytes).Message, 'utf8');
  } catch (error) {
    if (isFerryError(error, 'bad-response')) return bytes;
    throw error;
  }
}
