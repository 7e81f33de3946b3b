import type { Task } from '../../api/types.ts';
import { useConsole } from '../../console.ts';
import { Key } from '../../parts/key.tsx';
import { Empty, Panel } from '../../parts/page.tsx';
import { VirtualTable } from '../../parts/virtual-table.tsx';

const AT_ONCE = 1000;

export function TaskFiles({ task }: { readonly task: Task }) {
  const { t, api, format } = useConsole();
  return (
    <Panel flush>
      <VirtualTable
        of={`files ${task.name} ${task.passes}`}
        caption={t('files.caption')}
        load={(cursor, signal) =>
          api.call('listFiles', { params: { name: task.name }, query: { cursor, limit: AT_ONCE }, signal })
        }
        id={({ key }) => key}
        empty={<Empty title={t('files.none')} hint={t('files.none.hint')} />}
        columns={[
          { key: 'key', head: t('files.key'), is: 'row', cell: ({ key }) => <Key of={key} /> },
          {
            key: 'result',
            head: t('files.outcome'),
            width: '120px',
            cell: ({ result }) => <span class={/fail|missing|differ/.test(result) ? 'alarm' : ''}>{result}</span>,
          },
          {
            key: 'size',
            head: t('files.size'),
            is: 'number',
            width: '110px',
            cell: ({ size }) => (size === undefined ? '–' : format.bytes(size)),
          },
          {
            key: 'method',
            head: t('files.method'),
            wide: true,
            width: '160px',
            cell: ({ method }) => <span class="quiet">{method}</span>,
          },
        ]}
      />
    </Panel>
  );
}
