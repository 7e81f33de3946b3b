import type { AccessEntry } from '../gateway/gateway.ts';
import type { Log } from '../observe/log.ts';

/** One line of the log for every request that failed here; the others only where everything is wanted. */
export function logAccess(log: Log, entry: AccessEntry): void {
  const { error, traceId, ...told } = entry;
  const about = { ...told, ...(traceId !== undefined && { trace_id: traceId }) };
  if (error !== undefined && error.status >= 500)
    log.warn('request failed', { ...about, code: error.code, error: error.cause ?? error });
  else if (log.wants('debug')) log.debug('request', { ...about, code: error?.code });
}
