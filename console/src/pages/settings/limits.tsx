import { useState } from 'preact/hooks';
import { useConsole } from '../../console.ts';
import { useResource } from '../../live/resource.ts';
import { Button } from '../../parts/button.tsx';
import { Panel } from '../../parts/page.tsx';
import { Loaded, ProblemNotice } from '../../parts/problem.tsx';
import { bandwidthOf, textOfEntries, type TimetableEntry } from '../../parts/timetable.ts';
import { TextField } from '../../parts/field.tsx';

const USUAL: readonly TimetableEntry[] = [
  { from: '08:00', rate: '20MiB' },
  { from: '19:00', rate: 'off' },
];

/** One timetable for whatever is under way. */
export function LimitsPanel() {
  const console = useConsole();
  const { t, api } = console;
  const tasks = useResource(
    'tasks under way',
    (signal) => api.call('listTasks', { query: { state: 'running,queued,paused', limit: 1000 }, signal }),
    {
      on: ({ type }) => type === 'task',
    },
  );
  const [entries, setEntries] = useState(USUAL);
  const [problem, setProblem] = useState<unknown>();
  const set = (at: number, change: Partial<TimetableEntry>): void =>
    setEntries(entries.map((entry, i) => (i === at ? { ...entry, ...change } : entry)));
  const apply = async (names: readonly string[]): Promise<void> => {
    setProblem(undefined);
    try {
      const bandwidth = bandwidthOf(textOfEntries(entries));
      for (const name of names) await api.call('changeLimits', { params: { name }, body: { bandwidth } });
      console.say(t('limits.applied', { n: names.length }));
    } catch (thrown) {
      setProblem(thrown);
    }
  };
  return (
    <Panel title={t('limits.title')}>
      <p class="quiet">{t('limits.lead')}</p>
      <ul role="list" class="timetable">
        {entries.map((entry, i) => (
          <li key={i}>
            <TextField label={t('timetable.from')} mono value={entry.from} onInput={(from) => set(i, { from })} />
            <TextField
              label={t('timetable.rate')}
              hint={i === 0 ? t('timetable.rate.hint') : undefined}
              mono
              value={entry.rate}
              onInput={(rate) => set(i, { rate })}
            />
            <Button
              small
              kind="plain"
              label={t('timetable.remove', { time: entry.from })}
              onPress={() => setEntries(entries.filter((_, other) => other !== i))}
            >
              {t('do.remove')}
            </Button>
          </li>
        ))}
      </ul>
      <ProblemNotice problem={problem} />
      <Loaded from={tasks}>
        {({ items }) => (
          <div class="row wraps">
            <Button icon="add" onPress={() => setEntries([...entries, { from: '', rate: '' }])}>
              {t('timetable.add')}
            </Button>
            <Button
              kind="main"
              blocked={
                items.length === 0
                  ? t('limits.none')
                  : console.may('operator')
                    ? undefined
                    : t('role.needed', { role: t('role.operator') })
              }
              onPress={() => apply(items.map(({ name }) => name))}
            >
              {items.length === 0 ? t('limits.none') : t('limits.apply', { n: items.length })}
            </Button>
          </div>
        )}
      </Loaded>
    </Panel>
  );
}
