/** What happens to a task while it is worked on: into the report, into the log, and to whoever asked. */
import type { RunEvent } from '../engine/progress.ts';
import { ReportRecorder, type RecorderOptions } from '../report/recorder.ts';
import { logEvent } from './log-event.ts';
import type { Stores, TaskServices } from './services.ts';
import { sideOf, type Caller } from './task.ts';

export interface Recording {
  readonly recorder: ReportRecorder;
  /** The summary is not told: it is once the report it names is written. */
  readonly emit: (event: RunEvent) => void;
}

export async function startRecording(
  { log, version, now }: TaskServices,
  { source, destination }: Stores,
  caller: Caller,
  about: Pick<RecorderOptions, 'folder' | 'kind' | 'task' | 'mode' | 'evidence'>,
): Promise<Recording> {
  const sides = { source: sideOf(source), destination: sideOf(destination) };
  const recorder = await ReportRecorder.start({ ...about, ...sides, version, now });
  const lines = log.child({ task: about.task });
  const emit = (event: RunEvent): void => {
    recorder.observe(event);
    logEvent(lines, event);
    if (event.type !== 'summary') caller.emit(event);
  };
  return { recorder, emit };
}
