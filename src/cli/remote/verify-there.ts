/** `ferry verify` at a server: both sides are compared there, and the report stays there. */
import * as z from 'zod';
import { TASK, type ToldTask } from '../../control/tasks/resource.ts';
import type { RunEvent, RunSummary } from '../../engine/progress.ts';
import type { VerifyMode } from '../../engine/verify.ts';
import type { CommandContext } from '../context.ts';
import type { ExitName } from '../exit-codes.ts';
import type { ApiClient } from './api-client.ts';
import { follow, summaryOfRun } from './follow.ts';
import { taskPath } from './remote-tasks.ts';

export async function verifyThere(
  context: CommandContext,
  server: ApiClient,
  name: string,
  how: { readonly mode: VerifyMode; readonly repair: boolean },
): Promise<ExitName> {
  const begin = (): Promise<ToldTask> => server.post(`${taskPath(name)}/verify`, how, TASK);
  return await follow(context, server, name, begin, {
    summaryOf: (task, emit) => summaryOfVerification(server, task, emit),
  });
}

const REPORTS = z.object({ items: z.array(z.object({ kind: z.string(), json: z.string(), html: z.string() })) });
const KINDS = ['missing', 'extra', 'size', 'checksum', 'metadata', 'unverified', 'unreadable'] as const;
const TEXT = z.string().optional();
const REPORT = z.object({
  summary: z.object({ counters: TASK.shape.counters, elapsed: z.number(), bytesMoved: z.number() }),
  methods: z.record(z.string(), z.number()),
  differences: z.object({
    byKind: z.partialRecord(z.enum(KINDS), z.number()),
    first: z.array(
      z.object({
        key: z.string(),
        kind: z.enum(KINDS),
        fields: z.array(z.string()).optional(),
        source: TEXT,
        destination: TEXT,
        detail: TEXT,
        repaired: z.boolean().optional(),
      }),
    ),
  }),
  evidence: z.object({ head: z.string() }).optional(),
});

/** What it found is in its report, where it came to one: the first 1,000 differences, and how many there are. */
async function summaryOfVerification(
  server: ApiClient,
  task: ToldTask,
  emit: (event: RunEvent) => void,
): Promise<RunSummary> {
  const told: RunSummary = { ...summaryOfRun(task), kind: 'verification' };
  if (told.outcome !== 'finished' && told.outcome !== 'differences') return told;
  const { items } = await server.get(`${taskPath(task.name)}/reports`, REPORTS);
  const newest = items.find(({ kind }) => kind === 'verification');
  if (newest === undefined) return told;
  const { summary, methods, differences, evidence } = await server.get(newest.json, REPORT);
  for (const difference of differences.first) emit({ type: 'difference', difference });
  return {
    ...told,
    ...summary,
    proof: { methods, differences: differences.byKind, head: evidence?.head },
    report: { json: server.url + newest.json, html: server.url + newest.html },
  };
}
