/** What happens to a task while it is worked on: into the report, into the log, and shown. */
import type { RunEvent } from '../engine/progress.ts';
import { ReportRecorder, type RecorderOptions } from '../report/recorder.ts';
import type { CommandContext } from './context.ts';
import { logEvent } from './log-event.ts';
import type { Printer } from './output/printer.ts';
import type { Services, Stores } from './services.ts';
import { sideOf } from './task-call.ts';

export interface Recording {
  readonly recorder: ReportRecorder;
  readonly printer: Printer;
  /** The summary is not shown: it is once the report it names is written. */
  readonly emit: (event: RunEvent) => void;
}

export async function startRecording(
  context: CommandContext,
  { log, version, now }: Services,
  { source, destination }: Stores,
  about: Pick<RecorderOptions, 'folder' | 'kind' | 'task' | 'mode' | 'evidence'>,
): Promise<Recording> {
  const sides = { source: sideOf(source), destination: sideOf(destination) };
  const recorder = await ReportRecorder.start({ ...about, ...sides, version, now });
  const printer = context.printer();
  const emit = (event: RunEvent): void => {
    recorder.observe(event);
    logEvent(log, event);
    if (event.type !== 'summary') printer.event(event);
  };
  return { recorder, printer, emit };
}
