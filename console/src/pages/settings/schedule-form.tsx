import { useState } from 'preact/hooks';
import type { Schedule } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { useResource } from '../../live/resource.ts';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Checkbox, SelectField, TextField } from '../../parts/field.tsx';
import { Loaded, ProblemNotice } from '../../parts/problem.tsx';

/** Tasks one may choose from. */
const MOST = 1000;

/** What a schedule is made or replaced with. */
export function bodyOf({ task, cron, timeZone, window, enabled }: Schedule): unknown {
  return { task, cron, timeZone, ...(window === undefined ? {} : { window }), enabled };
}

/** Makes a schedule, or changes the one that is there. */
export function ScheduleForm({
  schedule,
  onClose,
}: {
  readonly schedule: Schedule | undefined;
  readonly onClose: () => void;
}) {
  const { t, api } = useConsole();
  const tasks = useResource('tasks to schedule', (signal) => api.call('listTasks', { query: { limit: MOST }, signal }));
  const before = useResource(`schedule ${schedule?.id}`, async (signal) =>
    schedule === undefined ? null : await api.tagged('getSchedule', { params: { id: schedule.id }, signal }),
  );
  return (
    <Dialog title={t(schedule === undefined ? 'schedules.add' : 'schedules.edit')} onClose={onClose}>
      <Loaded from={tasks}>
        {({ items }) => (
          <Loaded from={before}>
            {(tagged) => (
              <Fields
                names={items.map(({ name }) => name)}
                schedule={tagged?.value}
                etag={tagged?.etag}
                onClose={onClose}
              />
            )}
          </Loaded>
        )}
      </Loaded>
    </Dialog>
  );
}

function Fields({
  names,
  schedule,
  etag,
  onClose,
}: {
  readonly names: readonly string[];
  readonly schedule: Schedule | undefined;
  readonly etag: string | undefined;
  readonly onClose: () => void;
}) {
  const { t, api } = useConsole();
  const [task, setTask] = useState(schedule?.task ?? names[0] ?? '');
  const [cron, setCron] = useState(schedule?.cron ?? '30 2 * * *');
  const [timeZone, setTimeZone] = useState(schedule?.timeZone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone);
  const [from, setFrom] = useState(schedule?.window?.from ?? '');
  const [to, setTo] = useState(schedule?.window?.to ?? '');
  const [enabled, setEnabled] = useState(schedule?.enabled ?? true);
  const [problem, setProblem] = useState<unknown>();
  const save = async (): Promise<void> => {
    const window = from === '' && to === '' ? {} : { window: { from, to } };
    const body = { task, cron: cron.trim(), timeZone: timeZone.trim(), ...window, enabled };
    try {
      if (schedule === undefined) await api.call('createSchedule', { body });
      else
        await api.call('replaceSchedule', {
          params: { id: schedule.id },
          body,
          ...(etag === undefined ? {} : { ifMatch: etag }),
        });
      onClose();
    } catch (thrown) {
      setProblem(thrown);
    }
  };
  const known = names.includes(task) || task === '' ? names : [task, ...names];
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <SelectField
        label={t('schedules.task')}
        value={task}
        onChange={setTask}
        options={known.map((value) => ({ value, label: value }))}
      />
      <TextField
        label={t('schedules.cron')}
        hint={t('schedules.cron.hint')}
        fault={cron.trim().split(/\s+/).length === 5 ? undefined : t('schedules.cron.fault')}
        mono
        value={cron}
        onInput={setCron}
      />
      <TextField
        label={t('schedules.zone')}
        hint={t('schedules.zone.hint')}
        options={Intl.supportedValuesOf('timeZone')}
        mono
        value={timeZone}
        onInput={setTimeZone}
      />
      <div class="pair">
        <TextField label={t('schedules.window.from')} optional type="time" value={from} onInput={setFrom} />
        <TextField label={t('schedules.window.to')} optional type="time" value={to} onInput={setTo} />
      </div>
      <p class="quiet small">{t('schedules.window.hint')}</p>
      <Checkbox label={t('schedules.enabled')} checked={enabled} onChange={setEnabled} />
      <ProblemNotice problem={problem} />
      <div class="dialog-foot">
        <Button onPress={onClose}>{t('do.cancel')}</Button>
        <Button kind="main" type="submit">
          {t(schedule === undefined ? 'schedules.add' : 'do.save')}
        </Button>
      </div>
    </form>
  );
}
