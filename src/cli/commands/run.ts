/** `ferry run`: creates or resumes a task. */
import { join } from 'node:path';
import type { RunSummary } from '../../engine/progress.ts';
import type { Call, Command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { exitOfSummary, type ExitName } from '../exit-codes.ts';
import { BANDWIDTH, CONCURRENCY, TASK_FILE, taskName, WITHOUT_GUARD } from '../options.ts';
import { startRecording } from '../recording.ts';
import { selectionOf, settledBaseline } from '../selection.ts';
import type { Services } from '../services.ts';
import { engineContext, findTask, openEnds, type FoundTask } from '../task-call.ts';
import { identityOf, takeUp } from '../task-identity.ts';
import { printPlan } from './plan.ts';

export const runCommand: Command = {
  name: 'run',
  argument: taskName(true, 'Name of the task; letters, digits, `.`, `_` and `-`.'),
  summary: 'Start a task, or go on with it where it stopped.',
  about: [
    'The first time give the task file with -t; it is remembered. Ctrl-C and SIGTERM save and stop: the same command goes on. So it does after a crash, a power cut or kill -9.',
    'A task that has finished compares both sides again and copies what is new or changed.',
  ],
  options: [
    TASK_FILE,
    BANDWIDTH,
    CONCURRENCY,
    WITHOUT_GUARD,
    { long: 'dry-run', description: 'Show what would be done and write nothing, as `ferry plan` does.' },
  ],
  examples: [
    { line: 'ferry run photos -t photos.yaml', does: 'create the task and run it' },
    { line: 'ferry run photos', does: 'go on, or copy what changed since' },
    { line: 'ferry run photos --bandwidth 20MiB', does: 'with a limit this once' },
    { line: 'ferry run photos --json > run.jsonl', does: 'for machines' },
  ],
  exits: ['ok', 'objects', 'temporary', 'interrupted'],
  run,
};

async function run(context: CommandContext, call: Call): Promise<ExitName> {
  const services = await context.services();
  const task = await findTask(services, call);
  if (call.flag('dry-run')) return await printPlan(context, services, task);
  const summary = await runStored(context, services, task, 'run');
  return exitOfSummary(summary);
}

/** Runs the task, or tries only its failures again, under its lease; shows progress and writes its report. */
export async function runStored(
  context: CommandContext,
  services: Services,
  task: FoundTask,
  what: 'run' | 'retryFailures',
): Promise<RunSummary> {
  const { engine, now } = services;
  const state = await services.state();
  const { name, spec } = task;
  await using stores = await openEnds(services, spec);
  const wanted = { name, file: task.text, identity: identityOf(spec, stores), createdAt: now() };
  await using lease = await takeUp(state, wanted, services.holder);
  const journal = await state.journal(lease);
  services.removeAbandoned();
  const { recorder, printer, emit } = await startRecording(context, services, stores, {
    folder: join(spec.report.path ?? join(services.home, 'reports', name), 'run'),
    kind: 'run',
    task: name,
    evidence: spec.report.evidence,
  });
  const signal = AbortSignal.any([context.signal, lease.lost]);
  // Failures are tried again whatever the baseline, and by the file the pass had.
  const baseline = what === 'run' ? await settledBaseline(journal, selectionOf(spec, stores), now(), emit) : undefined;
  const summary = await engine[what](
    { ...engineContext(context, services, task, stores, emit), signal, journal, baseline },
    recorder,
  );
  const report = await recorder.finish(summary, await state.failureGroups(name));
  const reported = { ...summary, report: { json: report.json, html: report.html } };
  printer.event({ type: 'summary', summary: reported });
  if (summary.error) throw summary.error;
  return reported;
}
