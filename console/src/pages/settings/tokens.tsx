import { useState } from 'preact/hooks';
import type { Role, Token } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { useResource } from '../../live/resource.ts';
import { Button } from '../../parts/button.tsx';
import { Confirm, Dialog } from '../../parts/dialog.tsx';
import { Choices, TextField } from '../../parts/field.tsx';
import { Panel } from '../../parts/page.tsx';
import { Loaded, ProblemNotice } from '../../parts/problem.tsx';
import { ShownOnce } from '../../parts/secret.tsx';
import { Table } from '../../parts/table.tsx';

const ROLES: readonly Role[] = ['viewer', 'operator', 'admin'];

export function TokensPanel() {
  const console = useConsole();
  const { t, api, format } = console;
  const tokens = useResource('tokens', (signal) => api.call('listTokens', { signal }));
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Token>();
  const remove = async ({ id, name }: Token): Promise<void> => {
    await api.call('removeToken', { params: { id } });
    console.say(t('tokens.removed', { name }));
    tokens.reload();
  };
  return (
    <Panel
      title={t('tokens.title')}
      aside={
        <Button icon="add" onPress={() => setAdding(true)}>
          {t('tokens.add')}
        </Button>
      }
    >
      <p class="quiet">{t('tokens.lead')}</p>
      <Loaded from={tokens}>
        {({ items }) => (
          <Table
            caption={t('tokens.caption')}
            rows={items}
            id={({ id }) => id}
            columns={[
              {
                key: 'name',
                head: t('word.name'),
                is: 'row',
                cell: ({ name }) => <span class="name wrap">{name}</span>,
              },
              { key: 'role', head: t('tokens.role'), cell: ({ role }) => t(`role.${role}`) },
              {
                key: 'created',
                head: t('tokens.created'),
                wide: true,
                cell: ({ createdAt }) => format.moment(createdAt),
              },
              {
                key: 'expires',
                head: t('tokens.expires'),
                wide: true,
                cell: ({ expiresAt }) =>
                  expiresAt === undefined ? <span class="quiet">{t('tokens.never')}</span> : format.moment(expiresAt),
              },
              {
                key: 'do',
                head: t('word.actions'),
                is: 'number',
                cell: (token) => (
                  <Button
                    small
                    kind="plain"
                    label={t('tokens.remove', { name: token.name })}
                    onPress={() => setRemoving(token)}
                  >
                    {t('do.remove')}
                  </Button>
                ),
              },
            ]}
          />
        )}
      </Loaded>
      {adding && (
        <AddToken
          onClose={() => {
            setAdding(false);
            tokens.reload();
          }}
        />
      )}
      {removing !== undefined && (
        <Confirm
          title={t('tokens.remove', { name: removing.name })}
          does={t('tokens.remove.does')}
          confirm={t('do.remove')}
          act={() => remove(removing)}
          onClose={() => setRemoving(undefined)}
        />
      )}
    </Panel>
  );
}

function AddToken({ onClose }: { readonly onClose: () => void }) {
  const { t, api } = useConsole();
  const [name, setName] = useState('');
  const [role, setRole] = useState<string>('viewer');
  const [days, setDays] = useState('');
  const [made, setMade] = useState<string>();
  const [problem, setProblem] = useState<unknown>();
  const add = async (): Promise<void> => {
    try {
      const body = { name, role, ...(days === '' ? {} : { days: Number(days) }) };
      setMade((await api.call('createToken', { body })).token);
    } catch (thrown) {
      setProblem(thrown);
    }
  };
  if (made !== undefined)
    return (
      <Dialog title={t('tokens.shown')} onClose={onClose}>
        <ShownOnce label={name} value={made} />
        <div class="dialog-foot">
          <Button kind="main" onPress={onClose}>
            {t('do.close')}
          </Button>
        </div>
      </Dialog>
    );
  return (
    <Dialog title={t('tokens.add')} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <TextField label={t('word.name')} hint={t('tokens.name.hint')} value={name} onInput={setName} />
        <Choices
          label={t('tokens.role')}
          value={role}
          onChange={setRole}
          options={ROLES.map((value) => ({ value, label: t(`role.${value}`), hint: t(`role.${value}.may`) }))}
        />
        <TextField
          label={t('tokens.days')}
          hint={t('tokens.days.hint')}
          optional
          type="number"
          value={days}
          onInput={setDays}
        />
        <ProblemNotice problem={problem} />
        <div class="dialog-foot">
          <Button onPress={onClose}>{t('do.cancel')}</Button>
          <Button kind="main" type="submit">
            {t('tokens.add')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
