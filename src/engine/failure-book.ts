/**
 * Recorded failures and their counter, kept in step.
 *
 * A failure is recorded at once, its count waits with the position of its range: who was killed in between left a record
 * of an object that is met again.
 */
import { compareKeys, type Key } from '../model/key.ts';
import type { FailureRecord, RangeRecord, TaskJournal } from '../state/state-store.ts';
import type { Checkpointer } from './checkpointer.ts';

type Failures = Pick<TaskJournal, 'failures'>;

const PAGE = 500;

/** All of them in key order, so many at once; those recorded meanwhile may be among them. */
export async function* failurePages(journal: Failures): AsyncGenerator<readonly FailureRecord[]> {
  let after: string | undefined;
  for (;;) {
    const page = await journal.failures({ limit: PAGE, ...(after === undefined ? {} : { after }) });
    if (page.length === 0) return;
    yield page;
    after = page.at(-1)!.key;
  }
}

/** Before a pass goes on: what it will meet again is no failure yet, and the counter tells the others. */
export async function forgetAhead(
  journal: Pick<TaskJournal, 'failures' | 'withdraw'>,
  checkpointer: Checkpointer,
  open: readonly RangeRecord[],
): Promise<void> {
  let behind = 0;
  for await (const page of failurePages(journal)) {
    const ahead = page.filter(({ key }) => open.some((range) => isAhead(key, range)));
    if (ahead.length > 0) await journal.withdraw(ahead.map(({ key }) => key));
    behind += page.length - ahead.length;
  }
  checkpointer.settled.failed = behind;
}

/** At the end: as many failed as are recorded, however often one of them was met. */
export async function recount(journal: Failures, checkpointer: Checkpointer): Promise<void> {
  await checkpointer.write();
  let failed = 0;
  for await (const page of failurePages(journal)) failed += page.length;
  checkpointer.settled.failed = failed;
}

function isAhead(key: Key, { after, through, position }: RangeRecord): boolean {
  const from = position ?? after;
  return (from === null || compareKeys(key, from) > 0) && (through === null || compareKeys(key, through) <= 0);
}
