import { useEffect, useState } from 'preact/hooks';
import type { LogLine, Task } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { useResource } from '../../live/resource.ts';
import { ButtonLink } from '../../parts/button.tsx';
import { Empty, Panel } from '../../parts/page.tsx';
import { Loaded, ProblemNotice } from '../../parts/problem.tsx';
import { Table } from '../../parts/table.tsx';

/** Lines shown; older ones are in the log file. */
const SHOWN = 500;
/** Between two looks for new lines, milliseconds. */
const EVERY = 3000;

export function TaskLog({ task }: { readonly task: Task }) {
  const { t, format } = useConsole();
  const { lines, problem } = useTail(task.name);
  return (
    <Panel flush>
      <ProblemNotice problem={problem} />
      {lines === undefined ? (
        problem === undefined && (
          <p class="quiet padded" aria-busy="true">
            {t('app.loading')}
          </p>
        )
      ) : lines.length === 0 ? (
        <Empty title={t('log.none')} />
      ) : (
        <Table
          caption={t('log.caption')}
          rows={lines.map((line, i) => ({ ...line, i }))}
          id={({ i, time }) => `${time} ${i}`}
          columns={[
            {
              key: 'at',
              head: t('log.time'),
              cell: ({ time }) => <span class="moment quiet">{format.moment(Date.parse(time))}</span>,
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
              cell: ({ message, key, error }) => (
                <span class="wrap">
                  {message} {key !== undefined && <code>{key}</code>}{' '}
                  {error?.message !== undefined && <span class="quiet">{error.message}</span>}
                </span>
              ),
            },
          ]}
        />
      )}
    </Panel>
  );
}

/** The newest lines, newest first, as they are written. */
function useTail(name: string): { readonly lines: readonly LogLine[] | undefined; readonly problem: unknown } {
  const { api } = useConsole();
  const [state, setState] = useState<{ lines?: readonly LogLine[]; problem?: unknown }>({});
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let cursor: string | undefined;
    let lines: readonly LogLine[] = [];
    const look = async (): Promise<void> => {
      try {
        for (;;) {
          const { items, next } = await api.call('getTaskLog', {
            params: { name },
            query: { cursor, limit: SHOWN },
            signal: abort.signal,
          });
          lines = [...items.toReversed(), ...lines].slice(0, SHOWN);
          const stays = next === cursor || items.length === 0;
          cursor = next;
          if (stays) break;
        }
        setState({ lines });
      } catch (problem) {
        if (!abort.signal.aborted) setState({ lines, problem });
      }
      if (!abort.signal.aborted) timer = setTimeout(() => void look(), EVERY);
    };
    void look();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [name, api]);
  return { lines: state.lines, problem: state.problem };
}

export function TaskReports({ task }: { readonly task: Task }) {
  const { t, api, format } = useConsole();
  const { name } = task;
  const reports = useResource(`reports ${name} ${task.state}`, (signal) =>
    api.call('listReports', { params: { name }, signal }),
  );
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
                { key: 'kind', head: t('reports.kind'), cell: ({ kind }) => t(`reports.kind.${kind}`) },
                {
                  key: 'do',
                  head: t('word.actions'),
                  is: 'number',
                  cell: ({ html, json }) => (
                    <>
                      <ButtonLink href={html} kind="plain">
                        {t('reports.open')}
                      </ButtonLink>
                      <ButtonLink href={json} kind="plain" download>
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
