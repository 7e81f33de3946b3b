import type { ApiClient } from '../api/client.ts';
import { ApiProblem } from '../api/problem.ts';
import type { EventSource, Migration, Store, Task } from '../api/types.ts';
import { useConsole } from '../console.ts';
import type { Format } from '../format.ts';
import type { Translate } from '../i18n/translate.ts';
import { useResource } from '../live/resource.ts';
import { ButtonLink } from '../parts/button.tsx';
import { Empty, Figure, Figures, Page, Panel } from '../parts/page.tsx';
import { Loaded } from '../parts/problem.tsx';
import { nameColumn, Table } from '../parts/table.tsx';
import { pathTo } from '../router.ts';
import { TaskBadge, TaskMeter } from './tasks/task-state.tsx';

interface Seen {
  readonly running: readonly Task[];
  readonly queued: number;
  readonly ended: readonly Task[];
  readonly stuck: readonly Task[];
  readonly stores: readonly Store[];
  readonly migrations: readonly Migration[];
  readonly sources: readonly EventSource[];
}

/** Tasks of each state that are looked at. */
const MOST = 100;

export function OverviewPage() {
  const console = useConsole();
  const { t, api, format } = console;
  const seen = useResource('overview', (signal) => read(api, signal), {
    on: ({ type }) => type === 'task' || type === 'task-failed' || type === 'migration' || type === 'event-source',
    every: 10_000,
  });
  const make = console.may('operator') && (
    <ButtonLink href="/new/task" kind="main" icon="add">
      {t('tasks.new')}
    </ButtonLink>
  );
  return (
    <Page title={t('overview.title')} actions={make}>
      <Loaded from={seen}>
        {(data) => {
          const matters = mattersOf(data, t, format);
          const rate = (pick: (task: Task) => number | undefined): number =>
            data.running.reduce((sum, task) => sum + (pick(task) ?? 0), 0);
          return (
            <>
              <Figures>
                <Figure
                  label={t('overview.running')}
                  value={format.count(data.running.length)}
                  note={t('overview.waiting', { n: data.queued })}
                />
                <Figure
                  label={t('overview.rate')}
                  value={format.rate(rate(({ progress }) => progress?.rate.bytes))}
                  note={t('overview.all')}
                />
                <Figure
                  label={t('overview.pace')}
                  value={format.pace(rate(({ progress }) => progress?.rate.objects))}
                  note={t('overview.inFlight', { n: format.count(rate(({ progress }) => progress?.inFlight)) })}
                />
                <Figure label={t('overview.human')} value={format.count(matters.length)} alarm={matters.length > 0} />
              </Figures>
              <Panel title={t('overview.human')} flush>
                {matters.length === 0 ? (
                  <Empty title={t('overview.human.none')} hint={t('overview.human.none.hint')} />
                ) : (
                  <Matters matters={matters} />
                )}
              </Panel>
              <Panel title={t('overview.now')} flush>
                {data.running.length === 0 ? (
                  <Empty title={t('overview.now.none')} hint={t('overview.now.none.hint')}>
                    {make}
                  </Empty>
                ) : (
                  <Running tasks={data.running} />
                )}
              </Panel>
              {data.ended.length > 0 && (
                <Panel title={t('overview.recent')} flush>
                  <Ended tasks={data.ended} />
                </Panel>
              )}
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}

async function read(api: ApiClient, signal: AbortSignal): Promise<Seen> {
  const tasks = async (state: string): Promise<readonly Task[]> =>
    (await api.call('listTasks', { query: { state, limit: MOST }, signal })).items;
  // Where a part of the server is not set up its list is not there.
  const orNone = <T,>(reading: Promise<{ readonly items: readonly T[] }>): Promise<readonly T[]> =>
    reading.then(
      ({ items }) => items,
      (thrown: unknown) => {
        if (thrown instanceof ApiProblem) return [];
        throw thrown;
      },
    );
  const [running, queued, failed, interrupted, finished, stores, migrations, sources] = await Promise.all([
    tasks('running'),
    tasks('queued'),
    tasks('failed'),
    tasks('interrupted'),
    tasks('finished'),
    orNone(api.call('listStores', { query: { limit: 1000 }, signal })),
    orNone(api.call('listMigrations', { signal })),
    orNone(api.call('listEventSources', { signal })),
  ]);
  const ended = [...finished, ...failed].sort((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0)).slice(0, 8);
  const stuck = [...failed, ...interrupted, ...[...running, ...finished].filter((task) => task.failed > 0)];
  return { running, queued: queued.length, ended, stuck, stores, migrations, sources };
}

interface Matter {
  readonly what: string;
  readonly href: string;
  readonly why: string;
}

function mattersOf({ stuck, stores, migrations, sources }: Seen, t: Translate, format: Format): readonly Matter[] {
  return [
    ...migrations.flatMap(({ name, problem, verified, foreign, phase }): Matter[] => {
      const href = pathTo('migrations', name);
      if (problem !== undefined)
        return [{ what: name, href, why: t('overview.human.migration', { message: problem.message }) }];
      if (verified !== undefined && verified.open > 0)
        return [{ what: name, href, why: t('overview.human.differs', { n: verified.open }) }];
      if (foreign !== undefined && foreign.count > 0 && phase !== 'finalised')
        return [{ what: name, href, why: t('overview.human.foreign', { n: foreign.count }) }];
      return [];
    }),
    ...stuck.map((task) => ({
      what: task.name,
      href: task.failed > 0 ? pathTo('tasks', task.name, 'failures') : pathTo('tasks', task.name),
      why:
        task.failed > 0
          ? t('overview.human.failures', { n: format.count(task.failed) })
          : task.state === 'interrupted'
            ? t('overview.human.interrupted')
            : `${t('overview.human.failed')}${task.error === undefined ? '' : `: ${task.error.message}`}`,
    })),
    ...sources.flatMap(({ name, lag, reconcileError }): Matter[] => {
      const href = pathTo('events', name);
      if (reconcileError !== undefined)
        return [{ what: name, href, why: t('overview.human.compared', { message: reconcileError }) }];
      if (lag.failed > 0)
        return [{ what: name, href, why: t('overview.human.events', { n: format.count(lag.failed) }) }];
      return [];
    }),
    ...stores
      .filter(({ tested }) => tested?.ok === false)
      .map(({ name }) => ({ what: name, href: pathTo('stores', name), why: t('overview.human.store') })),
  ];
}

function Matters({ matters }: { readonly matters: readonly Matter[] }) {
  return (
    <ul role="list" class="matters">
      {matters.slice(0, 12).map(({ what, href, why }) => (
        <li key={href}>
          <a class="name wrap" href={href}>
            {what}
          </a>
          <span class="wrap">{why}</span>
        </li>
      ))}
    </ul>
  );
}

function Running({ tasks }: { readonly tasks: readonly Task[] }) {
  const { t, format } = useConsole();
  return (
    <Table
      caption={t('overview.now')}
      rows={tasks.slice(0, 20)}
      id={({ name }) => name}
      columns={[
        nameColumn(t('word.name'), 'tasks'),
        { key: 'progress', head: t('tasks.progress'), cell: (task) => <TaskMeter task={task} /> },
        {
          key: 'rate',
          head: t('tasks.rate'),
          is: 'number',
          cell: ({ progress }) => (
            <span class="moment">{progress === undefined ? '–' : format.rate(progress.rate.bytes)}</span>
          ),
        },
        {
          key: 'pace',
          head: t('task.pace'),
          is: 'number',
          wide: true,
          cell: ({ progress }) => (progress === undefined ? '–' : format.pace(progress.rate.objects)),
        },
        {
          key: 'eta',
          head: t('task.eta'),
          is: 'number',
          wide: true,
          cell: ({ progress }) => (progress?.eta === undefined ? '–' : format.duration(progress.eta)),
        },
      ]}
    />
  );
}

function Ended({ tasks }: { readonly tasks: readonly Task[] }) {
  const { t, format } = useConsole();
  return (
    <Table
      caption={t('overview.recent')}
      rows={tasks}
      id={({ name }) => name}
      columns={[
        nameColumn(t('word.name'), 'tasks'),
        { key: 'state', head: t('tasks.state'), cell: ({ state }) => <TaskBadge state={state} /> },
        { key: 'copied', head: t('task.copied'), is: 'number', cell: ({ counters }) => format.count(counters.copied) },
        {
          key: 'bytes',
          head: t('task.bytes'),
          is: 'number',
          wide: true,
          cell: ({ counters }) => format.bytes(counters.copiedBytes),
        },
        {
          key: 'ended',
          head: t('tasks.ended'),
          is: 'number',
          wide: true,
          cell: ({ endedAt }) => (
            <span class="moment quiet">{endedAt === undefined ? '–' : format.moment(endedAt)}</span>
          ),
        },
      ]}
    />
  );
}
