/** Exit codes, in one place: help, reference and tests read this table. */
import type { FerryError } from '../model/errors.ts';
import type { RunSummary } from '../engine/progress.ts';

export const EXIT_CODES = {
  ok: { code: 0, meaning: 'All well.' },
  failed: { code: 1, meaning: 'Failed; the message says why and what to do.' },
  usage: { code: 2, meaning: 'The command line, the task file or the configuration is wrong; nothing was done.' },
  objects: { code: 3, meaning: 'Finished, but some objects failed; `ferry failures NAME` lists them.' },
  differences: { code: 4, meaning: 'The two sides differ, or a report and its evidence.' },
  temporary: {
    code: 75,
    meaning: 'Cannot work now (store unavailable, task runs elsewhere); the same command later may.',
  },
  interrupted: { code: 130, meaning: 'Interrupted; state is saved, and the same command goes on.' },
} as const satisfies Record<string, { code: number; meaning: string }>;

export type ExitName = keyof typeof EXIT_CODES;

export function exitOfError(error: FerryError): ExitName {
  if (error.code === 'interrupted') return 'interrupted';
  if (error.kind === 'configuration') return 'usage';
  if (error.retryable !== 'never' && (error.kind === 'busy' || error.kind === 'network')) return 'temporary';
  return 'failed';
}

export function exitOfSummary(summary: RunSummary): ExitName {
  switch (summary.outcome) {
    case 'finished':
      return 'ok';
    case 'finished-with-failures':
      return 'objects';
    case 'differences':
      return 'differences';
    case 'interrupted':
      return 'interrupted';
    case 'failed':
      return summary.error ? exitOfError(summary.error) : 'failed';
  }
}
