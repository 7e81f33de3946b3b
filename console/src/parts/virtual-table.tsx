import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Page } from '../api/types.ts';
import { useConsole } from '../console.ts';
import { PagedList } from '../live/paged.ts';
import { ProblemNotice } from './problem.tsx';
import { Head, Row, type TableProps } from './table.tsx';

/** Of each row, in pixels: as the stylesheet has it. */
const HEIGHT = 36;
/** Rows drawn above and below what is seen. */
const AROUND = 8;

export interface VirtualTableProps<T> extends Omit<TableProps<T>, 'rows'> {
  /** What the list is of: another list begins at the top. */
  readonly of: string;
  readonly load: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<T>>;
  /** Grows when what was read has to be read again. */
  readonly version?: number;
  /** A row as it is now, where something newer is known of it. */
  readonly newer?: (row: T) => T;
  readonly empty: ComponentChildren;
  /** Told of the rows that are held whenever they change. */
  readonly onRows?: (rows: readonly T[]) => void;
}

/** A table of any length: only the rows that are seen are in the document. */
export function VirtualTable<T>({
  of,
  load,
  version = 0,
  newer,
  caption,
  columns,
  id,
  selection,
  empty,
  onRows,
}: VirtualTableProps<T>) {
  const { t, live, format } = useConsole();
  const [, redraw] = useState(0);
  const [scroll, setScroll] = useState({ top: 0, height: 600 });
  const list = useRef<PagedList<T>>(undefined);
  const latest = useRef({ load, onRows });
  latest.current = { load, onRows };
  const box = useRef<HTMLDivElement>(null);
  const generation = live.generation.value;

  useEffect(() => {
    const made = new PagedList<T>(
      (cursor, signal) => latest.current.load(cursor, signal),
      () => {
        latest.current.onRows?.([...made.held()]);
        redraw((n) => n + 1);
      },
    );
    list.current = made;
    if (box.current !== null) box.current.scrollTop = 0;
    redraw((n) => n + 1);
    return () => made.stop();
  }, [of]);
  useEffect(() => list.current?.refresh(), [version, generation]);

  const shown = list.current;
  const known = shown?.known ?? 0;
  const total = known + (shown?.more === false ? 0 : 1);
  const first = Math.max(0, Math.floor(scroll.top / HEIGHT) - AROUND);
  const last = Math.min(total, Math.ceil((scroll.top + scroll.height) / HEIGHT) + AROUND);
  useEffect(() => shown?.show(first, Math.max(first, last - 1)));

  const measure = (): void => {
    const { current } = box;
    if (current !== null) setScroll({ top: current.scrollTop, height: current.clientHeight });
  };
  const nothing = shown?.empty === true;
  useEffect(() => {
    const { current } = box;
    if (current === null) return undefined;
    // It grows with its first rows.
    const resized = new ResizeObserver(measure);
    resized.observe(current);
    return () => resized.disconnect();
  }, [nothing]);

  if (nothing) return <>{empty}</>;
  const indexes = Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i);
  return (
    <>
      <ProblemNotice problem={shown?.problem} retry={() => shown?.show(first, last)} />
      <div
        class="table-box tall live-values"
        role="group"
        aria-label={caption}
        tabIndex={0}
        ref={box}
        onScroll={measure}
      >
        <table class="fixed-rows" aria-rowcount={shown?.more === false ? known + 1 : -1}>
          <caption class="hidden">{caption}</caption>
          <Head columns={columns} ticks={selection !== undefined} />
          <tbody>
            <Spacer rows={first} />
            {indexes.map((index) => {
              const row = shown?.at(index);
              if (row === undefined)
                return (
                  <tr key={`reading ${index}`}>
                    <td colSpan={columns.length + 1} class="quiet">
                      …
                    </td>
                  </tr>
                );
              return (
                <Row key={id(row)} row={newer?.(row) ?? row} id={id(row)} columns={columns} selection={selection} />
              );
            })}
            <Spacer rows={total - last} />
          </tbody>
        </table>
      </div>
      <p class="table-foot quiet small">
        {t('word.total', { n: `${format.count(known)}${shown?.more === false ? '' : '+'}` })}
      </p>
    </>
  );
}

/** Room of rows that are not drawn. */
function Spacer({ rows }: { readonly rows: number }) {
  if (rows <= 0) return null;
  return (
    <tr class="spacer" aria-hidden="true">
      <td style={{ height: `${rows * HEIGHT}px` }} />
    </tr>
  );
}
