import { useState } from 'preact/hooks';
import type { Tagged } from '../../api/client.ts';
import type { ServerLimits } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { useResource } from '../../live/resource.ts';
import { Button } from '../../parts/button.tsx';
import { TextField } from '../../parts/field.tsx';
import { Panel } from '../../parts/page.tsx';
import { Loaded, ProblemNotice } from '../../parts/problem.tsx';
import { bandwidthOf, entriesOf, textOfEntries, type TimetableEntry } from '../../parts/timetable.ts';

/** What all tasks of the server may take together. */
export function LimitsPanel() {
  const { t, api } = useConsole();
  const limits = useResource('limits', (signal) => api.tagged('getLimits', { signal }), {
    on: ({ type }) => type === 'limits',
    every: 30_000,
  });
  return (
    <Panel title={t('limits.title')}>
      <p class="quiet">{t('limits.lead')}</p>
      <Loaded from={limits}>{(tagged) => <Editor key={tagged.etag} tagged={tagged} onSaved={limits.reload} />}</Loaded>
    </Panel>
  );
}

function Editor({ tagged, onSaved }: { readonly tagged: Tagged<ServerLimits>; readonly onSaved: () => void }) {
  const console = useConsole();
  const { t, api } = console;
  const { value, etag } = tagged;
  const [entries, setEntries] = useState(entriesOf(value.bandwidth));
  const [requests, setRequests] = useState(String(value.requestsPerSecond ?? ''));
  const [objects, setObjects] = useState(String(value.objectsPerSecond ?? ''));
  const [problem, setProblem] = useState<unknown>();
  const seen = etag === undefined ? {} : { ifMatch: etag };
  const change = async (act: () => Promise<unknown>, said: string): Promise<void> => {
    setProblem(undefined);
    try {
      await act();
      console.say(said);
      onSaved();
    } catch (thrown) {
      setProblem(thrown);
    }
  };
  const save = (): Promise<void> => {
    const text = textOfEntries(entries);
    const body = {
      bandwidth: text === '' ? null : bandwidthOf(text),
      requestsPerSecond: requests === '' ? null : Number(requests),
      objectsPerSecond: objects === '' ? null : Number(objects),
    };
    return change(() => api.call('setLimits', { body, ...seen }), t('limits.saved'));
  };
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <Now limits={value} />
      <Timetable entries={entries} onChange={setEntries} />
      <div class="pair">
        <TextField
          label={t('limits.requests')}
          hint={t('limits.none.hint')}
          type="number"
          value={requests}
          onInput={setRequests}
        />
        <TextField
          label={t('limits.objects')}
          hint={t('limits.none.hint')}
          type="number"
          value={objects}
          onInput={setObjects}
        />
      </div>
      <ProblemNotice problem={problem} />
      {console.may('operator') && (
        <div class="row wraps">
          <Button kind="main" type="submit">
            {t('do.save')}
          </Button>
          {value.from === 'api' && (
            <Button onPress={() => change(() => api.call('resetLimits', seen), t('limits.reset.done'))}>
              {t('limits.reset')}
            </Button>
          )}
        </div>
      )}
    </form>
  );
}

function Now({ limits: { now, from } }: { readonly limits: ServerLimits }) {
  const { t, format } = useConsole();
  return (
    <dl class="facts">
      <dt>{t('limits.now')}</dt>
      <dd>{now.bytesPerSecond === undefined ? t('limits.now.none') : format.rate(now.bytesPerSecond)}</dd>
      <dt>{t('limits.from')}</dt>
      <dd>{t(`limits.from.${from}`)}</dd>
    </dl>
  );
}

function Timetable({
  entries,
  onChange,
}: {
  readonly entries: readonly TimetableEntry[];
  readonly onChange: (entries: readonly TimetableEntry[]) => void;
}) {
  const console = useConsole();
  const { t } = console;
  const set = (at: number, changed: Partial<TimetableEntry>): void =>
    onChange(entries.map((entry, i) => (i === at ? { ...entry, ...changed } : entry)));
  const mayChange = console.may('operator');
  return (
    <div class="stack">
      {entries.length === 0 && <p class="quiet">{t('timetable.none')}</p>}
      <ul role="list" class="timetable">
        {entries.map((entry, i) => (
          <li key={i}>
            <TextField
              label={t('timetable.from')}
              hint={i === 0 ? t('timetable.from.hint') : undefined}
              mono
              value={entry.from}
              onInput={(from) => set(i, { from })}
            />
            <TextField
              label={t('timetable.rate')}
              hint={i === 0 ? t('timetable.rate.hint') : undefined}
              mono
              value={entry.rate}
              onInput={(rate) => set(i, { rate })}
            />
            {mayChange && (
              <Button
                small
                kind="plain"
                label={t('timetable.remove', { time: entry.from })}
                onPress={() => onChange(entries.filter((_, other) => other !== i))}
              >
                {t('do.remove')}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {mayChange && (
        <div>
          <Button icon="add" onPress={() => onChange([...entries, { from: '', rate: '' }])}>
            {t('timetable.add')}
          </Button>
        </div>
      )}
    </div>
  );
}
