/**
 * JSON lines for machines: one object a line on standard output, each with `type` and `version`.
 *
 * The version grows when a field changes its meaning or goes. New types and fields may come at any time. Times are
 * ISO 8601 in UTC, durations milliseconds, sizes bytes, speeds per second.
 */
import type { RunEvent } from '../../engine/progress.ts';
import { inspect } from 'node:util';
import { FerryError } from '../../model/errors.ts';
import type { Printer } from './printer.ts';
import type { Io } from './terminal-io.ts';

export const JSON_VERSION = 1;

export class JsonPrinter implements Printer {
  readonly #io: Io;
  readonly #now: () => number;

  constructor(io: Io, now: () => number) {
    this.#io = io;
    this.#now = now;
  }

  event(event: RunEvent): void {
    this.#io.stdout.write(jsonLine(event.type, { time: new Date(this.#now()).toISOString(), ...flat(event) }));
  }

  message(text: string): void {
    this.event({ type: 'notice', message: text });
  }

  end(): void {
    // Lines need no cleaning up.
  }
}

/** One line, ended; errors in it become objects without their stack. */
export function jsonLine(type: string, fields: object): string {
  return `${JSON.stringify({ type, version: JSON_VERSION, ...fields }, (_, value: unknown) =>
    value instanceof FerryError ? errorFields(value) : value,
  )}\n`;
}

export function errorFields(error: FerryError): Record<string, unknown> {
  const { code, message, operation, store, key, status, retryable, remedy } = error;
  const causes = causesOf(error);
  return {
    code,
    message,
    operation,
    store,
    key,
    status,
    retryable,
    causes: causes.length > 0 ? causes : undefined,
    remedy,
  };
}

/** Messages of what lies beneath, outermost first; at most four. */
export function causesOf(error: FerryError): readonly string[] {
  const causes: string[] = [];
  let cause: unknown = error.cause;
  while (cause !== undefined && cause !== null && causes.length < 4) {
    const text =
      cause instanceof Error ? cause.message.trim() : typeof cause === 'string' ? cause : inspect(cause, { depth: 1 });
    if (text !== '' && text !== error.message && !causes.includes(text)) causes.push(text);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return causes;
}

function flat(event: RunEvent): object {
  switch (event.type) {
    case 'progress':
      return event.progress;
    case 'difference':
      return event.difference;
    case 'summary':
      return event.summary;
    case 'started':
    case 'notice':
    case 'irregular':
    case 'failed':
      return event;
  }
}
