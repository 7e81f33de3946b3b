import { useState } from 'preact/hooks';
import type { Store } from '../../api/types.ts';
import type { Tagged } from '../../api/client.ts';
import { useConsole } from '../../console.ts';
import { useResource } from '../../live/resource.ts';
import { Button, ButtonLink } from '../../parts/button.tsx';
import { Checks } from '../../parts/checks.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { Page, Panel } from '../../parts/page.tsx';
import { Loaded } from '../../parts/problem.tsx';
import { Table } from '../../parts/table.tsx';
import { pathTo } from '../../router.ts';
import { TestBadge } from './test-badge.tsx';
import { TestButton } from './test-button.tsx';

export function StorePage({ name }: { readonly name: string }) {
  const console = useConsole();
  const { t, api } = console;
  const store = useResource(`store ${name}`, (signal) => api.tagged('getStore', { params: { name }, signal }), {
    on: ({ type, subject }) => type === 'store' && subject === name,
  });
  const [removing, setRemoving] = useState(false);
  const remove = async ({ etag }: Tagged<Store>): Promise<void> => {
    await api.call('removeStore', { params: { name }, ...(etag === undefined ? {} : { ifMatch: etag }) });
    console.say(t('stores.removed', { name }));
    console.router.go('/stores');
  };
  const actions = store.data !== undefined && (
    <>
      <TestButton name={name} onDone={store.reload} />
      {console.may('admin') && (
        <>
          <ButtonLink href={pathTo('stores', name, 'edit')}>{t('do.edit')}</ButtonLink>
          <Button kind="alarm" onPress={() => setRemoving(true)}>
            {t('do.remove')}
          </Button>
        </>
      )}
    </>
  );
  return (
    <Page
      title={name}
      lead={store.data !== undefined && <TestBadge tested={store.data.value.tested} />}
      actions={actions}
    >
      <Loaded from={store}>
        {(tagged) => (
          <>
            <div class="columns">
              <Settings store={tagged.value} />
              <Panel title={t('stores.checks')}>
                {tagged.value.tested === undefined ? (
                  <>
                    <p class="quiet">{t('stores.checks.none')}</p>
                    <p class="quiet">{t('stores.test.hint')}</p>
                  </>
                ) : (
                  <Checks checks={tagged.value.tested.checks} />
                )}
              </Panel>
            </div>
            <Capabilities of={tagged.value.tested?.capabilities} />
            {removing && (
              <Confirm
                title={t('stores.remove', { name })}
                does={t('stores.remove.does')}
                confirm={t('do.remove')}
                typed={name}
                act={() => remove(tagged)}
                onClose={() => setRemoving(false)}
              />
            )}
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Settings({ store }: { readonly store: Store }) {
  const { t, format } = useConsole();
  return (
    <Panel title={t('stores.options')}>
      <dl class="facts">
        <dt>{t('stores.type')}</dt>
        <dd>{store.type}</dd>
        <dt>{t('stores.path')}</dt>
        <dd class="mono">{store.path === '' ? '–' : store.path}</dd>
        {Object.entries(store.options).map(([option, value]) => (
          <>
            <dt>{option}</dt>
            <dd class="mono">{typeof value === 'string' ? value : JSON.stringify(value)}</dd>
          </>
        ))}
        <dt>{t('stores.created')}</dt>
        <dd>{format.moment(store.createdAt)}</dd>
        {store.tested !== undefined && (
          <>
            <dt>{t('stores.tested')}</dt>
            <dd>{format.moment(store.tested.at)}</dd>
          </>
        )}
      </dl>
    </Panel>
  );
}

function Capabilities({ of: capabilities }: { readonly of: Readonly<Record<string, unknown>> | undefined }) {
  const { t } = useConsole();
  if (capabilities === undefined) return null;
  return (
    <Panel title={t('stores.capabilities')} flush>
      <Table
        caption={t('stores.capabilities')}
        rows={flat(capabilities)}
        id={([name]) => name}
        columns={[
          { key: 'name', head: t('stores.capability'), is: 'row', cell: ([name]) => <code>{name}</code> },
          { key: 'value', head: t('stores.value'), cell: ([, value]) => <CapabilityValue value={value} /> },
        ]}
      />
    </Panel>
  );
}

function CapabilityValue({ value }: { readonly value: unknown }) {
  const { t, format } = useConsole();
  if (value === true) return <span class="good">{t('word.yes')}</span>;
  if (value === false || value === null) return <span class="quiet">{t('word.no')}</span>;
  if (typeof value === 'number') return <>{format.count(value)}</>;
  return <span class="wrap">{typeof value !== 'string' ? JSON.stringify(value) : value === '' ? '–' : value}</span>;
}

/** `{a: {b: 1}}` as `a.b`: 1. */
function flat(value: Readonly<Record<string, unknown>>, before = ''): [string, unknown][] {
  return Object.entries(value).flatMap(([name, inner]): [string, unknown][] =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? flat({ ...inner }, `${before}${name}.`)
      : [[`${before}${name}`, Array.isArray(inner) ? inner.join(', ') : inner]],
  );
}
