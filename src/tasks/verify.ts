/** Compares both sides of a task and writes a report that can be checked by others. */
import { join } from 'node:path';
import type { RunSummary } from '../engine/progress.ts';
import type { VerifyMode } from '../engine/verify.ts';
import { TASK_CHANNEL, Tracer, type TaskTrace } from '../observe/tracing.ts';
import { identityOf } from './identity.ts';
import { startRecording } from './recording.ts';
import type { TaskServices } from './services.ts';
import { engineContext, openEnds, recognised, type Caller, type FoundTask } from './task.ts';

export interface VerifyWork {
  readonly mode: VerifyMode;
  /** Copy again what is missing or differs. */
  readonly repair: boolean;
  /** Where the report goes; as the task says where absent. */
  readonly folder?: string | undefined;
  readonly evidence?: 'all' | 'differences' | 'none' | undefined;
}

/** As `runStored`. Needs no lease, unless it repairs a task that was run. */
export async function verifyTask(
  services: TaskServices,
  found: FoundTask,
  work: VerifyWork,
  caller: Caller,
): Promise<RunSummary> {
  const trace: TaskTrace = { task: found.name, what: 'verify' };
  return await new Tracer<TaskTrace>(TASK_CHANNEL).run(trace, async () => {
    const summary = await verify(services, found, work, caller);
    trace.outcome = summary.outcome;
    return summary;
  });
}

async function verify(
  services: TaskServices,
  found: FoundTask,
  { mode, repair, folder, evidence }: VerifyWork,
  caller: Caller,
): Promise<RunSummary> {
  const { now } = services;
  await using stores = await openEnds(services, found.spec);
  const task = await recognised(services, found, stores);
  const stored = repair && task.record?.identity === identityOf(task.spec, stores);
  // Who repairs a task works on it: no run goes on meanwhile.
  const state = stored ? await services.state() : undefined;
  await using lease = await state?.lease(task.name, services.holder);
  const signal = lease ? AbortSignal.any([caller.signal, lease.lost]) : caller.signal;
  const journal = lease && (await state!.journal(lease));
  const stamp = new Date(now()).toISOString().replace(/[-:]|\.\d+/g, '');
  const { recorder, emit } = await startRecording(services, stores, caller, {
    folder: folder ?? task.spec.report.path ?? join(services.home, 'reports', task.name, `verify-${stamp}`),
    kind: 'verification',
    task: task.name,
    mode: repair ? `${mode}, with repair` : mode,
    evidence: evidence ?? task.spec.report.evidence,
  });
  const base = engineContext(services, task, stores, { ...caller, emit });
  const summary = await services.engine.verify({ ...base, signal, mode, repair, evidence: recorder, journal });
  const { json, html, head } = await recorder.finish(summary, []);
  const proof = { ...recorder.proof, head };
  const reported: RunSummary = { ...summary, kind: 'verification', report: { json, html }, proof };
  caller.emit({ type: 'summary', summary: reported });
  return reported;
}
