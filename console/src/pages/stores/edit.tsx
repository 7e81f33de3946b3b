import { useState } from 'preact/hooks';
import type { StoreTest, StoreType } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { useResource } from '../../live/resource.ts';
import { Button } from '../../parts/button.tsx';
import { Checks } from '../../parts/checks.tsx';
import { TextField } from '../../parts/field.tsx';
import { fieldsOf, optionsOf, textsOf } from '../../parts/options.ts';
import { Page, Panel } from '../../parts/page.tsx';
import { Loaded, ProblemNotice } from '../../parts/problem.tsx';
import { NO_STORE, StoreForm, type StoreDraft } from '../../parts/store-form.tsx';
import { pathTo } from '../../router.ts';

/** A new store, or where `name` is given one that is changed. */
export function StoreEditPage({ name }: { readonly name?: string }) {
  const { t, api } = useConsole();
  const read = useResource(`edit store ${name ?? ''}`, async (signal) => {
    const [types, tagged] = await Promise.all([
      api.call('listStoreTypes', { signal }),
      name === undefined ? undefined : api.tagged('getStore', { params: { name }, signal }),
    ]);
    return { types: types.items, tagged };
  });
  const title = name === undefined ? t('stores.add') : t('stores.edit', { name });
  return (
    <Page title={title}>
      <Loaded from={read}>
        {({ types, tagged }) => (
          <Editor
            key={name ?? ''}
            types={types}
            name={name}
            etag={tagged?.etag}
            before={tagged === undefined ? NO_STORE : { ...tagged.value, options: textsOf(tagged.value.options) }}
          />
        )}
      </Loaded>
    </Page>
  );
}

function Editor({
  types,
  name: known,
  etag,
  before,
}: {
  readonly types: readonly StoreType[];
  readonly name: string | undefined;
  readonly etag: string | undefined;
  readonly before: StoreDraft;
}) {
  const console = useConsole();
  const { t, api } = console;
  const [name, setName] = useState(known ?? '');
  const [draft, setDraft] = useState(before);
  const [tested, setTested] = useState<StoreTest>();
  const [problem, setProblem] = useState<unknown>();
  const type = types.find((one) => one.type === draft.type);
  const body = () => ({
    ...(name === '' ? {} : { name }),
    type: draft.type,
    path: draft.path,
    options: type === undefined ? {} : optionsOf(fieldsOf(type), draft.options),
  });
  const trying = async (act: () => Promise<unknown>): Promise<void> => {
    setProblem(undefined);
    setTested(undefined);
    await act().catch(setProblem);
  };
  const test = (): Promise<void> =>
    trying(async () => {
      const found = await api.call('tryStore', { body: body() });
      setTested(found);
      console.say(t(found.ok ? 'stores.ok' : 'stores.notOk'));
    });
  const save = (): Promise<void> =>
    trying(async () => {
      if (known === undefined) await api.call('createStore', { body: body() });
      else
        await api.call('replaceStore', {
          params: { name: known },
          body: body(),
          ...(etag === undefined ? {} : { ifMatch: etag }),
        });
      console.say(t('stores.saved', { name }));
      console.router.go(pathTo('stores', name));
    });
  return (
    <form
      class="narrow stack"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <Panel>
        {known === undefined && (
          <TextField label={t('word.name')} hint={t('stores.name.hint')} mono value={name} onInput={setName} />
        )}
        <StoreForm types={types} draft={draft} onChange={setDraft} />
        {tested !== undefined && <Checks checks={tested.checks} />}
        <ProblemNotice problem={problem} />
        <div class="row wraps">
          <Button kind="main" type="submit">
            {t('do.save')}
          </Button>
          <Button onPress={test} blocked={draft.type === '' ? t('stores.type') : undefined}>
            {t('stores.test')}
          </Button>
          <span class="quiet small">{t('stores.test.hint')}</span>
        </div>
      </Panel>
    </form>
  );
}
