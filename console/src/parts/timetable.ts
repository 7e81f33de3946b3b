/** Bandwidth by the time of day, as task files write it: `08:00,10MiB 19:00,off`. */
import type { BandwidthEntry } from '../api/types.ts';

export interface TimetableEntry {
  /** `08:00`, or with days before it: `Mon-Fri-08:00`. */
  readonly from: string;
  readonly rate: string;
}

export function textOfEntries(entries: readonly TimetableEntry[]): string {
  return entries
    .filter(({ from, rate }) => from !== '' && rate !== '')
    .map(({ from, rate }) => `${from},${rate.trim()}`)
    .join(' ');
}

/** What the API tells of it, line by line; a limit that holds at all times begins at midnight. */
export function entriesOf(entries: readonly BandwidthEntry[]): readonly TimetableEntry[] {
  return entries.flatMap((entry) =>
    entryTexts(entry).map((text) => {
      const [from = '', rate = ''] = text.split(',');
      return { from, rate };
    }),
  );
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** What the API tells of a limit, as somebody would write it. */
export function bandwidthText(entries: readonly BandwidthEntry[] | undefined): string {
  if (entries === undefined || entries.length === 0) return '';
  const [only] = entries;
  if (entries.length === 1 && only!.minute === 0 && only!.days === undefined) return rateText(only!.bytesPerSecond);
  return entries.flatMap(entryTexts).join(' ');
}

function entryTexts({ days, minute, bytesPerSecond }: BandwidthEntry): readonly string[] {
  const two = (value: number): string => String(value).padStart(2, '0');
  const text = `${two(Math.floor(minute / 60))}:${two(minute % 60)},${rateText(bytesPerSecond)}`;
  return days === undefined ? [text] : daysText(days).map((names) => `${names}-${text}`);
}

/** `Mon-Fri` of days that follow each other, or each by its name. */
function daysText(days: readonly number[]): readonly string[] {
  const name = (day: number): string => DAYS[day] ?? '';
  const follow = days.every((day, i) => i === 0 || day === (days[i - 1]! + 1) % 7);
  return follow && days.length > 1 ? [`${name(days[0]!)}-${name(days.at(-1)!)}`] : days.map(name);
}

function rateText(bytesPerSecond: number | undefined): string {
  if (bytesPerSecond === undefined) return 'off';
  for (const [unit, size] of [
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
  ] as const)
    if (bytesPerSecond >= size && bytesPerSecond % size === 0) return `${bytesPerSecond / size}${unit}`;
  return String(bytesPerSecond);
}

/** What is sent of it: a number where it is one, the text otherwise. */
export function bandwidthOf(text: string): number | string {
  return /^\d+$/.test(text.trim()) ? Number(text) : text.trim();
}
