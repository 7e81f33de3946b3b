/** A bucket that is being moved, as the API tells of it. */
import * as z from 'zod';
import { CONDUCTING } from '../../gateway/migrate/conductor.ts';
import { FINDING_KINDS } from '../../gateway/migrate/facts.ts';
import { STEPS, type Check, type MigrationStatus, type Step } from '../../gateway/migrate/desk.ts';
import type { RunningMigration } from '../../gateway/serve.ts';
import { MIGRATION_PHASES, ROUTING } from '../../model/migration-phase.ts';
import type { LedgerCounts } from '../../state/key-ledger.ts';
import type { TaskRecord } from '../../state/state-store.ts';

/** Ranges of the copy, and findings of a comparison, that are told. */
const MOST_TOLD = 100;

const CHECK = z.object({
  what: z.string(),
  ok: z.boolean(),
  detail: z.string().describe('What was found, and what to do about it.'),
});

const NEXT = z.object({
  step: z.enum(STEPS),
  allowed: z.boolean().describe('Every check holds.'),
  checks: z.array(CHECK),
});

const RANGE = z.object({
  after: z.string().nullable().describe('Keys behind this one; from the first where null.'),
  through: z.string().nullable().describe('Up to and with this one; to the last where null.'),
  position: z.string().nullable().describe('Everything up to and with this key is dealt with.'),
  state: z.enum(['active', 'waiting']),
});

export const MIGRATION = z.object({
  name: z.string().describe('Of the bucket.'),
  tenant: z.string(),
  phase: z.enum(MIGRATION_PHASES),
  since: z.number().describe('When it came into this phase.'),
  epoch: z.int().describe('Grows with each change of the phase.'),
  paused: z.boolean().describe('The copy, the comparison and write-back rest; requests go where they went.'),
  from: z.string(),
  to: z.string(),
  writeBack: z.boolean(),
  requests: z
    .object({ reads: z.enum(['old', 'both', 'new']), mutations: z.enum(['old', 'held', 'recorded', 'new']) })
    .describe('Where requests of clients go in this phase; `recorded` changes go to the new side and are noted.'),
  gateways: z.array(
    z.object({ id: z.string(), name: z.string(), acknowledged: z.int().describe('Epoch it serves under.') }),
  ),
  counts: z.object({
    objects: z.number().describe('Listed on the old side so far.'),
    bytes: z.number().describe('Of these.'),
    moved: z.number(),
    movedBytes: z.number(),
    skipped: z.number().describe('The new side had them: clients wrote them.'),
    failed: z.number(),
    touched: z.number().describe('Keys clients deleted, or completed late.'),
    dirty: z.number().describe('Keys to be written back.'),
    intents: z.number().describe('Of clients and of the copy, that stand now.'),
    claims: z.number(),
    writes: z.number(),
  }),
  copy: z
    .object({
      running: z.boolean(),
      done: z.boolean(),
      copied: z
        .object({
          at: z.number(),
          listed: z.number(),
          listedBytes: z.number(),
          copied: z.number(),
          copiedBytes: z.number(),
          skipped: z.number(),
        })
        .optional()
        .describe('Once everything is.'),
      state: z.enum(['created', 'running', 'interrupted', 'finished', 'failed']),
      passes: z.number(),
      counters: z.record(z.string(), z.number()).describe('As those of a task.'),
      openRanges: z.number(),
    })
    .optional()
    .describe('Absent before the copy began.'),
  ranges: z.array(RANGE).optional().describe(`Of the copy, those that are not done; the first ${MOST_TOLD}.`),
  reads: z
    .object({ new: z.number(), old: z.number() })
    .describe('Reads of clients that this process served, by the side that had what was read.'),
  writes: z
    .object({
      openOnOld: z.number().describe('Changes in flight on the old side.'),
      oldest: z.number().optional().describe('When the oldest of them began.'),
      changes: z
        .array(z.object({ id: z.string(), key: z.string(), operation: z.string(), started: z.number() }))
        .describe('The first hundred of them.'),
      unaccounted: z.number().describe('While it is switched: gateways that have not told what they have in flight.'),
    })
    .describe('The write monitor.'),
  lag: z.object({
    keys: z.number().describe('Not written back yet.'),
    oldest: z.number().optional().describe('Since when the oldest of them waits.'),
  }),
  verified: z
    .object({
      at: z.number(),
      objects: z.number(),
      bytes: z.number(),
      aside: z.number().describe('Objects clients changed since the switch: there is nothing to compare them with.'),
      found: z.number().describe('Differences.'),
      open: z.number().describe('Those of them that were not repaired.'),
      findings: z.array(z.object({ key: z.string(), kind: z.enum(FINDING_KINDS), repaired: z.boolean() })),
    })
    .optional()
    .describe('The last comparison.'),
  foreign: z
    .object({
      count: z.number(),
      keys: z.array(z.object({ key: z.string(), event: z.string(), time: z.number() })),
      received: z.number(),
      last: z.number().optional().describe('When the last notice came.'),
      waiting: z.number(),
      dropped: z.number(),
    })
    .optional()
    .describe('Keys written past the gateways, as the old side tells; absent where it is not listened to.'),
  problem: z.object({ at: z.number(), message: z.string() }).optional().describe('What stands in the way now.'),
  steps: z.array(z.enum(STEPS)).describe('Steps that follow from this phase.'),
  next: z.array(NEXT).optional().describe('The same with their checklists; only where one migration is asked for.'),
});

export type Migration = z.output<typeof MIGRATION>;

/** Without `next`. */
export async function toldOf(running: RunningMigration): Promise<Migration> {
  return told(running, await running.desk.status());
}

/** Looks at both sides for the checklists. */
export async function toldWithChecks(running: RunningMigration): Promise<Migration> {
  const migration = await toldOf(running);
  const next = await Promise.all(migration.steps.map((step) => checked(running, step)));
  return { ...migration, next };
}

async function checked({ desk }: RunningMigration, step: Step): Promise<z.output<typeof NEXT>> {
  const checks = await desk.readiness(step);
  return { step, allowed: checks.every(({ ok }) => ok), checks: checks.map(plain) };
}

function plain({ what, ok, detail }: Check): z.output<typeof CHECK> {
  return { what, ok, detail };
}

function told(running: RunningMigration, status: MigrationStatus): Migration {
  const { name, tenant, from, to, reads, desk } = running;
  const { phase, since, epoch, paused, writeBack, copy, copied, keys, members, inFlightOnOld, problem } = status;
  const live = members.filter((member) => member.live && !member.name.endsWith(CONDUCTING));
  const { known, unaccounted } = inFlightOnOld;
  const begun = known.map(({ started }) => started);
  const { reads: read, mutations } = ROUTING[phase];
  return {
    name,
    tenant,
    phase,
    since,
    epoch,
    paused,
    from,
    to,
    writeBack,
    requests: { reads: read, mutations },
    gateways: live.map(({ id, name: gateway, acknowledged }) => ({ id, name: gateway, acknowledged })),
    counts: { ...counted(copy), ...standing(keys) },
    copy: copy && {
      running: copy.state === 'running' && copy.holder !== undefined,
      done: copied !== undefined,
      copied,
      state: copy.state,
      passes: copy.passes,
      counters: { ...copy.counters },
      openRanges: status.position?.count ?? 0,
    },
    ranges: status.position?.ranges.slice(0, MOST_TOLD).map(({ after, through, position }) => ({
      after,
      through,
      position,
      state: position === null ? ('waiting' as const) : ('active' as const),
    })),
    reads: { new: reads.new, old: reads.old },
    writes: {
      openOnOld: known.length,
      oldest: begun.length === 0 ? undefined : begun.reduce((a, b) => Math.min(a, b)),
      changes: known.slice(0, MOST_TOLD).map(({ id, key, operation, started }) => ({ id, key, operation, started })),
      unaccounted: phase === 'switching' || phase === 'pending' ? unaccounted : 0,
    },
    lag: { keys: keys.dirty, oldest: keys.oldestDirty },
    verified: status.verified && { ...status.verified, findings: status.verified.findings.slice(0, MOST_TOLD) },
    foreign: foreignOf(status),
    problem,
    steps: desk.following(phase),
  };
}

type Standing = Pick<Migration['counts'], 'touched' | 'dirty' | 'intents' | 'claims' | 'writes'>;

function standing({ touched, dirty, intents, claims, writes }: LedgerCounts): Standing {
  return { touched, dirty, intents, claims, writes };
}

function counted(copy: TaskRecord | undefined): Omit<Migration['counts'], keyof Standing> {
  if (copy === undefined) return { objects: 0, bytes: 0, moved: 0, movedBytes: 0, skipped: 0, failed: 0 };
  const { listed, listedBytes, copied, copiedBytes, skipped, failed } = copy.counters;
  return { objects: listed, bytes: listedBytes, moved: copied, movedBytes: copiedBytes, skipped, failed };
}

function foreignOf({ notices }: MigrationStatus): Migration['foreign'] {
  if (notices === undefined) return undefined;
  const { past, keys, received, last, waiting, dropped } = notices;
  const shown = keys.slice(0, MOST_TOLD).map(({ key, event, time }) => ({ key, event, time }));
  return { count: past, keys: shown, received, last, waiting, dropped };
}
