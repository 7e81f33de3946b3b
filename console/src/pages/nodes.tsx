import { useConsole } from '../console.ts';
import { useResource } from '../live/resource.ts';
import { Badge } from '../parts/badge.tsx';
import { Page, Panel } from '../parts/page.tsx';
import { Loaded } from '../parts/problem.tsx';
import { Table } from '../parts/table.tsx';

export function NodesPage() {
  const { t, api, format } = useConsole();
  const nodes = useResource('nodes', (signal) => api.call('listNodes', { signal }), { every: 5000 });
  return (
    <Page title={t('nodes.title')}>
      <Panel flush>
        <Loaded from={nodes}>
          {({ items }) => (
            <Table
              caption={t('nodes.caption')}
              rows={items}
              id={({ name }) => name}
              columns={[
                {
                  key: 'name',
                  head: t('nodes.name'),
                  is: 'row',
                  cell: ({ name }) => <span class="name wrap">{name}</span>,
                },
                {
                  key: 'state',
                  head: t('nodes.state'),
                  cell: ({ ready }) => (
                    <Badge tone={ready ? 'active' : 'held'}>{t(ready ? 'nodes.ready' : 'nodes.ending')}</Badge>
                  ),
                },
                { key: 'version', head: t('nodes.version'), cell: ({ version }) => version },
                {
                  key: 'started',
                  head: t('nodes.started'),
                  wide: true,
                  cell: ({ startedAt }) => format.moment(startedAt),
                },
                { key: 'uptime', head: t('nodes.uptime'), is: 'number', cell: ({ uptime }) => format.duration(uptime) },
                { key: 'memory', head: t('nodes.memory'), is: 'number', cell: ({ memory }) => format.bytes(memory) },
                {
                  key: 'cpu',
                  head: t('nodes.cpu'),
                  is: 'number',
                  wide: true,
                  cell: ({ cpu }) => format.duration(cpu * 1000),
                },
              ]}
            />
          )}
        </Loaded>
      </Panel>
    </Page>
  );
}
