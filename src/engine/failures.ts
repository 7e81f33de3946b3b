/** What a failure of one object means for the rest. */
import { concernsWholeStore, FerryError } from '../model/errors.ts';
import type { BadName, ObjectEntry } from '../model/object.ts';
import { redactText } from '../observe/redact.ts';
import type { FailureRecord } from '../state/state-store.ts';

/** Every other object would fail alike: the run stops, its state is saved, and the remedy is told. */
export function stopsTheRun(error: FerryError): boolean {
  return concernsWholeStore(error) || FATAL.has(error.code);
}

const FATAL: ReadonlySet<FerryError['code']> = new Set(['disk-full', 'state', 'configuration']);

/** Another try later may help. */
export function mayPass(code: string): boolean {
  return TRANSIENT.has(code);
}

const TRANSIENT: ReadonlySet<string> = new Set([
  'throttled',
  'unavailable',
  'timeout',
  'network',
  'proxy',
  'short-read',
  'wrong-length',
  'wrong-checksum',
  'bad-response',
  'changed',
] satisfies FerryError['code'][]);

/** What to record of an entry that no key stands for: it is told and tried again like any failure. */
export function badNameError({ key }: ObjectEntry, { reason, remedy }: BadName, store: string): FerryError {
  return new FerryError('bad-key', {
    key,
    store,
    operation: 'list',
    message: `${JSON.stringify(key)}: ${reason}`,
    remedy,
  });
}

export function isBadName({ code, operation }: FailureRecord): boolean {
  return code === 'bad-key' && operation === 'list';
}

export function failureRecord(
  entry: Pick<ObjectEntry, 'key' | 'size'>,
  error: FerryError,
  at: number,
  attempts: number,
): FailureRecord {
  return {
    key: entry.key,
    operation: error.operation ?? 'move',
    code: error.code,
    // What a server answers goes into the message, and the record stays on disk.
    message: redactText(error.message),
    remedy: error.remedy,
    size: entry.size,
    at,
    attempts,
  };
}
