import type { EventSource } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { useResource } from '../../live/resource.ts';
import { Badge } from '../../parts/badge.tsx';
import { ButtonLink } from '../../parts/button.tsx';
import { Empty, Page, Panel } from '../../parts/page.tsx';
import { Loaded } from '../../parts/problem.tsx';
import { nameColumn, Table } from '../../parts/table.tsx';

export function EventSourcesPage() {
  const console = useConsole();
  const { t, api, format } = console;
  const sources = useResource('event sources', (signal) => api.call('listEventSources', { signal }), {
    on: ({ type }) => type === 'event-source',
    every: 5000,
  });
  const make = console.may('admin') && (
    <ButtonLink href="/new/event" kind="main" icon="add">
      {t('events.new')}
    </ButtonLink>
  );
  return (
    <Page title={t('events.title')} actions={make}>
      <Panel flush>
        <Loaded from={sources}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title={t('events.empty')} hint={t('events.empty.hint')}>
                {make}
              </Empty>
            ) : (
              <Table
                caption={t('events.caption')}
                rows={items}
                id={({ name }) => name}
                columns={[
                  nameColumn(t('word.name'), 'events'),
                  { key: 'kind', head: t('events.kind'), wide: true, cell: ({ kind }) => t(`events.kind.${kind}`) },
                  {
                    key: 'way',
                    head: t('events.way'),
                    wide: true,
                    cell: ({ source, destination, prefix }) => (
                      <span class="wrap">
                        {source} → {destination} {prefix !== '' && <code>{prefix}*</code>}
                      </span>
                    ),
                  },
                  { key: 'lag', head: t('events.lag'), cell: (source) => <Lag of={source} /> },
                  {
                    key: 'received',
                    head: t('events.received'),
                    is: 'number',
                    wide: true,
                    cell: ({ totals }) => format.count(totals.received),
                  },
                  {
                    key: 'failed',
                    head: t('events.failed'),
                    is: 'number',
                    cell: ({ lag }) =>
                      lag.failed === 0 ? (
                        <span class="quiet">0</span>
                      ) : (
                        <strong class="alarm">{format.count(lag.failed)}</strong>
                      ),
                  },
                  {
                    key: 'last',
                    head: t('events.last'),
                    wide: true,
                    cell: ({ lastAt }) => (
                      <span class="moment quiet">
                        {lastAt === undefined ? t('events.never') : format.moment(lastAt)}
                      </span>
                    ),
                  },
                ]}
              />
            )
          }
        </Loaded>
      </Panel>
    </Page>
  );
}

/** What waits to be carried out, and for how long. */
function Lag({ of: { lag, reconcileError } }: { readonly of: EventSource }) {
  const { t, format, now } = useConsole();
  const { waiting, oldest } = lag;
  return (
    <span class="two-lines">
      <Badge tone={reconcileError !== undefined ? 'alarm' : waiting > 0 ? 'active' : 'ended'}>
        {reconcileError !== undefined
          ? t('events.compared.failed')
          : waiting === 0
            ? t('events.upToDate')
            : format.count(waiting)}
      </Badge>
      {oldest !== undefined && (
        <span class="quiet small">{t('events.oldest', { time: format.duration(now() - oldest) })}</span>
      )}
    </span>
  );
}
