import { useState } from 'preact/hooks';
import type { Store } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { useResource } from '../../live/resource.ts';
import { Button, ButtonLink } from '../../parts/button.tsx';
import { Checkbox, SelectField, TextField } from '../../parts/field.tsx';
import { Empty, Page, Panel } from '../../parts/page.tsx';
import { Loaded, ProblemNotice } from '../../parts/problem.tsx';
import { pathTo } from '../../router.ts';

export function NewJobPage() {
  const console = useConsole();
  const { t, api } = console;
  const stores = useResource('stores', (signal) => api.call('listStores', { query: { limit: 1000 }, signal }));
  return (
    <Page title={t('jobs.new')} lead={t('job.new.lead')}>
      <Loaded from={stores}>
        {({ items }) =>
          items.length === 0 ? (
            <Panel>
              <Empty title={t('job.new.none')}>
                {console.may('admin') && (
                  <ButtonLink href="/new/store" icon="add">
                    {t('stores.add')}
                  </ButtonLink>
                )}
              </Empty>
            </Panel>
          ) : (
            <Form stores={items} />
          )
        }
      </Loaded>
    </Page>
  );
}

function Form({ stores }: { readonly stores: readonly Store[] }) {
  const console = useConsole();
  const { t, api } = console;
  const [urls, setUrls] = useState('');
  const [target, setTarget] = useState(stores[0]!.name);
  const [host, setHost] = useState(false);
  const [callback, setCallback] = useState('');
  const [priority, setPriority] = useState('5');
  const [problem, setProblem] = useState<unknown>();
  const listed = urls
    .split('\n')
    .map((url) => url.trim())
    .filter((url) => url !== '');
  const give = async (): Promise<void> => {
    setProblem(undefined);
    try {
      const { id } = await api.call('putJob', {
        query: { priority },
        body: {
          'target-type': stores.find(({ name }) => name === target)!.type,
          'target-bucket': target,
          keys: host ? 'host' : 'path',
          ...(callback.trim() === '' ? {} : { 'callback-url': callback.trim() }),
          'origin-files': listed,
        },
      });
      console.say(t('job.accepted', { name: id }));
      console.router.go(pathTo('jobs', id));
    } catch (thrown) {
      setProblem(thrown);
    }
  };
  return (
    <form
      class="narrow stack"
      onSubmit={(event) => {
        event.preventDefault();
        void give();
      }}
    >
      <Panel>
        <TextField
          label={t('job.new.urls')}
          hint={t('job.new.urls.hint')}
          mono
          rows={10}
          placeholder="https://old.example.com/photos/1.jpg"
          value={urls}
          onInput={setUrls}
        />
        <SelectField
          label={t('job.new.target')}
          value={target}
          onChange={setTarget}
          options={stores.map(({ name, type }) => ({ value: name, label: `${name} (${type})` }))}
        />
        <Checkbox label={t('job.new.host')} checked={host} onChange={setHost} />
        <TextField
          label={t('job.new.callback')}
          hint={t('job.new.callback.hint')}
          optional
          mono
          value={callback}
          onInput={setCallback}
        />
        <TextField
          label={t('job.new.priority')}
          hint={t('limits.priority.hint')}
          type="number"
          value={priority}
          onInput={setPriority}
        />
        <ProblemNotice problem={problem} />
        <div>
          <Button kind="main" type="submit" blocked={listed.length === 0 ? t('job.new.urls') : undefined}>
            {t('jobs.new')}
          </Button>
        </div>
      </Panel>
    </form>
  );
}
