import { useState } from 'preact/hooks';
import type { Schedule } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { useResource } from '../../live/resource.ts';
import { Button } from '../../parts/button.tsx';
import { Confirm, Dialog } from '../../parts/dialog.tsx';
import { TextField } from '../../parts/field.tsx';
import { Empty, Panel } from '../../parts/page.tsx';
import { Loaded, ProblemNotice } from '../../parts/problem.tsx';
import { Table } from '../../parts/table.tsx';

export function SchedulesPanel() {
  const console = useConsole();
  const { t, api, format } = console;
  const schedules = useResource('schedules', (signal) => api.call('listSchedules', { signal }), {
    on: ({ type }) => type === 'schedule',
  });
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Schedule>();
  const moment = (at: number | undefined) => <span class="moment">{at === undefined ? '–' : format.moment(at)}</span>;
  return (
    <Panel
      title={t('schedules.title')}
      flush
      aside={
        console.may('operator') && (
          <Button icon="add" onPress={() => setAdding(true)}>
            {t('schedules.add')}
          </Button>
        )
      }
    >
      <Loaded from={schedules}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t('schedules.empty')} hint={t('schedules.empty.hint')} />
          ) : (
            <Table
              caption={t('schedules.caption')}
              rows={items}
              id={({ id }) => id}
              columns={[
                {
                  key: 'task',
                  head: t('schedules.task'),
                  is: 'row',
                  cell: ({ task }) => <span class="name wrap">{task}</span>,
                },
                {
                  key: 'cron',
                  head: t('schedules.cron'),
                  cell: ({ cron, timeZone }) => <code>{`${cron} ${timeZone ?? ''}`}</code>,
                },
                { key: 'next', head: t('schedules.next'), wide: true, cell: ({ nextAt }) => moment(nextAt) },
                { key: 'last', head: t('schedules.last'), wide: true, cell: ({ lastAt }) => moment(lastAt) },
                {
                  key: 'do',
                  head: t('word.actions'),
                  is: 'number',
                  cell: (schedule) => (
                    <Button
                      small
                      kind="plain"
                      label={t('schedules.remove', { name: schedule.task })}
                      onPress={() => setRemoving(schedule)}
                    >
                      {t('do.remove')}
                    </Button>
                  ),
                },
              ]}
            />
          )
        }
      </Loaded>
      {adding && (
        <AddSchedule
          onClose={() => {
            setAdding(false);
            schedules.reload();
          }}
        />
      )}
      {removing !== undefined && (
        <Confirm
          title={t('schedules.remove', { name: removing.task })}
          does={t('schedules.remove.does')}
          confirm={t('do.remove')}
          act={async () => {
            await api.call('removeSchedule', { params: { id: removing.id } });
            schedules.reload();
          }}
          onClose={() => setRemoving(undefined)}
        />
      )}
    </Panel>
  );
}

function AddSchedule({ onClose }: { readonly onClose: () => void }) {
  const { t, api } = useConsole();
  const [task, setTask] = useState('');
  const [cron, setCron] = useState('30 2 * * *');
  const [problem, setProblem] = useState<unknown>();
  const add = (): Promise<void> => api.call('createSchedule', { body: { task, cron } }).then(onClose, setProblem);
  return (
    <Dialog title={t('schedules.add')} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <TextField label={t('schedules.task')} mono value={task} onInput={setTask} />
        <TextField label={t('schedules.cron')} hint={t('schedules.cron.hint')} mono value={cron} onInput={setCron} />
        <ProblemNotice problem={problem} />
        <div class="dialog-foot">
          <Button onPress={onClose}>{t('do.cancel')}</Button>
          <Button kind="main" type="submit">
            {t('schedules.add')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
