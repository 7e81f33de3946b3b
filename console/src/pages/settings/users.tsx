import { useState } from 'preact/hooks';
import type { User } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { useResource } from '../../live/resource.ts';
import { Button } from '../../parts/button.tsx';
import { Confirm, Dialog } from '../../parts/dialog.tsx';
import { Checkbox, TextField } from '../../parts/field.tsx';
import { Empty, Panel } from '../../parts/page.tsx';
import { Loaded, ProblemNotice } from '../../parts/problem.tsx';
import { ShownOnce } from '../../parts/secret.tsx';
import { Table } from '../../parts/table.tsx';

export function UsersPanel() {
  const console = useConsole();
  const { t, api } = console;
  const users = useResource('users', (signal) => api.call('listUsers', { signal }));
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<User>();
  const remove = async ({ name }: User): Promise<void> => {
    await api.call('removeUser', { params: { name } });
    console.say(t('users.removed', { name }));
    users.reload();
  };
  return (
    <Panel
      title={t('users.title')}
      aside={
        <Button icon="add" onPress={() => setAdding(true)}>
          {t('users.add')}
        </Button>
      }
    >
      <p class="quiet">{t('users.lead')}</p>
      <Loaded from={users}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t('users.empty')} hint={t('users.empty.hint')} />
          ) : (
            <Table
              caption={t('users.caption')}
              rows={items}
              id={({ name }) => name}
              columns={[
                {
                  key: 'name',
                  head: t('word.name'),
                  is: 'row',
                  cell: ({ name }) => <span class="name wrap">{name}</span>,
                },
                { key: 'tenant', head: t('users.tenant'), cell: ({ tenant }) => tenant },
                {
                  key: 'key',
                  head: t('users.key'),
                  wide: true,
                  cell: ({ accessKeyId }) => <code class="wrap">{accessKeyId}</code>,
                },
                {
                  key: 'buckets',
                  head: t('users.buckets'),
                  wide: true,
                  cell: ({ buckets }) => <span class="wrap">{buckets?.join(', ') ?? t('users.buckets.all')}</span>,
                },
                {
                  key: 'rights',
                  head: t('users.rights'),
                  cell: ({ readOnly }) => t(readOnly ? 'users.readOnly' : 'users.readWrite'),
                },
                {
                  key: 'do',
                  head: t('word.actions'),
                  is: 'number',
                  cell: (user) =>
                    user.source === 'api' ? (
                      <Button
                        small
                        kind="plain"
                        label={t('users.remove', { name: user.name })}
                        onPress={() => setRemoving(user)}
                      >
                        {t('do.remove')}
                      </Button>
                    ) : (
                      <span class="quiet">{t(`users.source.${user.source}`)}</span>
                    ),
                },
              ]}
            />
          )
        }
      </Loaded>
      {adding && (
        <AddUser
          onClose={() => {
            setAdding(false);
            users.reload();
          }}
        />
      )}
      {removing !== undefined && (
        <Confirm
          title={t('users.remove', { name: removing.name })}
          does={t('users.remove.does')}
          confirm={t('do.remove')}
          act={() => remove(removing)}
          onClose={() => setRemoving(undefined)}
        />
      )}
    </Panel>
  );
}

function AddUser({ onClose }: { readonly onClose: () => void }) {
  const { t, api } = useConsole();
  const [name, setName] = useState('');
  const [tenant, setTenant] = useState('');
  const [buckets, setBuckets] = useState('');
  const [readOnly, setReadOnly] = useState(false);
  const [made, setMade] = useState<{ accessKeyId: string; secretAccessKey: string }>();
  const [problem, setProblem] = useState<unknown>();
  const add = async (): Promise<void> => {
    const listed = buckets
      .split(',')
      .map((bucket) => bucket.trim())
      .filter((bucket) => bucket !== '');
    const body = {
      name,
      ...(tenant === '' ? {} : { tenant }),
      readOnly,
      ...(listed.length === 0 ? {} : { buckets: listed }),
    };
    await api.call('createUser', { body }).then(setMade, setProblem);
  };
  if (made !== undefined)
    return (
      <Dialog title={t('tokens.shown')} onClose={onClose}>
        <ShownOnce label={t('users.key')} value={made.accessKeyId} />
        <ShownOnce label={t('users.secret')} value={made.secretAccessKey} />
        <div class="dialog-foot">
          <Button kind="main" onPress={onClose}>
            {t('do.close')}
          </Button>
        </div>
      </Dialog>
    );
  return (
    <Dialog title={t('users.add')} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <TextField label={t('word.name')} value={name} onInput={setName} />
        <TextField label={t('users.tenant')} optional value={tenant} onInput={setTenant} />
        <TextField
          label={t('users.buckets')}
          hint={t('users.buckets.hint')}
          optional
          value={buckets}
          onInput={setBuckets}
        />
        <Checkbox label={t('users.readOnly')} checked={readOnly} onChange={setReadOnly} />
        <ProblemNotice problem={problem} />
        <div class="dialog-foot">
          <Button onPress={onClose}>{t('do.cancel')}</Button>
          <Button kind="main" type="submit">
            {t('users.add')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
