/**
 * Cron expressions of five fields (minute, hour, day of month, month, day of week), as POSIX crontab has them, with steps
 * (`10-50/10`) and English names. Where both days are restricted either is enough. Days are those of a time zone.
 *
 * Where clocks go forward, a time that is left out is the same time after the gap. Where they go back, a time that comes
 * twice counts once, unless every hour is meant.
 */
import { FerryError } from '../../model/errors.ts';
import { dayOf, instantsOf, type ZonedDay } from './zoned.ts';

export interface Cron {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly everyHour: boolean;
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly weekdays: ReadonlySet<number>;
  /** Either of the two days is enough. */
  readonly eitherDay: boolean;
}

interface Field {
  readonly what: string;
  readonly least: number;
  readonly most: number;
  readonly names?: readonly string[];
}

const FIELDS: readonly [Field, Field, Field, Field, Field] = [
  { what: 'minute', least: 0, most: 59 },
  { what: 'hour', least: 0, most: 23 },
  { what: 'day of month', least: 1, most: 31 },
  {
    what: 'month',
    least: 1,
    most: 12,
    names: ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'],
  },
  { what: 'day of week', least: 0, most: 7, names: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] },
];

/** 29 February comes after eight years at the latest. */
const DAYS_LOOKED_AT = 366 * 8 + 1;

/** Throws `configuration`, which says what is wrong. */
export function parseCron(text: string): Cron {
  const parts = text.trim().split(/\s+/);
  if (parts.length !== FIELDS.length) throw wrong(text, `it has ${parts.length} fields, not ${FIELDS.length}`);
  const [minutes, hours, days, months, weekdays] = FIELDS.map((field, i) => parseField(parts[i]!, field, text));
  return {
    minutes: sorted(minutes!),
    hours: sorted(hours!),
    everyHour: parts[1] === '*',
    days: days!,
    months: months!,
    weekdays: new Set(sorted(weekdays!).map((day) => day % 7)),
    eitherDay: !parts[2]!.startsWith('*') && !parts[4]!.startsWith('*'),
  };
}

/** The first time after `after`, both milliseconds since the epoch; undefined where there is none. */
export function nextTime(cron: Cron, timeZone: string, after: number): number | undefined {
  let day = dayOf(after, timeZone);
  for (let looked = 0; looked < DAYS_LOOKED_AT; looked++, day = day.next()) {
    if (!matches(cron, day)) continue;
    const found = firstOf(cron, day, after);
    if (found !== undefined) return found;
  }
  return undefined;
}

function matches({ days, months, weekdays, eitherDay }: Cron, { month, date, weekday }: ZonedDay): boolean {
  if (!months.has(month)) return false;
  return eitherDay ? days.has(date) || weekdays.has(weekday) : days.has(date) && weekdays.has(weekday);
}

function firstOf({ minutes, hours, everyHour }: Cron, day: ZonedDay, after: number): number | undefined {
  let first: number | undefined;
  for (const hour of hours)
    for (const minute of minutes) {
      const instants = instantsOf(day, hour * 60 + minute);
      for (const instant of everyHour ? instants : instants.slice(0, 1))
        if (instant > after && (first === undefined || instant < first)) first = instant;
      // On a day whose clocks stand as they are what comes later is later.
      if (first !== undefined && day.even) return first;
    }
  return first;
}

function parseField(text: string, field: Field, whole: string): Set<number> {
  const { what, least, most } = field;
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const [, range, step] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(part) ?? [];
    if (range === undefined) throw wrong(whole, `"${part}" is no ${what}`);
    const by = step === undefined ? 1 : Number(step);
    if (by < 1) throw wrong(whole, `the step of "${part}" is not positive`);
    const [from, to] = range === '*' ? [least, most] : bounds(range, step !== undefined, field, whole);
    for (let value = from; value <= to; value += by) values.add(value);
  }
  return values;
}

function bounds(range: string, stepped: boolean, field: Field, whole: string): readonly [number, number] {
  const { what, most } = field;
  const ends = range.split('-');
  const [from, to] = ends.map((end) => valueOf(end, field));
  if (from === undefined || (ends.length > 1 && to === undefined) || ends.length > 2)
    throw wrong(whole, `"${range}" is no ${what}`);
  if (to === undefined) return [from, stepped ? most : from];
  if (to < from) throw wrong(whole, `"${range}" goes backwards`);
  return [from, to];
}

function valueOf(text: string, { least, most, names }: Field): number | undefined {
  const named = names?.indexOf(text.toUpperCase()) ?? -1;
  if (named >= 0) return least + named;
  if (!/^\d{1,2}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}

function sorted(values: ReadonlySet<number>): number[] {
  return [...values].toSorted((a, b) => a - b);
}

function wrong(text: string, why: string): FerryError {
  return new FerryError('configuration', {
    message: `${JSON.stringify(text)} is no cron expression: ${why}`,
    remedy: 'Write minute, hour, day of month, month and day of week, such as `30 2 * * MON-FRI`.',
  });
}
