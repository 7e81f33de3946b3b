import type { Task, TaskProgress, Throttle } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { isMessage, type Translate } from '../../i18n/translate.ts';
import { useResource } from '../../live/resource.ts';
import { Meter } from '../../parts/badge.tsx';
import { Chart } from '../../parts/chart.tsx';
import { Figure, Figures, Panel } from '../../parts/page.tsx';
import { Loaded } from '../../parts/problem.tsx';
import { RangeMap } from '../../parts/range-map.tsx';
import { Key } from '../../parts/key.tsx';
import { Table } from '../../parts/table.tsx';

/** What moves is read so often, milliseconds. */
const EVERY = 3000;

export function TaskOverview({ task }: { readonly task: Task }) {
  const { t, api, texts } = useConsole();
  const { name, state, progress, error } = task;
  const running = state === 'running';
  const moving = running ? { every: EVERY } : {};
  const key = `${name} ${state}`;
  const ranges = useResource(`ranges ${key}`, (signal) => api.call('listRanges', { params: { name }, signal }), moving);
  const series = useResource(`series ${key}`, (signal) => api.call('getSeries', { params: { name }, signal }), moving);
  return (
    <>
      {error !== undefined && (
        <div class="notice alarm">
          <strong>{error.code}</strong>
          <span>{error.message}</span>
          {error.remedy !== undefined && (
            <span>
              {t('problem.remedy')}: {texts.remedy(error.remedy)}
            </span>
          )}
        </div>
      )}
      <TaskFigures task={task} />
      <Panel title={t('ranges.title')} aside={<span class="quiet small">{t('ranges.lead')}</span>}>
        <Loaded from={ranges}>
          {({ items }) => (items.length === 0 ? <p class="quiet">{t('ranges.none')}</p> : <RangeMap ranges={items} />)}
        </Loaded>
      </Panel>
      <Loaded from={series}>{({ points }) => <Charts points={points} state={state} />}</Loaded>
      {running && progress !== undefined && (
        <div class="columns">
          <Active progress={progress} />
          {progress.throttledBy.length > 0 && <Throttles reasons={progress.throttledBy} />}
        </div>
      )}
    </>
  );
}

function TaskFigures({ task }: { readonly task: Task }) {
  const { t, format, now } = useConsole();
  const { counters, progress, failed, state, startedAt, endedAt } = task;
  const listing = progress !== undefined && !progress.listingDone;
  const running = state === 'running' && progress !== undefined;
  return (
    <Figures>
      <Figure
        label={t('task.copied')}
        value={format.count(counters.copied)}
        note={t(listing ? 'task.copied.of' : 'task.copied.ofAll', { n: format.count(counters.listed) })}
      />
      <Figure
        label={t('task.bytes')}
        value={format.bytes(Math.max(counters.copiedBytes, progress?.bytesMoved ?? 0))}
        note={t('task.bytes.rest', { n: format.count(counters.skipped) })}
      />
      <Figure
        label={t('task.throughput')}
        value={running ? format.rate(progress.rate.bytes) : '–'}
        note={running ? t('task.concurrency', { n: progress.inFlight, most: progress.concurrency }) : undefined}
      />
      <Figure
        label={t('task.pace')}
        value={running ? format.pace(progress.rate.objects) : '–'}
        note={running ? phaseText(progress.phase, t) : undefined}
      />
      <Figure
        label={t('task.failures')}
        value={format.count(failed)}
        note={t(failed === 0 ? 'task.failures.none' : 'task.failures.some')}
        alarm={failed > 0}
      />
      {running ? (
        <Figure
          label={t('task.eta')}
          value={progress.eta === undefined || (listing && progress.eta < 1000) ? '–' : format.duration(progress.eta)}
          note={listing ? t('task.eta.least') : undefined}
        />
      ) : (
        <Figure
          label={t('task.took')}
          value={startedAt === undefined ? '–' : format.duration((endedAt ?? now()) - startedAt)}
          note={endedAt === undefined ? undefined : format.moment(endedAt)}
        />
      )}
    </Figures>
  );
}

function Charts({
  points,
  state,
}: {
  readonly state: Task['state'];
  readonly points: readonly { readonly at: number; readonly bytes: number; readonly objects: number }[];
}) {
  const { t, format } = useConsole();
  const times = points.map(({ at }) => at);
  const none = state === 'running' ? 'task.chart.soon' : points.length === 0 ? 'task.chart.none' : 'task.chart.brief';
  return (
    <div class="columns">
      <Panel title={t('task.chart.bytes')}>
        {points.length < 2 ? (
          <p class="quiet">{t(none)}</p>
        ) : (
          <Chart
            label={t('task.chart.bytes')}
            times={times}
            values={points.map(({ bytes }) => bytes)}
            binary
            format={(value) => format.rate(value)}
          />
        )}
      </Panel>
      <Panel title={t('task.chart.objects')}>
        {points.length < 2 ? (
          <p class="quiet">{t(none)}</p>
        ) : (
          <Chart
            label={t('task.chart.objects')}
            times={times}
            values={points.map(({ objects }) => objects)}
            format={(value) => format.pace(value)}
          />
        )}
      </Panel>
    </div>
  );
}

function Active({ progress }: { readonly progress: TaskProgress }) {
  const { t, format } = useConsole();
  return (
    <Panel title={t('task.active')} flush>
      {progress.active.length === 0 ? (
        <p class="quiet padded">{t('task.active.none')}</p>
      ) : (
        <Table
          caption={t('task.active')}
          rows={progress.active}
          id={({ key }) => key}
          columns={[
            { key: 'key', head: t('task.active.key'), is: 'row', cell: ({ key }) => <Key of={key} wrap /> },
            {
              key: 'size',
              head: t('task.active.size'),
              is: 'number',
              wide: true,
              cell: ({ size }) => <span class="moment">{format.bytes(size)}</span>,
            },
            {
              key: 'done',
              head: t('tasks.progress'),
              cell: ({ key, size, done }) => (
                <Meter label={t('tasks.progress.of', { name: key })} value={size === 0 ? 1 : done / size} />
              ),
            },
          ]}
        />
      )}
    </Panel>
  );
}

function Throttles({ reasons }: { readonly reasons: readonly Throttle[] }) {
  const { t, format } = useConsole();
  const text = (reason: Throttle): string =>
    t(`throttle.${reason.what}`, {
      store: reason.store ?? '',
      cause: reason.cause ?? '',
      rate: format.rate(reason.bytesPerSecond ?? 0),
      n: format.count(reason.limit ?? 0),
    });
  return (
    <Panel title={t('throttle.title')}>
      <ul class="plain-list">
        {reasons.map((reason) => (
          <li
            key={`${reason.what} ${reason.store ?? ''} ${reason.shared === true}`}
            class={reason.what === 'retrying' || reason.what === 'slow-down' ? 'warn' : ''}
          >
            {reason.shared === true ? t('throttle.shared', { limit: text(reason) }) : text(reason)}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function phaseText(phase: string, t: Translate): string {
  const key = `task.phase.${phase}`;
  return isMessage(key) ? t(key) : phase;
}
