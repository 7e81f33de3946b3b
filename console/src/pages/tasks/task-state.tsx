/** How a task stands, in a word, a length and what one may do about it. */
import type { Operation } from '../../api/operations.ts';
import type { Task, TaskState } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import type { MessageKey } from '../../i18n/translate.ts';
import { Badge, Meter, type Tone } from '../../parts/badge.tsx';
import type { IconName } from '../../parts/icon.tsx';

export const TASK_STATES: readonly TaskState[] = [
  'running',
  'queued',
  'paused',
  'interrupted',
  'failed',
  'finished',
  'created',
];

const TONES: Readonly<Record<TaskState, Tone>> = {
  created: 'idle',
  queued: 'idle',
  running: 'active',
  paused: 'held',
  interrupted: 'held',
  finished: 'ended',
  failed: 'alarm',
};

export function TaskBadge({ state }: { readonly state: TaskState }) {
  const { t } = useConsole();
  return <Badge tone={TONES[state]}>{t(`state.${state}`)}</Badge>;
}

/** How much of a pass is done, 0 to 1; undefined before anything is known. */
export function doneShare({ state, counters, progress }: Task): number | undefined {
  if (state === 'finished') return 1;
  const { listed, copied, skipped, failed, listedBytes, copiedBytes, skippedBytes } = counters;
  if (progress !== undefined && !progress.listingDone) {
    const { total, done } = progress.ranges;
    return total === 0 ? undefined : done / total;
  }
  if (listedBytes > 0)
    return Math.min(1, (Math.max(copiedBytes, progress?.bytesMoved ?? 0) + skippedBytes) / listedBytes);
  return listed === 0 ? undefined : Math.min(1, (copied + skipped + failed) / listed);
}

export function TaskMeter({ task }: { readonly task: Task }) {
  const { t, format } = useConsole();
  const share = doneShare(task);
  if (share === undefined) return <span class="quiet">–</span>;
  const tone = task.state === 'running' ? 'active' : task.state === 'finished' ? 'ended' : TONES[task.state];
  return (
    <span class="row">
      <span class="grow">
        <Meter label={t('tasks.progress.of', { name: task.name })} value={share} tone={tone} />
      </span>
      <span class="percent">{format.percent(share, 1)}</span>
    </span>
  );
}

export interface TaskAction {
  readonly operation: Extract<Operation, 'runTask' | 'pauseTask' | 'resumeTask' | 'stopTask' | 'verifyTask'>;
  readonly label: MessageKey;
  readonly icon: IconName;
}

const RUN: TaskAction = { operation: 'runTask', label: 'do.run', icon: 'play' };
const AGAIN: TaskAction = { operation: 'runTask', label: 'do.runAgain', icon: 'play' };
const GO_ON: TaskAction = { operation: 'runTask', label: 'do.goOn', icon: 'play' };
const PAUSE: TaskAction = { operation: 'pauseTask', label: 'do.pause', icon: 'pause' };
const RESUME: TaskAction = { operation: 'resumeTask', label: 'do.resume', icon: 'play' };
const STOP: TaskAction = { operation: 'stopTask', label: 'do.stop', icon: 'stop' };
const VERIFY: TaskAction = { operation: 'verifyTask', label: 'do.verify', icon: 'good' };

/** What may be done to a task in a state. */
export const ACTIONS: Readonly<Record<TaskState, readonly TaskAction[]>> = {
  created: [RUN],
  queued: [PAUSE, STOP],
  running: [PAUSE, STOP],
  paused: [RESUME, STOP],
  interrupted: [GO_ON, VERIFY],
  finished: [AGAIN, VERIFY],
  failed: [GO_ON, VERIFY],
};

export function mayBeRemoved(state: TaskState): boolean {
  return state !== 'running' && state !== 'queued';
}
