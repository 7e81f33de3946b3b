import type { NewDelivery } from '../../state/control/callback-book.ts';
import type { JobRecord } from '../../state/control/job-book.ts';
import type { StateStore } from '../../state/state-store.ts';
import { jobJson } from './routes.ts';

/** What the callback URL of a job is told; undefined where it has none. */
export async function jobNotice(
  job: JobRecord,
  what: 'started' | 'progress' | 'ended',
  state: StateStore,
  now: number,
): Promise<NewDelivery | undefined> {
  if (job.callbackUrl === undefined) return undefined;
  const event = `job.${what}`;
  const body = JSON.stringify({ event, at: now, job: await jobJson(job, state) });
  // Of progress that nobody has heard of yet the newest is enough.
  return { subject: job.id, event, url: job.callbackUrl, body, createdAt: now, replaces: what === 'progress' };
}
