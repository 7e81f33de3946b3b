import { useState } from 'preact/hooks';
import type { Task } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { useResource } from '../../live/resource.ts';
import { Button } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { Page } from '../../parts/page.tsx';
import { Loaded, ProblemNotice } from '../../parts/problem.tsx';
import { pathTo } from '../../router.ts';
import { TaskFailures } from './failures.tsx';
import { TaskFiles } from './files.tsx';
import { TaskLog, TaskReports } from './log.tsx';
import { TaskOverview } from './overview.tsx';
import { TaskSettings } from './settings.tsx';
import { ACTIONS, mayBeRemoved, TaskBadge } from './task-state.tsx';

const TABS = ['overview', 'failures', 'files', 'settings', 'log', 'report'] as const;

export function TaskPage({ name, tab = 'overview' }: { readonly name: string; readonly tab: string | undefined }) {
  const { t, api, format } = useConsole();
  const task = useResource(`task ${name}`, (signal) => api.call('getTask', { params: { name }, signal }), {
    on: ({ type, subject }) => (type === 'task' || type === 'task-failed') && subject === name,
  });
  const shown = task.data;
  return (
    <Page
      title={name}
      lead={
        shown !== undefined && (
          <span class="row wide wraps">
            <TaskBadge state={shown.state} />
            <span class="wrap">
              {shown.source} → {shown.destination}
            </span>
          </span>
        )
      }
      actions={shown !== undefined && <TaskActions task={shown} onDone={task.reload} />}
    >
      <nav class="tabs" aria-label={t('task.tabs')}>
        {TABS.map((each) => (
          <a
            key={each}
            href={each === 'overview' ? pathTo('tasks', name) : pathTo('tasks', name, each)}
            aria-current={each === tab ? 'page' : undefined}
          >
            {t(`task.tab.${each}`)}
            {each === 'failures' && shown !== undefined && shown.failed > 0 && (
              <>
                {' '}
                <span class="count alarm">{format.count(shown.failed)}</span>
              </>
            )}
          </a>
        ))}
      </nav>
      <Loaded from={task}>{(data) => <Tab tab={tab} task={data} reload={task.reload} />}</Loaded>
    </Page>
  );
}

function Tab({ tab, task, reload }: { readonly tab: string; readonly task: Task; readonly reload: () => void }) {
  switch (tab) {
    case 'failures':
      return <TaskFailures task={task} onRetried={reload} />;
    case 'files':
      return <TaskFiles task={task} />;
    case 'settings':
      return <TaskSettings key={task.name} task={task} onSaved={reload} />;
    case 'log':
      return <TaskLog task={task} />;
    case 'report':
      return <TaskReports task={task} />;
    default:
      return <TaskOverview task={task} />;
  }
}

function TaskActions({ task, onDone }: { readonly task: Task; readonly onDone: () => void }) {
  const console = useConsole();
  const { t, api } = console;
  const [removing, setRemoving] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const { name, state } = task;
  if (!console.may('operator')) return null;
  const remove = async (): Promise<void> => {
    await api.call('removeTask', { params: { name } });
    console.say(t('task.removed', { name }));
    console.router.go('/tasks');
  };
  return (
    <>
      {ACTIONS[state].map(({ operation, label, icon }, i) => (
        <Button
          key={operation}
          icon={icon}
          {...(i === 0 && state !== 'running' ? { kind: 'main' as const } : {})}
          onPress={async () => {
            setProblem(undefined);
            await api.call(operation, { params: { name } }).then(onDone, setProblem);
          }}
        >
          {t(label)}
        </Button>
      ))}
      {mayBeRemoved(state) && (
        <Button kind="alarm" onPress={() => setRemoving(true)}>
          {t('do.remove')}
        </Button>
      )}
      {problem !== undefined && <ProblemNotice problem={problem} />}
      {removing && (
        <Confirm
          title={t('task.remove', { name })}
          does={t('task.remove.does')}
          confirm={t('do.remove')}
          typed={name}
          act={remove}
          onClose={() => setRemoving(false)}
        />
      )}
    </>
  );
}
