import { useState } from 'preact/hooks';
import type { LogLine, Task } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { useResource } from '../../live/resource.ts';
import { Button, ButtonLink } from '../../parts/button.tsx';
import { Empty, Panel } from '../../parts/page.tsx';
import { Loaded, ProblemNotice } from '../../parts/problem.tsx';
import { Table } from '../../parts/table.tsx';
import { pathTo } from '../../router.ts';

export function TaskLog({ task }: { readonly task: Task }) {
  const { t, api, format } = useConsole();
  const { name } = task;
  const first = useResource(`log ${name}`, (signal) => api.call('listLog', { params: { name }, signal }), {
    every: 5000,
  });
  const [older, setOlder] = useState<{ items: readonly LogLine[]; next: string | undefined }>();
  const [problem, setProblem] = useState<unknown>();
  const more = async (cursor: string): Promise<void> => {
    try {
      const { items, next } = await api.call('listLog', { params: { name }, query: { cursor } });
      setOlder((before) => ({ items: [...(before?.items ?? []), ...items], next }));
    } catch (thrown) {
      setProblem(thrown);
    }
  };
  return (
    <Panel flush>
      <Loaded from={first}>
        {({ items, next }) => {
          const lines = [...items, ...(older?.items ?? [])];
          const cursor = older === undefined ? next : older.next;
          if (lines.length === 0) return <Empty title={t('log.none')} />;
          return (
            <>
              <Table
                caption={t('log.caption')}
                rows={lines.map((line, i) => ({ ...line, i }))}
                id={({ i }) => String(i)}
                columns={[
                  {
                    key: 'at',
                    head: t('audit.at'),
                    cell: ({ at }) => <span class="moment quiet">{format.moment(at)}</span>,
                  },
                  {
                    key: 'level',
                    head: t('log.level'),
                    wide: true,
                    cell: ({ level }) => (
                      <span class={level === 'error' ? 'alarm' : level === 'warn' ? 'warn' : 'quiet'}>{level}</span>
                    ),
                  },
                  {
                    key: 'message',
                    head: t('log.message'),
                    is: 'row',
                    cell: ({ message }) => <span class="wrap">{message}</span>,
                  },
                ]}
              />
              {cursor !== undefined && (
                <div class="empty">
                  <Button onPress={() => more(cursor)}>{t('do.more')}</Button>
                </div>
              )}
            </>
          );
        }}
      </Loaded>
      <ProblemNotice problem={problem} />
    </Panel>
  );
}

export function TaskReports({ task }: { readonly task: Task }) {
  const { t, api, format } = useConsole();
  const { name } = task;
  const reports = useResource(`reports ${name} ${task.state}`, (signal) =>
    api.call('listReports', { params: { name }, signal }),
  );
  const place = (id: string, form: string): string => `/v1${pathTo('tasks', name, 'reports', `${id}.${form}`)}`;
  return (
    <Panel flush>
      <Loaded from={reports}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t('reports.none')} hint={t('reports.none.hint')} />
          ) : (
            <Table
              caption={t('reports.caption')}
              rows={items}
              id={({ id }) => id}
              columns={[
                { key: 'at', head: t('audit.at'), is: 'row', cell: ({ at }) => format.moment(at) },
                { key: 'kind', head: t('reports.kind'), cell: ({ kind }) => kind },
                {
                  key: 'do',
                  head: t('word.actions'),
                  is: 'number',
                  cell: ({ id }) => (
                    <>
                      <ButtonLink href={place(id, 'html')} kind="plain">
                        {t('reports.open')}
                      </ButtonLink>
                      <ButtonLink href={place(id, 'json')} kind="plain" download>
                        {t('reports.json')}
                      </ButtonLink>
                    </>
                  ),
                },
              ]}
            />
          )
        }
      </Loaded>
    </Panel>
  );
}
