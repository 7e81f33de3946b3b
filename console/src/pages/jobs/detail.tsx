import { useState } from 'preact/hooks';
import type { Job, JobFile } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { useResource } from '../../live/resource.ts';
import { Button, ButtonLink } from '../../parts/button.tsx';
import { Select } from '../../parts/field.tsx';
import { Key } from '../../parts/key.tsx';
import { Empty, Figure, Figures, Page, Panel } from '../../parts/page.tsx';
import { Loaded, ProblemNotice } from '../../parts/problem.tsx';
import { VirtualTable } from '../../parts/virtual-table.tsx';
import { pathTo } from '../../router.ts';
import { Deliveries } from './deliveries.tsx';
import { JobBadge } from './job-state.tsx';

const AT_ONCE = 500;
const FILE_STATES: readonly JobFile['state'][] = ['waiting', 'copied', 'failed'];

export function JobPage({ id }: { readonly id: string }) {
  const { t, api } = useConsole();
  const job = useResource(`job ${id}`, (signal) => api.call('getJob', { params: { id }, signal }), {
    on: ({ type, subject }) => (type === 'job' || type === 'task') && subject === id,
  });
  const shown = job.data;
  return (
    <Page
      title={id}
      lead={
        shown !== undefined && (
          <span class="row wide wraps">
            <JobBadge job={shown} />
            <span class="wrap">→ {shown.target.bucket}</span>
          </span>
        )
      }
      actions={shown !== undefined && <Actions job={shown} onDone={job.reload} />}
    >
      <Loaded from={job}>
        {(data) => (
          <>
            <Numbers job={data} />
            {data.error !== undefined && (
              <div class="notice alarm">
                <code>{data.error.code}</code>
                <span>{data.error.message}</span>
              </div>
            )}
            {data.callback !== undefined && (
              <Panel title={t('deliveries.title')} flush>
                <Deliveries subject={id} version={data.counts.copied + data.counts.failed} />
              </Panel>
            )}
            <Files job={data} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Actions({ job: { id, state, complete }, onDone }: { readonly job: Job; readonly onDone: () => void }) {
  const console = useConsole();
  const { t, api } = console;
  const [problem, setProblem] = useState<unknown>();
  const retry = async (): Promise<void> => {
    setProblem(undefined);
    try {
      await api.call('retryJob', { params: { id } });
      console.say(t('job.retried', { name: id }));
      onDone();
    } catch (thrown) {
      setProblem(thrown);
    }
  };
  const ended = state === 'finished' || state === 'failed';
  return (
    <>
      {ended && !complete && console.may('operator') && (
        <Button kind="main" icon="retry" onPress={retry}>
          {t('job.retry')}
        </Button>
      )}
      <ButtonLink href={pathTo('tasks', id)}>{t('job.task')}</ButtonLink>
      <ProblemNotice problem={problem} />
    </>
  );
}

function Numbers({ job: { counts, startedAt, endedAt } }: { readonly job: Job }) {
  const { t, format, now } = useConsole();
  return (
    <Figures>
      <Figure
        label={t('job.copied')}
        value={format.count(counts.copied)}
        note={t('job.copied.of', { n: format.count(counts.objects) })}
      />
      <Figure
        label={t('job.bytes')}
        value={format.bytes(counts.bytes)}
        note={t('job.urls', { n: format.count(counts.files) })}
      />
      <Figure label={t('job.waiting')} value={format.count(counts.waiting)} />
      <Figure label={t('job.failed')} value={format.count(counts.failed)} alarm={counts.failed > 0} />
      <Figure
        label={t('job.took')}
        value={startedAt === undefined ? '–' : format.duration((endedAt ?? now()) - startedAt)}
        note={startedAt !== undefined && endedAt === undefined ? t('job.so.far') : undefined}
      />
    </Figures>
  );
}

function Files({ job: { id, counts } }: { readonly job: Job }) {
  const { t, texts, api } = useConsole();
  const [state, setState] = useState('');
  return (
    <Panel title={t('job.files')} flush>
      <div class="filters">
        <Select
          label={t('job.files.state')}
          value={state}
          onChange={setState}
          options={[
            { value: '', label: t('job.files.all') },
            ...FILE_STATES.map((value) => ({ value, label: t(`job.file.${value}`) })),
          ]}
        />
      </div>
      <VirtualTable
        of={`files ${id} ${state}`}
        version={counts.copied + counts.failed}
        caption={t('job.files')}
        load={(cursor, signal) =>
          api.call('listJobFiles', { params: { id }, query: { cursor, state, limit: AT_ONCE }, signal })
        }
        id={({ key }) => key}
        empty={<Empty title={t('job.files.none')} />}
        columns={[
          { key: 'key', head: t('job.file.key'), is: 'row', cell: ({ key }) => <Key of={key} /> },
          {
            key: 'state',
            head: t('jobs.state'),
            cell: ({ state: now, error }) => (
              <span
                class={now === 'failed' ? 'alarm' : now === 'waiting' ? 'quiet' : ''}
                title={error === undefined ? undefined : `${error.message}. ${texts.remedy(error.remedy)}`}
              >
                {t(`job.file.${now}`)}
                {error !== undefined && `: ${error.message}`}
              </span>
            ),
          },
          {
            key: 'url',
            head: t('job.file.url'),
            wide: true,
            cell: ({ url }) => (
              <span class="quiet" title={url}>
                {url}
              </span>
            ),
          },
        ]}
      />
    </Panel>
  );
}
