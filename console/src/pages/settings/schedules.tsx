import { useState } from 'preact/hooks';
import type { Schedule } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { useResource } from '../../live/resource.ts';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { Empty, Panel } from '../../parts/page.tsx';
import { Loaded, ProblemNotice } from '../../parts/problem.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { bodyOf, ScheduleForm } from './schedule-form.tsx';

export function SchedulesPanel() {
  const console = useConsole();
  const { t, api, format } = console;
  const schedules = useResource('schedules', (signal) => api.call('listSchedules', { signal }), {
    on: ({ type }) => type === 'schedule',
  });
  const [editing, setEditing] = useState<Schedule | 'new'>();
  const [removing, setRemoving] = useState<Schedule>();
  const [problem, setProblem] = useState<unknown>();
  /** As it is in this moment, whatever the page shows. */
  const etagOf = async ({ id }: Schedule): Promise<{ ifMatch?: string }> => {
    const { etag } = await api.tagged('getSchedule', { params: { id } });
    return etag === undefined ? {} : { ifMatch: etag };
  };
  const turn = async (schedule: Schedule, enabled: boolean): Promise<void> => {
    setProblem(undefined);
    try {
      const seen = await etagOf(schedule);
      await api.call('replaceSchedule', {
        params: { id: schedule.id },
        body: bodyOf({ ...schedule, enabled }),
        ...seen,
      });
      schedules.reload();
    } catch (thrown) {
      setProblem(thrown);
    }
  };
  const moment = (at: number | undefined) => <span class="moment">{at === undefined ? '–' : format.moment(at)}</span>;
  const mayChange = console.may('operator');
  const actions: Column<Schedule> = {
    key: 'do',
    head: t('word.actions'),
    is: 'number',
    cell: (schedule) => {
      const { task, enabled } = schedule;
      return (
        <span class="row wraps end">
          <Button
            small
            kind="plain"
            label={t(enabled ? 'schedules.disable.of' : 'schedules.enable.of', { name: task })}
            onPress={() => turn(schedule, !enabled)}
          >
            {t(enabled ? 'schedules.disable' : 'schedules.enable')}
          </Button>
          <Button
            small
            kind="plain"
            label={t('schedules.edit.of', { name: task })}
            onPress={() => setEditing(schedule)}
          >
            {t('do.edit')}
          </Button>
          <Button
            small
            kind="plain"
            label={t('schedules.remove', { name: task })}
            onPress={() => setRemoving(schedule)}
          >
            {t('do.remove')}
          </Button>
        </span>
      );
    },
  };
  return (
    <Panel
      title={t('schedules.title')}
      flush
      aside={
        mayChange && (
          <Button icon="add" onPress={() => setEditing('new')}>
            {t('schedules.add')}
          </Button>
        )
      }
    >
      <ProblemNotice problem={problem} />
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
                  cell: ({ cron, timeZone, window }) => (
                    <span class="two-lines">
                      <code>{cron}</code>
                      <span class="quiet small">
                        {timeZone}
                        {window !== undefined && `, ${window.from}–${window.to}`}
                      </span>
                    </span>
                  ),
                },
                {
                  key: 'state',
                  head: t('schedules.state'),
                  cell: ({ enabled, held, lastError }) => (
                    <span class="two-lines">
                      <Badge tone={held ? 'held' : enabled ? 'active' : 'idle'}>
                        {t(held ? 'schedules.held' : enabled ? 'schedules.on' : 'schedules.off')}
                      </Badge>
                      {lastError !== undefined && <span class="alarm small wrap">{lastError}</span>}
                    </span>
                  ),
                },
                { key: 'next', head: t('schedules.next'), wide: true, cell: ({ nextAt }) => moment(nextAt) },
                { key: 'last', head: t('schedules.last'), wide: true, cell: ({ lastAt }) => moment(lastAt) },
                ...(mayChange ? [actions] : []),
              ]}
            />
          )
        }
      </Loaded>
      {editing !== undefined && (
        <ScheduleForm
          schedule={editing === 'new' ? undefined : editing}
          onClose={() => {
            setEditing(undefined);
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
            await api.call('removeSchedule', { params: { id: removing.id }, ...(await etagOf(removing)) });
            schedules.reload();
          }}
          onClose={() => setRemoving(undefined)}
        />
      )}
    </Panel>
  );
}
