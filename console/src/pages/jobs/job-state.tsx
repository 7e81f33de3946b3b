/** How a job stands: what its page and the list of jobs have in common. */
import type { Job } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { Badge, Meter, type Tone } from '../../parts/badge.tsx';
import { pathTo } from '../../router.ts';

export function JobBadge({ job: { state, complete } }: { readonly job: Job }) {
  const { t } = useConsole();
  if (state === 'finished' && !complete) return <Badge tone="alarm">{t('job.state.incomplete')}</Badge>;
  const tones: Readonly<Record<Job['state'], Tone>> = {
    accepted: 'idle',
    running: 'active',
    finished: 'ended',
    failed: 'alarm',
  };
  return <Badge tone={tones[state]}>{t(`job.state.${state}`)}</Badge>;
}

export function JobMeter({ job: { id, state, complete, counts } }: { readonly job: Job }) {
  const { t, format } = useConsole();
  const { objects, copied } = counts;
  const share = objects === 0 ? Number(complete) : copied / objects;
  return (
    <span class="row">
      <span class="grow">
        <Meter
          label={t('jobs.done.of', { name: id })}
          value={share}
          tone={state === 'running' ? 'active' : complete ? 'ended' : 'idle'}
        />
      </span>
      <span class="percent">{format.percent(share, 1)}</span>
    </span>
  );
}

/** Jobs, and what they sent. */
export function JobTabs({ current }: { readonly current: 'jobs' | 'callbacks' }) {
  const { t } = useConsole();
  return (
    <nav class="tabs" aria-label={t('jobs.tabs')}>
      {(['jobs', 'callbacks'] as const).map((each) => (
        <a key={each} href={pathTo(each)} aria-current={each === current ? 'page' : undefined}>
          {t(each === 'jobs' ? 'jobs.title' : 'deliveries.title')}
        </a>
      ))}
    </nav>
  );
}
