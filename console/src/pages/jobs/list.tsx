import { useState } from 'preact/hooks';
import type { Job, JobState } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { useRecent } from '../../live/recent.ts';
import { ButtonLink } from '../../parts/button.tsx';
import { Select } from '../../parts/field.tsx';
import { Empty, Page, Panel } from '../../parts/page.tsx';
import { VirtualTable } from '../../parts/virtual-table.tsx';
import { pathTo } from '../../router.ts';
import { JobBadge, JobMeter, JobTabs } from './job-state.tsx';

const STATES: readonly JobState[] = ['accepted', 'running', 'finished', 'failed'];
const AT_ONCE = 200;

export function JobsPage() {
  const console = useConsole();
  const { t, api, format } = console;
  const [state, setState] = useState('');
  const recent = useRecent<Job & { readonly name: string }>('job');
  const make = console.may('operator') && (
    <ButtonLink href="/new/job" kind="main" icon="add">
      {t('jobs.new')}
    </ButtonLink>
  );
  return (
    <Page title={t('jobs.title')} actions={make}>
      <JobTabs current="jobs" />
      <Panel flush>
        <div class="filters">
          <Select
            label={t('jobs.state')}
            value={state}
            onChange={setState}
            options={[
              { value: '', label: t('jobs.state.all') },
              ...STATES.map((value) => ({ value, label: t(`job.state.${value}`) })),
            ]}
          />
        </div>
        <VirtualTable
          of={`jobs ${state}`}
          version={recent.version}
          caption={t('jobs.caption')}
          load={async (cursor, signal) => {
            const page = await api.call('listJobs', { query: { cursor, state, limit: AT_ONCE }, signal });
            return { ...page, items: page.items.map((job) => ({ ...job, name: job.id })) };
          }}
          newer={recent.apply}
          onRows={(held) => recent.knows(held.map(({ id }) => id))}
          id={({ id }) => id}
          empty={
            state === '' ? (
              <Empty title={t('jobs.empty')} hint={t('jobs.empty.hint')}>
                {make}
              </Empty>
            ) : (
              <Empty title={t('jobs.empty.some')} />
            )
          }
          columns={[
            {
              key: 'id',
              head: t('jobs.id'),
              is: 'row',
              cell: ({ id }) => (
                <a class="name cut" href={pathTo('jobs', id)} title={id}>
                  {id}
                </a>
              ),
            },
            { key: 'state', head: t('jobs.state'), width: '124px', cell: (job) => <JobBadge job={job} /> },
            { key: 'done', head: t('jobs.done'), width: '160px', wide: true, cell: (job) => <JobMeter job={job} /> },
            {
              key: 'files',
              head: t('jobs.files'),
              is: 'number',
              width: '96px',
              cell: ({ counts }) => format.count(counts.files),
            },
            {
              key: 'target',
              head: t('jobs.target'),
              wide: true,
              cell: ({ target }) => <span class="cut">{target.bucket}</span>,
            },
            {
              key: 'created',
              head: t('jobs.created'),
              width: '192px',
              wide: true,
              cell: ({ createdAt }) => <span class="moment quiet">{format.moment(createdAt)}</span>,
            },
          ]}
        />
      </Panel>
    </Page>
  );
}
