/** Something over time. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { useConsole } from '../console.ts';

export interface ChartProps {
  readonly label: string;
  /** Milliseconds since the epoch. */
  readonly times: readonly number[];
  readonly values: readonly number[];
  readonly format: (value: number) => string;
  /** Bytes: lines at powers of two. */
  readonly binary?: boolean;
}

const HEIGHT = 180;

export function Chart({ label, times, values, format, binary = false }: ChartProps) {
  const console = useConsole();
  const { preferences } = console;
  const { utc, theme } = preferences;
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const look = `${theme.value} ${utc.value}`;
  const clock = (seconds: number): string => console.format.clock(seconds * 1000);
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    plot.current = new uPlot(optionsOf(element, format, clock, binary), [[], []], element);
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    const system = matchMedia('(prefers-color-scheme: dark)');
    const redraw = (): void => plot.current?.redraw();
    system.addEventListener('change', redraw);
    return () => {
      resized.disconnect();
      system.removeEventListener('change', redraw);
      plot.current?.destroy();
    };
  }, [look]);
  useEffect(() => plot.current?.setData([times.map((at) => at / 1000), [...values]]), [times, values, look]);
  return <div class="chart" ref={host} role="img" aria-label={`${label}: ${spoken(values, format)}`} />;
}

function optionsOf(
  element: HTMLElement,
  format: (value: number) => string,
  clock: (seconds: number) => string,
  binary: boolean,
): uPlot.Options {
  const colour = (name: string) => () => getComputedStyle(element).getPropertyValue(name);
  const axis = { stroke: colour('--c-quiet'), grid: { stroke: colour('--c-line'), width: 1 }, ticks: { show: false } };
  return {
    width: Math.max(200, element.clientWidth),
    height: HEIGHT,
    padding: [10, 12, 0, 0],
    cursor: { y: false, points: { size: 7 } },
    legend: { show: false },
    scales: { y: { range: (_, _min, max) => [0, max <= 0 ? 1 : max * 1.1] } },
    axes: [
      { ...axis, font: FONT, size: 32, grid: { show: false }, space: 70, values: (_, splits) => clocks(splits, clock) },
      {
        ...axis,
        font: FONT,
        size: 84,
        ...(binary ? { incrs: POWERS } : {}),
        values: (_, splits) => splits.map((value) => format(value)),
      },
    ],
    series: [
      {},
      { stroke: colour('--c-accent'), width: 1.6, fill: colour('--c-accent-soft'), points: { show: false } },
    ],
  };
}

/** Times in the zone of the page, with seconds where lines are less than a minute apart. */
function clocks(splits: readonly number[], clock: (seconds: number) => string): string[] {
  const [first = 0, second = first] = splits;
  return splits.map((at) => (second - first < 60 ? clock(at) : clock(at).slice(0, 5)));
}

const POWERS = Array.from({ length: 50 }, (_, i) => 2 ** i);
const FONT = '12px system-ui, sans-serif';

/** Newest and greatest. */
function spoken(values: readonly number[], format: (value: number) => string): string {
  return values.length === 0 ? '–' : `${format(values.at(-1)!)} (max ${format(Math.max(...values))})`;
}

/** A small one, without axes. */
export function Spark({ label, values }: { readonly label: string; readonly values: readonly number[] }) {
  const most = Math.max(1, ...values);
  const step = 100 / Math.max(1, values.length - 1);
  const points = values.map((value, i) => `${(i * step).toFixed(1)},${(27 - (value / most) * 25).toFixed(1)}`);
  if (points.length < 2) return <span class="quiet">–</span>;
  return (
    <svg class="spark" viewBox="0 0 100 28" preserveAspectRatio="none" role="img" aria-label={label}>
      <path class="area" d={`M0,28L${points.join('L')}L100,28Z`} />
      <path d={`M${points.join('L')}`} />
    </svg>
  );
}
