import { useState } from 'preact/hooks';
import type { EventKind, Store } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { useResource } from '../../live/resource.ts';
import { Button } from '../../parts/button.tsx';
import { Checkbox, Choices, SelectField, TextField } from '../../parts/field.tsx';
import { Page, Panel } from '../../parts/page.tsx';
import { Loaded, ProblemNotice } from '../../parts/problem.tsx';
import { pathTo } from '../../router.ts';

const KINDS: readonly EventKind[] = ['http', 'sns', 'sqs'];

export function NewEventSourcePage() {
  const { t, api } = useConsole();
  const stores = useResource('stores', (signal) => api.call('listStores', { query: { limit: 1000 }, signal }));
  return (
    <Page title={t('events.new')}>
      <Loaded from={stores}>{({ items }) => <Form stores={items} />}</Loaded>
    </Page>
  );
}

interface Draft {
  readonly name: string;
  readonly kind: EventKind;
  readonly source: string;
  readonly destination: string;
  readonly prefix: string;
  readonly deletes: boolean;
  readonly reconcile: string;
  readonly secret: string;
  readonly topic: string;
  readonly queue: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

const EMPTY: Draft = {
  name: '',
  kind: 'http',
  source: '',
  destination: '',
  prefix: '',
  deletes: false,
  reconcile: '1440',
  secret: '',
  topic: '',
  queue: '',
  region: '',
  accessKey: '',
  secretKey: '',
};

function bodyOf(draft: Draft): unknown {
  const { name, kind, source, destination, prefix, deletes, reconcile } = draft;
  const common = { name, kind, source, destination, prefix, deletes: deletes ? 'apply' : 'ignore' };
  const rest = { ...common, reconcile: Number(reconcile) };
  if (kind === 'http') return { ...rest, secret: draft.secret };
  if (kind === 'sns') return { ...rest, settings: { topic: draft.topic } };
  const settings = { queue_url: draft.queue, region: draft.region, access_key_id: draft.accessKey };
  return { ...rest, settings, secret_access_key: draft.secretKey };
}

function Form({ stores }: { readonly stores: readonly Store[] }) {
  const console = useConsole();
  const { t, api } = console;
  const [draft, setDraft] = useState(EMPTY);
  const [problem, setProblem] = useState<unknown>();
  const set =
    <K extends keyof Draft>(field: K) =>
    (value: Draft[K]): void =>
      setDraft({ ...draft, [field]: value });
  const make = async (): Promise<void> => {
    setProblem(undefined);
    try {
      const { name } = await api.call('createEventSource', { body: bodyOf(draft) });
      console.say(t('events.made', { name }));
      console.router.go(pathTo('events', name));
    } catch (thrown) {
      setProblem(thrown);
    }
  };
  const choices = [
    { value: '', label: t('wizard.choose') },
    ...stores.map(({ name, type }) => ({ value: name, label: `${name} (${type})` })),
  ];
  return (
    <form
      class="narrow stack"
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      <Panel>
        <TextField label={t('word.name')} mono value={draft.name} onInput={set('name')} />
        <Choices
          label={t('events.kind')}
          value={draft.kind}
          onChange={(value) => set('kind')(KINDS.find((kind) => kind === value)!)}
          options={KINDS.map((value) => ({
            value,
            label: t(`events.kind.${value}`),
            hint: t(`events.kind.${value}.hint`),
          }))}
        />
        <Proof draft={draft} set={set} />
        <SelectField label={t('events.source')} value={draft.source} onChange={set('source')} options={choices} />
        <SelectField
          label={t('events.destination')}
          value={draft.destination}
          onChange={set('destination')}
          options={choices}
        />
        <TextField
          label={t('events.prefix')}
          hint={t('events.prefix.hint')}
          optional
          mono
          value={draft.prefix}
          onInput={set('prefix')}
        />
        <Checkbox
          label={t('events.deletes')}
          hint={t('events.deletes.hint')}
          checked={draft.deletes}
          onChange={set('deletes')}
        />
        <TextField
          label={t('events.reconcile')}
          hint={t('events.reconcile.hint')}
          type="number"
          value={draft.reconcile}
          onInput={set('reconcile')}
        />
        <ProblemNotice problem={problem} />
        <div>
          <Button kind="main" type="submit">
            {t('events.new')}
          </Button>
        </div>
      </Panel>
    </form>
  );
}

/** Where events of a kind come from, and what proves that they do. */
function Proof({
  draft,
  set,
}: {
  readonly draft: Draft;
  readonly set: <K extends keyof Draft>(field: K) => (value: Draft[K]) => void;
}) {
  const { t } = useConsole();
  const text = (label: string, field: 'topic' | 'queue' | 'region' | 'accessKey') => (
    <TextField label={label} mono value={draft[field]} onInput={set(field)} />
  );
  if (draft.kind === 'sns') return text(t('events.topic'), 'topic');
  if (draft.kind === 'http')
    return (
      <TextField
        label={t('events.secret')}
        hint={t('events.secret.hint')}
        type="password"
        autocomplete="new-password"
        value={draft.secret}
        onInput={set('secret')}
      />
    );
  return (
    <>
      {text(t('events.queue'), 'queue')}
      {text(t('events.region'), 'region')}
      {text(t('events.accessKey'), 'accessKey')}
      <TextField
        label={t('events.secretKey')}
        type="password"
        autocomplete="new-password"
        value={draft.secretKey}
        onInput={set('secretKey')}
      />
    </>
  );
}
