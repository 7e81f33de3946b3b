/** Runs a task, or tries only its failures again. */
import { join } from 'node:path';
import type { RunSummary } from '../engine/progress.ts';
import type { TaskSpec } from '../model/task.ts';
import { TASK_CHANNEL, Tracer, type TaskTrace } from '../observe/tracing.ts';
import type { FailureRecord } from '../state/state-store.ts';
import { identityOf, takeUp } from './identity.ts';
import { startRecording } from './recording.ts';
import { selectionOf, settledBaseline } from './selection.ts';
import type { TaskServices } from './services.ts';
import { engineContext, openEnds, type Caller, type FoundTask } from './task.ts';

export type RunWork =
  | { readonly what: 'run' }
  /** All of them where nothing is said of which. */
  | { readonly what: 'retry'; readonly wanted?: ((failure: FailureRecord) => boolean) | undefined };

/** Where the report of a run goes. */
export function runFolder(home: string, name: string, { report }: Pick<TaskSpec, 'report'>): string {
  return join(report.path ?? join(home, 'reports', name), 'run');
}

/**
 * Works on the task under its lease and writes its report. The caller is told every event; the summary comes last and
 * names the report. What went wrong with the run is in the summary; rejects where it could not begin.
 */
export async function runStored(
  services: TaskServices,
  task: FoundTask,
  work: RunWork,
  caller: Caller,
): Promise<RunSummary> {
  const trace: TaskTrace = { task: task.name, what: work.what };
  return await new Tracer<TaskTrace>(TASK_CHANNEL).run(trace, async () => {
    const summary = await run(services, task, work, caller);
    trace.outcome = summary.outcome;
    return summary;
  });
}

async function run(services: TaskServices, task: FoundTask, work: RunWork, caller: Caller): Promise<RunSummary> {
  const { engine, now } = services;
  const state = await services.state();
  const { name, spec } = task;
  await using stores = await openEnds(services, spec);
  const wanted = { name, file: task.text, identity: identityOf(spec, stores), createdAt: now() };
  await using lease = await takeUp(state, wanted, services.holder);
  const journal = await state.journal(lease);
  services.removeAbandoned();
  const { recorder, emit } = await startRecording(services, stores, caller, {
    folder: runFolder(services.home, name, spec),
    kind: 'run',
    task: name,
    evidence: spec.report.evidence,
  });
  const signal = AbortSignal.any([caller.signal, lease.lost]);
  const base = engineContext(services, task, stores, { ...caller, emit });
  // Failures are tried again whatever the baseline, and by the file the pass had.
  const summary =
    work.what === 'run'
      ? await engine.run(
          {
            ...base,
            signal,
            journal,
            baseline: await settledBaseline(journal, selectionOf(spec, stores), now(), emit),
          },
          recorder,
        )
      : await engine.retryFailures({ ...base, signal, journal }, recorder, work.wanted);
  const report = await recorder.finish(summary, await state.failureGroups(name));
  const reported = { ...summary, report: { json: report.json, html: report.html } };
  caller.emit({ type: 'summary', summary: reported });
  return reported;
}
