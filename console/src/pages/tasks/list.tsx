import { useState } from 'preact/hooks';
import type { Task } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { useRecent } from '../../live/recent.ts';
import { Button, ButtonLink } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { Select } from '../../parts/field.tsx';
import { Empty, Page, Panel } from '../../parts/page.tsx';
import { ProblemNotice } from '../../parts/problem.tsx';
import type { Column } from '../../parts/table.tsx';
import { VirtualTable } from '../../parts/virtual-table.tsx';
import { pathTo } from '../../router.ts';
import { doInBulk, type BulkOutcome, type BulkVerb } from './bulk.ts';
import { TASK_STATES, TaskBadge, TaskMeter } from './task-state.tsx';

/** Tasks of a page that is read at once. */
const AT_ONCE = 200;

export function TasksPage() {
  const console = useConsole();
  const { t, api, format } = console;
  const [search, setSearch] = useState('');
  const [state, setState] = useState('');
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [rows, setRows] = useState<readonly Task[]>([]);
  const [changes, setChanges] = useState(0);
  const recent = useRecent<Task>('task');
  const filtered = search !== '' || state !== '';
  const mayMake = console.may('operator');
  const make = mayMake && (
    <ButtonLink href="/new/task" kind="main" icon="add">
      {t('tasks.new')}
    </ButtonLink>
  );
  const toggle = (name: string): void => {
    const next = new Set(selected);
    if (!next.delete(name)) next.add(name);
    setSelected(next);
  };
  return (
    <Page title={t('tasks.title')} actions={make}>
      <Panel flush>
        <div class="filters" role="search">
          <input
            type="search"
            aria-label={t('tasks.search')}
            placeholder={t('tasks.search')}
            value={search}
            onInput={({ currentTarget }) => setSearch(currentTarget.value)}
          />
          <Select
            label={t('tasks.state')}
            value={state}
            onChange={setState}
            options={[
              { value: '', label: t('tasks.state.all') },
              ...TASK_STATES.map((value) => ({ value, label: t(`state.${value}`) })),
            ]}
          />
          {mayMake && (
            <Bulk
              tasks={rows.filter(({ name }) => selected.has(name)).map(recent.apply)}
              all={rows}
              onSelect={(names) => setSelected(new Set(names))}
              onDone={() => setChanges(changes + 1)}
            />
          )}
        </div>
        <VirtualTable
          of={`tasks ${state} ${search}`}
          version={recent.version + changes}
          caption={t('tasks.caption')}
          load={(cursor, signal) => api.call('listTasks', { query: { cursor, state, search, limit: AT_ONCE }, signal })}
          newer={recent.apply}
          onRows={(held) => {
            recent.knows(held.map(({ name }) => name));
            setRows(held);
          }}
          id={({ name }) => name}
          selection={mayMake ? { has: (name) => selected.has(name), toggle } : undefined}
          columns={columns(console)}
          empty={
            filtered ? (
              <Empty title={t('tasks.empty')} />
            ) : (
              <Empty title={t('tasks.empty.none')} hint={t('tasks.empty.hint')}>
                {make}
              </Empty>
            )
          }
        />
      </Panel>
    </Page>
  );

  function columns({ t: text }: typeof console): readonly Column<Task>[] {
    return [
      {
        key: 'name',
        head: text('word.name'),
        is: 'row',
        cell: ({ name }) => (
          <a class="name cut" href={pathTo('tasks', name)} title={name}>
            {name}
          </a>
        ),
      },
      { key: 'state', head: text('tasks.state'), width: '112px', cell: (task) => <TaskBadge state={task.state} /> },
      {
        key: 'progress',
        head: text('tasks.progress'),
        width: '170px',
        wide: true,
        cell: (task) => <TaskMeter task={task} />,
      },
      {
        key: 'rate',
        head: text('tasks.rate'),
        is: 'number',
        width: '104px',
        cell: ({ state: now, progress }) =>
          now === 'running' && progress !== undefined ? format.rate(progress.rate.bytes) : <span class="quiet">–</span>,
      },
      {
        key: 'failed',
        head: text('tasks.failed'),
        is: 'number',
        width: '84px',
        wide: true,
        cell: ({ failed }) =>
          failed === 0 ? <span class="quiet">0</span> : <strong class="alarm">{format.count(failed)}</strong>,
      },
      {
        key: 'way',
        head: text('tasks.way'),
        wide: true,
        cell: ({ source, destination }) => (
          <span class="cut quiet" title={`${source} → ${destination}`}>{`${source} → ${destination}`}</span>
        ),
      },
    ];
  }
}

function Bulk({
  tasks,
  all,
  onSelect,
  onDone,
}: {
  readonly tasks: readonly Task[];
  readonly all: readonly Task[];
  readonly onSelect: (names: readonly string[]) => void;
  readonly onDone: () => void;
}) {
  const console = useConsole();
  const { t, format } = console;
  const [removing, setRemoving] = useState(false);
  const [outcome, setOutcome] = useState<BulkOutcome>();
  const act = async (verb: BulkVerb): Promise<void> => {
    const done = await doInBulk(console.api, verb, tasks);
    setOutcome(done.problem === undefined ? undefined : done);
    console.say(t('tasks.done', { done: done.done, n: tasks.length }));
    onDone();
  };
  if (tasks.length === 0)
    return all.length === 0 ? null : (
      <Button small kind="plain" onPress={() => onSelect(all.map(({ name }) => name))}>
        {t('word.selectAll')}
      </Button>
    );
  return (
    <>
      <div class="row wraps" role="group" aria-label={t('tasks.selected', { n: tasks.length })}>
        <strong>{t('tasks.selected', { n: format.count(tasks.length) })}</strong>
        <Button small icon="pause" onPress={() => act('pause')}>
          {t('do.pause')}
        </Button>
        <Button small icon="play" onPress={() => act('resume')}>
          {t('do.resume')}
        </Button>
        <Button small kind="alarm" onPress={() => setRemoving(true)}>
          {t('do.remove')}
        </Button>
        <Button small kind="plain" onPress={() => onSelect([])}>
          {t('do.cancel')}
        </Button>
      </div>
      <ProblemNotice problem={outcome?.problem} />
      {removing && (
        <Confirm
          title={t('tasks.remove', { n: tasks.length })}
          does={t('task.remove.does')}
          confirm={t('do.remove')}
          act={async () => {
            await act('remove');
            onSelect([]);
          }}
          onClose={() => setRemoving(false)}
        >
          <ul class="wrap">
            {tasks.slice(0, 8).map(({ name }) => (
              <li key={name}>{name}</li>
            ))}
            {tasks.length > 8 && <li>…</li>}
          </ul>
        </Confirm>
      )}
    </>
  );
}
