import { useState } from 'preact/hooks';
import type { Task } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { useResource } from '../../live/resource.ts';
import { Button } from '../../parts/button.tsx';
import { TextField } from '../../parts/field.tsx';
import { Panel } from '../../parts/page.tsx';
import { Loaded, ProblemNotice } from '../../parts/problem.tsx';
import { CopyButton } from '../../parts/secret.tsx';
import { bandwidthOf, bandwidthText } from '../../parts/timetable.ts';

export function TaskSettings({ task, onSaved }: { readonly task: Task; readonly onSaved: () => void }) {
  const { t, api } = useConsole();
  const { name } = task;
  const file = useResource(`file ${name}`, (signal) => api.call('getTaskFile', { params: { name }, signal }));
  return (
    <div class="columns">
      <Limits task={task} onSaved={onSaved} />
      <Panel
        title={t('task.file')}
        aside={file.data !== undefined && <CopyButton text={file.data} label={t('do.copy')} />}
      >
        <Loaded from={file}>
          {(text) => (
            <pre class="text" tabIndex={0}>
              {text}
            </pre>
          )}
        </Loaded>
      </Panel>
    </div>
  );
}

function Limits({ task, onSaved }: { readonly task: Task; readonly onSaved: () => void }) {
  const console = useConsole();
  const { t, api } = console;
  const { name, limits } = task;
  const [concurrency, setConcurrency] = useState(String(limits.concurrency ?? ''));
  const [bandwidth, setBandwidth] = useState(bandwidthText(limits.bandwidth));
  const [objects, setObjects] = useState(String(limits.objectsPerSecond ?? ''));
  const [priority, setPriority] = useState(String(task.priority));
  const [problem, setProblem] = useState<unknown>();
  const save = async (): Promise<void> => {
    setProblem(undefined);
    try {
      const body = {
        concurrency: concurrency === '' ? null : Number(concurrency),
        bandwidth: bandwidth.trim() === '' ? null : bandwidthOf(bandwidth),
        objectsPerSecond: objects === '' ? null : Number(objects),
      };
      await api.call('changeLimits', { params: { name }, body });
      if (Number(priority) !== task.priority)
        await api.call('changeTask', { params: { name }, body: { priority: Number(priority) } });
      console.say(t('limits.saved'));
      onSaved();
    } catch (thrown) {
      setProblem(thrown);
    }
  };
  return (
    <Panel title={t('limits.live')}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <p class="quiet">{t('limits.live.lead')}</p>
        <TextField
          label={t('limits.bandwidth')}
          hint={t('limits.bandwidth.hint')}
          mono
          value={bandwidth}
          onInput={setBandwidth}
        />
        <TextField
          label={t('limits.concurrency')}
          hint={t('limits.concurrency.hint')}
          type="number"
          value={concurrency}
          onInput={setConcurrency}
        />
        <TextField
          label={t('limits.objects')}
          hint={t('limits.none.hint')}
          type="number"
          value={objects}
          onInput={setObjects}
        />
        <TextField
          label={t('limits.priority')}
          hint={t('limits.priority.hint')}
          type="number"
          value={priority}
          onInput={setPriority}
        />
        <ProblemNotice problem={problem} />
        <div>
          <Button
            kind="main"
            type="submit"
            blocked={console.may('operator') ? undefined : t('role.needed', { role: t('role.operator') })}
          >
            {t('do.save')}
          </Button>
        </div>
      </form>
    </Panel>
  );
}
