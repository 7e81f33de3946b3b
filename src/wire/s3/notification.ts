/**
 * What a store tells of changes to its objects, as S3 event notifications have it: the document that AWS, MinIO and Ceph
 * send, whichever way it comes (posted, in an envelope, from a queue).
 *
 * The document comes from outside: everything that is read is checked, and one that is wrong anywhere is refused whole.
 * Members nobody here knows are passed over, as the source asks for. Source: "Event message structure", Amazon S3 User
 * Guide; for MinIO its documentation of bucket notifications; for Ceph what 16.2.15 was seen to send.
 */
import { FerryError } from '../../model/errors.ts';
import { keyBytes, type Key } from '../../model/key.ts';

export interface ObjectEvent {
  /** Without `s3:`, which MinIO writes before it: `ObjectCreated:Put`. */
  readonly name: string;
  /** What it did to the bytes of the object; `other` for what leaves them as they are, and for what is not known. */
  readonly change: 'created' | 'removed' | 'other';
  readonly bucket: string;
  /** Of the object in its bucket, decoded. */
  readonly key: Key;
  /** By the store's clock, milliseconds since the Unix epoch. */
  readonly time: number | undefined;
  /** Orders the events of one key: hexadecimal, the later the greater; of different lengths where zeros in front are left out. */
  readonly sequencer: string | undefined;
  /** Without quotes. */
  readonly etag: string | undefined;
  /** Bytes. */
  readonly size: number | undefined;
}

/** Largest document, bytes. AWS sends at most 256 KiB; Ceph puts the metadata of the object into it. */
export const LARGEST_NOTIFICATION = 1024 * 1024;
/** Events of one document. */
const MOST_EVENTS = 1000;
const LONGEST_KEY = 1024;

/**
 * The events of a document, in its order; none for the one that AWS sends to try a configuration. Rejects with
 * `bad-response`, which says what is wrong with it.
 */
export function parseS3Notification(document: Uint8Array): readonly ObjectEvent[] {
  if (document.length > LARGEST_NOTIFICATION) throw malformed('it is larger than a notification may be');
  const top = record(parsed(document), 'it');
  if (top['Records'] === undefined && top['Event'] === 's3:TestEvent') return [];
  const records = top['Records'];
  if (!Array.isArray(records)) throw malformed('it has no Records');
  if (records.length > MOST_EVENTS) throw malformed(`it has more than ${MOST_EVENTS} Records`);
  return records.map((each: unknown, i) => eventOf(record(each, `record ${i + 1}`), `record ${i + 1}`));
}

type Members = Readonly<Record<string, unknown>>;

function parsed(document: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(document));
  } catch (cause) {
    throw malformed('it is no JSON in UTF-8', cause);
  }
}

function eventOf(event: Members, where: string): ObjectEvent {
  // "Consumers should do an equality comparison on the major version."
  const version = text(event, 'eventVersion', where, 16);
  if (version !== undefined && !/^2\.\d+$/.test(version)) throw malformed(`${where} is of another version than 2`);
  const name = required(text(event, 'eventName', where, 128), 'eventName', where).replace(/^s3:/, '');
  if (!/^[A-Za-z]+(:[A-Za-z]+)*$/.test(name)) throw malformed(`${where} has no name of an event`);
  const s3 = record(event['s3'], `s3 of ${where}`);
  const object = record(s3['object'], `object of ${where}`);
  const bucket = text(record(s3['bucket'], `bucket of ${where}`), 'name', where, 255);
  const { size } = object;
  if (size !== undefined && size !== null && (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0))
    throw malformed(`${where} has a size that is none`);
  const source = text(event, 'eventSource', where, 64);
  const time = timeOf(text(event, 'eventTime', where, 64), where);
  const sequencer = sequencerOf(text(object, 'sequencer', where, 64), where);
  return {
    name,
    change: changeOf(name),
    bucket: required(bucket, 'bucket.name', where),
    key: keyOf(object, source, where),
    time,
    sequencer: source === 'ceph:s3' ? cephSequencer(sequencer, time) : sequencer,
    etag: text(object, 'eTag', where, 1024)?.replace(/^"(.*)"$/, '$1') || undefined,
    size: typeof size === 'number' ? size : undefined,
  };
}

function changeOf(name: string): ObjectEvent['change'] {
  if (name.startsWith('ObjectCreated:')) return 'created';
  const removed = /^(ObjectRemoved|LifecycleExpiration|ObjectLifecycle:Expiration):/.test(name);
  return removed ? 'removed' : 'other';
}

/** AWS and MinIO encode it as forms do (a space is a plus); Ceph sends it as it is (16.2.15). */
function keyOf(object: Members, source: string | undefined, where: string): Key {
  const told = required(text(object, 'key', where, 3 * LONGEST_KEY), 'object.key', where);
  const key = source === 'ceph:s3' ? told : decoded(told, where);
  if (!key.isWellFormed()) throw malformed(`the key of ${where} is no Unicode text`);
  if (keyBytes(key) > LONGEST_KEY) throw malformed(`the key of ${where} is longer than ${LONGEST_KEY} bytes`);
  return key;
}

function decoded(key: string, where: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch (cause) {
    throw malformed(`the key of ${where} is wrongly encoded`, cause);
  }
}

function timeOf(time: string | undefined, where: string): number | undefined {
  if (time === undefined) return undefined;
  const milliseconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(time) ? Date.parse(time) : NaN;
  if (Number.isNaN(milliseconds)) throw malformed(`${where} has a time that is none`);
  return milliseconds;
}

function sequencerOf(sequencer: string | undefined, where: string): string | undefined {
  if (sequencer === undefined || sequencer === '') return undefined;
  if (!/^[0-9A-Fa-f]+$/.test(sequencer)) throw malformed(`${where} has a sequencer that is none`);
  return sequencer;
}

/**
 * Ceph writes its time as it lies in memory, seconds and nanoseconds in 32 bits each (16.2.15, on x86-64): the least byte
 * comes first, so that as text a later one is as often the smaller. Turned round, unless as it stands it is nearer to `time`.
 */
function cephSequencer(sequencer: string | undefined, time: number | undefined): string | undefined {
  if (sequencer === undefined || !/^[0-9A-Fa-f]{16}$/.test(sequencer)) return sequencer;
  const turned = Buffer.from(sequencer, 'hex').swap32().toString('hex');
  const distance = (hex: string): number => Math.abs(Number.parseInt(hex.slice(0, 8), 16) * 1000 - time!);
  return time !== undefined && distance(sequencer) < distance(turned) ? sequencer : turned;
}

function record(value: unknown, where: string): Members {
  if (!isMembers(value)) throw malformed(`${where} is no object`);
  return value;
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined where it is absent or null. `longest`: in UTF-16 units. */
function text(from: Members, name: string, where: string, longest: number): string | undefined {
  const value = from[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw malformed(`${name} of ${where} is no text`);
  if (value.length > longest) throw malformed(`${name} of ${where} is too long`);
  return value;
}

function required(value: string | undefined, name: string, where: string): string {
  if (value === undefined || value === '') throw malformed(`${where} has no ${name}`);
  return value;
}

function malformed(why: string, cause?: unknown): FerryError {
  return new FerryError('bad-response', { message: `This is no S3 event notification: ${why}`, cause });
}
