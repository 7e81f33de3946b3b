import { useState } from 'preact/hooks';
import type { Delivery } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { useResource } from '../../live/resource.ts';
import { Badge, type Tone } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Empty, Page, Panel } from '../../parts/page.tsx';
import { Loaded, ProblemNotice } from '../../parts/problem.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { pathTo } from '../../router.ts';
import { JobTabs } from './job-state.tsx';

/** Newest messages that are shown. */
const MOST = 200;

const TONES: Readonly<Record<Delivery['state'], Tone>> = { waiting: 'held', delivered: 'ended', failed: 'alarm' };

export function DeliveriesPage() {
  const { t } = useConsole();
  return (
    <Page title={t('deliveries.title')}>
      <JobTabs current="callbacks" />
      <Panel flush>
        <Deliveries />
      </Panel>
    </Page>
  );
}

/** Messages of a job, or of all. */
export function Deliveries({ subject, version = 0 }: { readonly subject?: string; readonly version?: number }) {
  const console = useConsole();
  const { t, api, format } = console;
  const deliveries = useResource(
    `deliveries ${subject ?? ''} ${version}`,
    (signal) => api.call('listDeliveries', { query: { subject, limit: MOST }, signal }),
    { on: ({ type }) => type === 'job', every: 3000 },
  );
  const [shown, setShown] = useState<Delivery>();
  const [problem, setProblem] = useState<unknown>();
  const again = async (id: number): Promise<void> => {
    setProblem(undefined);
    try {
      await api.call('redeliver', { params: { id: String(id) } });
      console.say(t('deliveries.sent', { n: id }));
      deliveries.reload();
    } catch (thrown) {
      setProblem(thrown);
    }
  };
  const job: Column<Delivery> = {
    key: 'job',
    head: t('jobs.id'),
    wide: true,
    cell: ({ subject: id }) => (
      <a class="moment" href={pathTo('jobs', id)}>
        {id}
      </a>
    ),
  };
  return (
    <>
      <ProblemNotice problem={problem} />
      <Loaded from={deliveries}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t('deliveries.empty')} hint={t('deliveries.empty.hint')} />
          ) : (
            <Table
              caption={t('deliveries.caption')}
              rows={items}
              id={({ id }) => String(id)}
              columns={[
                {
                  key: 'event',
                  head: t('deliveries.event'),
                  is: 'row',
                  cell: ({ event, createdAt }) => (
                    <span class="two-lines">
                      <code>{event}</code>
                      <span class="quiet small">{format.moment(createdAt)}</span>
                    </span>
                  ),
                },
                ...(subject === undefined ? [job] : []),
                {
                  key: 'url',
                  head: t('deliveries.url'),
                  wide: true,
                  cell: ({ url }) => <span class="quiet wrap">{url}</span>,
                },
                {
                  key: 'state',
                  head: t('deliveries.state'),
                  cell: ({ state, nextAt }) => (
                    <span class="two-lines">
                      <Badge tone={TONES[state]}>{t(`delivery.${state}`)}</Badge>
                      {state === 'waiting' && nextAt !== undefined && (
                        <span class="moment quiet small">{t('deliveries.next', { time: format.clock(nextAt) })}</span>
                      )}
                    </span>
                  ),
                },
                {
                  key: 'tries',
                  head: t('deliveries.tries'),
                  is: 'number',
                  cell: (delivery) =>
                    delivery.tries === 0 ? (
                      <span class="quiet">0</span>
                    ) : (
                      <Button
                        small
                        kind="plain"
                        label={t('deliveries.show', { n: delivery.id, tries: delivery.tries })}
                        onPress={() => setShown(delivery)}
                      >
                        {format.count(delivery.tries)}
                      </Button>
                    ),
                },
                {
                  key: 'last',
                  head: t('deliveries.last'),
                  wide: true,
                  cell: ({ attempts }) => <Answer attempt={attempts.at(-1)} />,
                },
                ...(console.may('operator')
                  ? [
                      {
                        key: 'do',
                        head: t('word.actions'),
                        is: 'number' as const,
                        cell: ({ id }: Delivery) => (
                          <Button
                            small
                            kind="plain"
                            label={t('deliveries.again.of', { n: id })}
                            onPress={() => again(id)}
                          >
                            {t('deliveries.again')}
                          </Button>
                        ),
                      },
                    ]
                  : []),
              ]}
            />
          )
        }
      </Loaded>
      {shown !== undefined && <Attempts of={shown} onClose={() => setShown(undefined)} />}
    </>
  );
}

function Answer({ attempt }: { readonly attempt: Delivery['attempts'][number] | undefined }) {
  if (attempt === undefined) return <span class="quiet">–</span>;
  const { status, error } = attempt;
  const good = status !== undefined && status < 300;
  return <span class={good ? 'good' : 'alarm wrap'}>{error ?? status}</span>;
}

function Attempts({ of: { id, attempts }, onClose }: { readonly of: Delivery; readonly onClose: () => void }) {
  const { t, format } = useConsole();
  return (
    <Dialog title={t('deliveries.of', { n: id })} broad onClose={onClose}>
      <Table
        caption={t('deliveries.attempts')}
        rows={attempts}
        id={({ at }) => String(at)}
        columns={[
          { key: 'at', head: t('deliveries.at'), is: 'row', cell: ({ at }) => format.moment(at) },
          { key: 'answer', head: t('deliveries.answer'), cell: (attempt) => <Answer attempt={attempt} /> },
          {
            key: 'took',
            head: t('deliveries.took'),
            is: 'number',
            cell: ({ milliseconds }) => `${format.count(milliseconds)} ms`,
          },
        ]}
      />
      <div class="dialog-foot">
        <Button kind="main" onPress={onClose}>
          {t('do.close')}
        </Button>
      </div>
    </Dialog>
  );
}
