/** Days and times of the day in a time zone, by what the machine's Intl knows of its rules. */
import { FerryError } from '../../model/errors.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

/** A day of the calendar in a zone. */
export interface ZonedDay {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly date: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  /** Milliseconds the zone is ahead of UTC at the beginning and the end; they differ where clocks change. */
  readonly offsets: readonly [number, number];
  readonly even: boolean;
  readonly offsetAt: (instant: number) => number;
  next(): ZonedDay;
}

/** Throws `configuration` where there is no such zone. */
export function dayOf(instant: number, timeZone: string): ZonedDay {
  const offsetAt = offsets(timeZone);
  const wall = instant + offsetAt(instant);
  return dayAt(Math.floor(wall / DAY) * DAY, offsetAt);
}

/** Minutes after midnight that a clock of the zone shows. */
export function minuteOf(instant: number, timeZone: string): number {
  const wall = instant + offsets(timeZone)(instant);
  return Math.floor((((wall % DAY) + DAY) % DAY) / MINUTE);
}

/** When a clock shows so many minutes after midnight of the day: once, twice where clocks go back; where they go forward over it, when it would have. */
export function instantsOf(
  { year, month, date, offsets: [first, last], even, offsetAt }: ZonedDay,
  minute: number,
): number[] {
  const wall = Date.UTC(year, month - 1, date) + minute * MINUTE;
  if (even) return [wall - first];
  const shown = [...new Set([wall - first, wall - last])].filter((instant) => instant + offsetAt(instant) === wall);
  return shown.length > 0 ? shown.toSorted((a, b) => a - b) : [wall - first];
}

/** Throws `configuration`. */
export function checkZone(timeZone: string): void {
  offsets(timeZone);
}

/** `midnight`: of the calendar's day, as if it were UTC. */
function dayAt(midnight: number, offsetAt: ZonedDay['offsetAt']): ZonedDay {
  const calendar = new Date(midnight);
  // Far enough from midnight on both sides that no change of clocks of this day is missed, none of another seen twice.
  const first = offsetAt(midnight - offsetAt(midnight) - 1);
  const last = offsetAt(midnight + DAY - offsetAt(midnight + DAY));
  return {
    year: calendar.getUTCFullYear(),
    month: calendar.getUTCMonth() + 1,
    date: calendar.getUTCDate(),
    weekday: calendar.getUTCDay(),
    offsets: [first, last],
    even: first === last,
    offsetAt,
    next: () => dayAt(midnight + DAY, offsetAt),
  };
}

function offsets(timeZone: string): (instant: number) => number {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch (cause) {
    throw new FerryError('configuration', {
      message: `there is no time zone ${JSON.stringify(timeZone)}`,
      remedy: 'Use a name of the IANA database, such as Europe/Berlin or UTC.',
      cause,
    });
  }
  return (instant) => {
    const second = Math.floor(instant / 1000) * 1000;
    const of = new Map(format.formatToParts(second).map(({ type, value }) => [type, Number(value)]));
    const wall = Date.UTC(
      of.get('year')!,
      of.get('month')! - 1,
      of.get('day'),
      of.get('hour'),
      of.get('minute'),
      of.get('second'),
    );
    return wall - second;
  };
}
