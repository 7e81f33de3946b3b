import { useConsole } from '../../console.ts';
import { useResource } from '../../live/resource.ts';
import { ButtonLink } from '../../parts/button.tsx';
import { Empty, Page, Panel } from '../../parts/page.tsx';
import { Loaded } from '../../parts/problem.tsx';
import { nameColumn, Table } from '../../parts/table.tsx';
import { TestBadge } from './test-badge.tsx';
import { TestButton } from './test-button.tsx';

export function StoresPage() {
  const console = useConsole();
  const { t, api } = console;
  const stores = useResource('stores', (signal) => api.call('listStores', { signal, query: { limit: 1000 } }), {
    on: ({ type }) => type === 'store',
  });
  const add = console.may('admin') && (
    <ButtonLink href="/new/store" kind="main" icon="add">
      {t('stores.add')}
    </ButtonLink>
  );
  return (
    <Page title={t('stores.title')} actions={add}>
      <Panel flush>
        <Loaded from={stores}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title={t('stores.empty')} hint={t('stores.empty.hint')}>
                {add}
              </Empty>
            ) : (
              <Table
                caption={t('stores.caption')}
                rows={items}
                id={({ name }) => name}
                columns={[
                  nameColumn(t('word.name'), 'stores'),
                  { key: 'type', head: t('stores.type'), cell: ({ type }) => type },
                  {
                    key: 'path',
                    head: t('stores.path'),
                    wide: true,
                    cell: ({ path }) => <code class="wrap">{path === '' ? '–' : path}</code>,
                  },
                  { key: 'tested', head: t('stores.tested'), cell: ({ tested }) => <TestBadge tested={tested} /> },
                  {
                    key: 'do',
                    head: t('word.actions'),
                    is: 'number',
                    cell: ({ name }) => <TestButton name={name} small onDone={stores.reload} />,
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
