/** The desk of a bucket's move at a server. */
import * as z from 'zod';
import { MIGRATION, type Migration } from '../../control/migrations/resource.ts';
import type { Check, Desk, MigrationStatus, Step } from '../../gateway/migrate/desk.ts';
import { NO_COUNTERS, type TaskRecord } from '../../state/state-store.ts';
import type { ApiClient } from './api-client.ts';

/** What `ferry migrate` needs of a desk. */
export type AnyDesk = Pick<Desk, 'status' | 'readiness' | 'pause' | 'resume'> & { take(step: Step): Promise<unknown> };

/** Of one bucket, or of all. Rejects with `configuration` where there is none of this name. */
export async function remoteDesks(server: ApiClient, name: string | undefined): Promise<readonly AnyDesk[]> {
  const { items } = await server.get('/v1/migrations', z.object({ items: z.array(MIGRATION) }));
  return items.filter((each) => name === undefined || each.name === name).map((each) => remoteDesk(server, each.name));
}

function remoteDesk(server: ApiClient, name: string): AnyDesk {
  const path = `/v1/migrations/${encodeURIComponent(name)}`;
  return {
    status: async () => statusOf(await server.get(path, MIGRATION)),
    async readiness(step): Promise<readonly Check[]> {
      const { next = [], phase } = await server.get(path, MIGRATION);
      const known = next.find((each) => each.step === step)?.checks;
      return known ?? [{ what: 'the step follows', ok: false, detail: `the bucket is ${phase}` }];
    },
    take: (step) => server.post(`${path}/${step}`, undefined, MIGRATION),
    pause: async () => void (await server.post(`${path}/pause`, undefined, MIGRATION)),
    resume: async () => void (await server.post(`${path}/resume`, undefined, MIGRATION)),
  };
}

function statusOf(told: Migration): MigrationStatus {
  const { name, tenant, epoch, phase, since, paused, writeBack, gateways, counts, lag, writes, copy, problem } = told;
  const { touched, dirty, intents, claims, writes: standing } = counts;
  const ranges = (told.ranges ?? []).map(({ after, through, position }) => ({ after, through, position, done: false }));
  return {
    name,
    tenant,
    epoch,
    phase,
    since,
    paused,
    writeBack,
    members: gateways.map((each) => ({ ...each, live: true })),
    inFlightOnOld: { known: writes.changes, unaccounted: writes.unaccounted },
    keys: { touched, dirty, oldestDirty: lag.oldest, intents, claims, writes: standing },
    copy: copy && recordOf(name, copy),
    position: copy && { ranges, count: copy.openRanges },
    copied: copy?.copied,
    verified: told.verified,
    problem,
    notices: told.foreign && { ...told.foreign, past: told.foreign.count, last: told.foreign.last },
  };
}

function recordOf(name: string, { state, passes, counters, running }: NonNullable<Migration['copy']>): TaskRecord {
  return {
    name,
    file: '',
    identity: '',
    createdAt: 0,
    state,
    passes,
    counters: { ...NO_COUNTERS, ...counters },
    holder: running ? 'there' : undefined,
  };
}
