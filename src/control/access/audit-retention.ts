/** Forgets entries of the audit log that are older than they are kept. */
import type { Log } from '../../observe/log.ts';
import type { AuditBook } from '../../state/control/audit-book.ts';
import type { Clock } from '../../store/clock.ts';

/** Milliseconds between two looks. */
const EVERY = 3_600_000;
/** Entries at once; others come in between. */
const STEP = 10_000;

export interface AuditRetentionOptions {
  readonly book: AuditBook;
  /** Milliseconds an entry is kept; undefined for ever. */
  readonly keep: number | undefined;
  readonly clock: Clock;
  readonly now: () => number;
  readonly log: Log;
}

/** Looks now and every hour, until it is disposed of. */
export function forgetOldAudit({ book, keep, clock, now, log }: AuditRetentionOptions): Disposable {
  if (keep === undefined) return { [Symbol.dispose]: () => undefined };
  let stopped = false;
  const look = async (): Promise<void> => {
    let count = 0;
    for (let step = STEP; step === STEP && !stopped; count += step) step = await book.forgetBefore(now() - keep, STEP);
    if (count > 0) log.info('old entries of the audit log are forgotten', { entries: count });
  };
  const tried = (): void =>
    void look().catch((error: unknown) => log.warn('old entries of the audit log could not be forgotten', { error }));
  const noMore = clock.every(EVERY, tried);
  tried();
  return {
    [Symbol.dispose]: () => {
      stopped = true;
      noMore();
    },
  };
}
