import { runTask } from '../../engine/run.ts';
import type { RunEvent, RunSummary } from '../../engine/progress.ts';
import type { Key } from '../../model/key.ts';
import type { TaskSpec } from '../../model/task.ts';
import type { Claim, KeyLedger } from '../../state/key-ledger.ts';
import type { StateStore } from '../../state/state-store.ts';
import type { ComposedStore } from '../../store/compose.ts';
import type { Brake } from './brake.ts';
import { accounted } from './certainty.ts';
import { guardedComposed } from './guarded.ts';

export interface BulkCopy {
  /** `taskName` of the bucket: `ferry status` shows it by this name. */
  readonly task: string;
  readonly spec: TaskSpec;
  readonly old: ComposedStore;
  readonly new: ComposedStore;
  readonly keys: KeyLedger;
  /** Whether the member whose keys these are has its lease, now. */
  readonly sure: () => boolean;
  readonly state: StateStore;
  readonly holder: string;
  /** Resolves when clients leave room for one object more. */
  readonly calm: () => Promise<void>;
  /** Brings the copy to rest before it is aborted. */
  readonly brake: Brake;
  readonly emit: (event: RunEvent) => void;
  readonly now: () => number;
  readonly random: () => number;
  readonly tmpdir: () => string;
}

export function taskName(bucket: string): string {
  return `migrate.${bucket}`;
}

/**
 * Copies what is left of a bucket by the bulk engine: in ranges, resumable, each object under the claim of its key and
 * never replacing. Aborted, it goes on where it stopped. Rejects with `task-running` where another process has the task, be
 * it one that stands still.
 */
export async function copyBucket(c: BulkCopy, signal: AbortSignal): Promise<RunSummary> {
  const { task, state, now } = c;
  const identity = ['migrate', c.old.info.identity, c.new.info.identity].join('\n');
  if ((await state.getTask(task)) === undefined)
    await state.createTask({ name: task, file: `# ${task} is run by ferry serve\n`, identity, createdAt: now() });
  await using lease = await state.lease(task, c.holder);
  /** Of the objects under way. */
  const claims = new Map<Key, Claim>();
  return await runTask({
    task,
    spec: c.spec,
    source: c.old,
    destination: guardedComposed(c.new, { sure: c.sure, inDoubt: (key) => claims.get(key)?.inDoubt() }),
    signal: AbortSignal.any([signal, lease.lost]),
    emit: c.emit,
    now,
    random: c.random,
    tmpdir: c.tmpdir,
    journal: await c.state.journal(lease),
    custody: async (key, stop, work) => {
      await c.calm();
      return await c.brake.run(stop, async () => {
        await using claim = await c.keys.claim(key, stop);
        if (claim.touched) return undefined;
        claims.set(key, claim);
        return await accounted(work(), claim).finally(() => claims.delete(key));
      });
    },
  });
}
