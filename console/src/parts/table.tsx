import type { ComponentChildren } from 'preact';
import { useConsole } from '../console.ts';
import { pathTo } from '../router.ts';

export interface Column<T> {
  readonly key: string;
  readonly head: string;
  readonly cell: (row: T) => ComponentChildren;
  /** `row`: it names the row. */
  readonly is?: 'row' | 'number';
  /** Left out on a phone. */
  readonly wide?: boolean;
  /** Of tables with fixed rows: `90px`, `20%`. */
  readonly width?: string;
}

/** The column that names the rows, and leads to what each is about. */
export function nameColumn<T extends { readonly name: string }>(head: string, page: string): Column<T> {
  return {
    key: 'name',
    head,
    is: 'row',
    cell: ({ name }) => (
      <a class="name wrap" href={pathTo(page, name)}>
        {name}
      </a>
    ),
  };
}

export interface Selection {
  readonly has: (id: string) => boolean;
  readonly toggle: (id: string) => void;
}

export interface TableProps<T> {
  /** What the table is of; read out, and not shown where a heading says it. */
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly id: (row: T) => string;
  readonly selection?: Selection | undefined;
}

export function Table<T>({ caption, columns, rows, id, selection }: TableProps<T>) {
  return (
    <div class="table-box live-values" role="group" aria-label={caption} tabIndex={0}>
      <table>
        <caption class="hidden">{caption}</caption>
        <Head columns={columns} ticks={selection !== undefined} />
        <tbody>
          {rows.map((row) => (
            <Row key={id(row)} row={row} id={id(row)} columns={columns} selection={selection} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Head<T>({ columns, ticks }: { readonly columns: readonly Column<T>[]; readonly ticks: boolean }) {
  const { t } = useConsole();
  return (
    <thead>
      <tr>
        {ticks && (
          <th scope="col" class="tick" style={{ width: '36px' }}>
            <span class="hidden">{t('word.actions')}</span>
          </th>
        )}
        {columns.map(({ key, head, is, wide, width }) => (
          <th key={key} scope="col" class={classOf(is, wide)} style={width === undefined ? {} : { width }}>
            {head}
          </th>
        ))}
      </tr>
    </thead>
  );
}

export function Row<T>({
  row,
  id,
  columns,
  selection,
}: {
  readonly row: T;
  readonly id: string;
  readonly columns: readonly Column<T>[];
  readonly selection?: Selection | undefined;
}) {
  const { t } = useConsole();
  const selected = selection?.has(id) === true;
  return (
    <tr data-selected={selected ? '' : undefined}>
      {selection !== undefined && (
        <td class="tick">
          <input
            type="checkbox"
            checked={selected}
            aria-label={t('word.select', { name: id })}
            onChange={() => selection.toggle(id)}
          />
        </td>
      )}
      {columns.map(({ key, cell, is, wide }) =>
        is === 'row' ? (
          <th key={key} scope="row" class={classOf(is, wide)}>
            {cell(row)}
          </th>
        ) : (
          <td key={key} class={classOf(is, wide)}>
            {cell(row)}
          </td>
        ),
      )}
    </tr>
  );
}

function classOf(is: Column<unknown>['is'], wide: boolean | undefined): string {
  return `${is === 'number' ? 'number' : ''} ${wide === true ? 'only-wide' : ''}`;
}
