import type { RunEvent } from '../engine/progress.ts';
import type { Log } from '../observe/log.ts';

/** What of a run goes into the log: everything but progress. */
export function logEvent(log: Log, event: RunEvent): void {
  switch (event.type) {
    case 'started':
      log.info(event.resumed ? 'run goes on' : 'run starts', event);
      break;
    case 'notice':
      log.warn(event.message, { remedy: event.remedy });
      break;
    case 'irregular':
      log.warn('left out: no regular file', { key: event.key, reason: event.reason });
      break;
    case 'failed':
      log.error('object failed', { key: event.key, error: event.error });
      break;
    case 'difference':
      log.warn('object differs', { ...event.difference });
      break;
    case 'summary':
      log.info('run ends', { ...event.summary });
      break;
    case 'progress':
      break;
  }
}
