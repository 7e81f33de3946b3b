import type { KeyRange } from '../api/types.ts';
import { useConsole } from '../console.ts';
import { drawn } from './key-space.ts';
import { Key } from './key.tsx';
import { Table } from './table.tsx';

const STATES = ['done', 'active', 'waiting', 'failed'] as const;

/** The keys of a pass as a strip: what is done, and where it is being worked at. */
export function RangeMap({ ranges }: { readonly ranges: readonly KeyRange[] }) {
  const { t, format } = useConsole();
  const counts = STATES.map((state) => ranges.filter((range) => range.state === state).length);
  const spoken = STATES.map((state, i) => `${t(`ranges.${state}`)} ${format.count(counts[i]!)}`).join(', ');
  const x = (share: number): string => (share * 1000).toFixed(2);
  return (
    <div class="stack tight live-values">
      <svg
        class="ranges"
        viewBox="0 0 1000 36"
        preserveAspectRatio="none"
        role="img"
        aria-label={`${t('ranges.title')}: ${spoken}`}
      >
        {drawn(ranges).map(({ range, from, to, eaten }) => (
          <g key={`${range.after ?? ''} ${range.state}`}>
            <rect class={range.state} x={x(from)} width={x(to - from)} height="36">
              <title>{`${t(`ranges.${range.state}`)}: ${range.after ?? '…'} – ${range.through ?? '…'}`}</title>
            </rect>
            {range.state === 'active' && (
              <rect class="eaten" x={x(from)} width={x(Math.max(0.001, eaten - from))} height="36" />
            )}
            <path class="edge" d={`M${x(to)},0V36`} />
          </g>
        ))}
      </svg>
      <div class="legend">
        {STATES.map((state, i) => (
          <span key={state}>
            <i class={state} />
            {t(`ranges.${state}`)} {format.count(counts[i]!)}
          </span>
        ))}
      </div>
      {ranges.length > 0 && (
        <details>
          <summary>{t('ranges.table')}</summary>
          <Table
            caption={t('ranges.table')}
            rows={ranges.filter(({ state }) => state !== 'done').slice(0, 200)}
            id={({ after }) => after ?? ''}
            columns={[
              {
                key: 'after',
                head: t('ranges.after'),
                is: 'row',
                cell: ({ after }) => (after === null ? '…' : <Key of={after} wrap />),
              },
              {
                key: 'through',
                head: t('ranges.through'),
                cell: ({ through }) => (through === null ? '…' : <Key of={through} wrap />),
              },
              {
                key: 'at',
                head: t('ranges.position'),
                wide: true,
                cell: ({ position }) => (position === null ? '–' : <Key of={position} wrap />),
              },
              { key: 'state', head: t('ranges.state'), cell: ({ state }) => t(`ranges.${state}`) },
            ]}
          />
        </details>
      )}
    </div>
  );
}
