/**
 * What there is for who traces: channels of `node:diagnostics_channel` that tell of requests and of work on tasks, as
 * `ferry:store` (`store/layers/trace.ts`) does of calls of stores. They cost nothing while nobody listens.
 */
import { tracingChannel } from 'node:diagnostics_channel';

/** Requests of clients of the gateway and of the API, until their answers begin: `RequestTrace`s. */
export const REQUEST_CHANNEL = 'ferry:request';
/** Runs and verifications of tasks: `TaskTrace`s. */
export const TASK_CHANNEL = 'ferry:task';

export interface RequestTrace {
  readonly server: 'gateway' | 'api';
  readonly method: string;
  /** As the client sent it, where it is one (W3C Trace Context). */
  readonly traceparent: string | undefined;
  /** Known at the end: of the API the `operationId`, of the gateway the operation of S3. */
  operation?: string | undefined;
  status?: number | undefined;
}

export interface TaskTrace {
  readonly task: string;
  readonly what: 'run' | 'retry' | 'verify';
  /** Known at the end, where it came to one. */
  outcome?: string | undefined;
}

/** Does the work, and tells those who listen of its start and end; `trace` is what they are told, and may be added to. */
export class Tracer<Trace extends object> {
  readonly #channel;

  constructor(name: string) {
    this.#channel = tracingChannel<'store', Trace>(name);
  }

  run<T>(trace: Trace, work: () => Promise<T>): Promise<T> {
    return this.#channel.hasSubscribers ? this.#channel.tracePromise(work, trace) : work();
  }
}

/** The trace a `traceparent` header is of; undefined where it is none (https://www.w3.org/TR/trace-context/). */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  const [, version, trace, parent, more] =
    /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-[\da-f]{2}(-.*)?$/.exec(traceparent ?? '') ?? [];
  if (trace === undefined || version === 'ff' || /^0+$/.test(trace) || /^0+$/.test(parent!)) return undefined;
  // Only later versions may have more.
  if (version === '00' && more !== undefined) return undefined;
  return trace;
}
