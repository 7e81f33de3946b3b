import { useState } from 'preact/hooks';
import type { AuditEntry } from '../api/types.ts';
import { useConsole } from '../console.ts';
import { useResource } from '../live/resource.ts';
import { Badge } from '../parts/badge.tsx';
import { Button } from '../parts/button.tsx';
import { Empty, Page, Panel } from '../parts/page.tsx';
import { Loaded, ProblemNotice } from '../parts/problem.tsx';
import { Table } from '../parts/table.tsx';

export function AuditPage() {
  const { t, api, format } = useConsole();
  const newest = useResource('audit', (signal) => api.call('listAudit', { signal }), { every: 5000 });
  const [older, setOlder] = useState<{ items: readonly AuditEntry[]; next?: string | undefined }>();
  const [problem, setProblem] = useState<unknown>();
  const more = async (cursor: string): Promise<void> => {
    try {
      const { items, next } = await api.call('listAudit', { query: { cursor } });
      setOlder((before) => ({ items: [...(before?.items ?? []), ...items], next }));
    } catch (thrown) {
      setProblem(thrown);
    }
  };
  return (
    <Page title={t('audit.title')}>
      <Panel flush>
        <Loaded from={newest}>
          {({ items, next }) => {
            // What is newer than the first page, when it was read, and what is older; never a line twice.
            const shown = [...new Map([...items, ...(older?.items ?? [])].map((entry) => [entry.id, entry])).values()];
            const cursor = older === undefined ? next : older.next;
            if (shown.length === 0) return <Empty title={t('audit.empty')} hint={t('audit.empty.hint')} />;
            return (
              <>
                <Table
                  caption={t('audit.caption')}
                  rows={shown}
                  id={({ id }) => String(id)}
                  columns={[
                    {
                      key: 'at',
                      head: t('audit.at'),
                      wide: true,
                      cell: ({ at }) => <span class="moment">{format.moment(at)}</span>,
                    },
                    {
                      key: 'who',
                      head: t('audit.who'),
                      cell: ({ who, role }) => <span title={t(`role.${role}`)}>{who}</span>,
                    },
                    {
                      key: 'action',
                      head: t('audit.action'),
                      is: 'row',
                      cell: ({ action, at, subject }) => (
                        <span class="two-lines">
                          <code>{action}</code>
                          <span class="only-narrow small wrap">{subject}</span>
                          <span class="only-narrow quiet small moment">{format.moment(at)}</span>
                        </span>
                      ),
                    },
                    {
                      key: 'subject',
                      head: t('audit.subject'),
                      wide: true,
                      cell: ({ subject }) => <span class="wrap">{subject}</span>,
                    },
                    { key: 'outcome', head: t('audit.outcome'), cell: ({ outcome }) => <Outcome outcome={outcome} /> },
                    {
                      key: 'from',
                      head: t('audit.from'),
                      wide: true,
                      cell: ({ from }) => <span class="quiet">{from}</span>,
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
    </Page>
  );
}

/** A status, or the code of a problem; `done` where no request was made. */
function Outcome({ outcome }: { readonly outcome: string }) {
  return <Badge tone={/^(2\d\d|done)$/.test(outcome) ? 'ended' : 'held'}>{outcome}</Badge>;
}
