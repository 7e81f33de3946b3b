/** Kinds of values that configuration files hold, each with its way of being written. */
import * as z from 'zod';
import type { BandwidthEntry } from '../model/task.ts';
import type { Hours } from '../model/gateway.ts';
import { parseBytes } from '../model/units.ts';

/** Bytes, as a number or as `64MiB`. Units are binary: `M`, `MB` and `MiB` are all 1,048,576. */
export function size() {
  const error = 'must be a size, such as 4096, 64MiB or 1.5GiB';
  return parsed(
    z.union([z.int({ error }).min(0, { error }), z.string().regex(SIZE, { error })], { error }),
    (value) => (typeof value === 'number' ? value : parseBytes(value)),
    'is too large',
  );
}

const SIZE = /^\s*\d+(\.\d+)?\s*([kKmMgGtT]([iI]?[bB])?|[bB])?\s*$/;

/** `2006-01-02 15:04:05` in UTC (qscamel's form), a date, or ISO 8601 with a zone; milliseconds since the epoch. */
export function time() {
  return parsed(
    z.string(),
    parseTime,
    'must be a time, such as "2026-01-31 18:00:00" (UTC) or 2026-01-31T18:00:00+08:00',
  );
}

/** `22:00-05:00`: hours of every day, local time. */
export function hours() {
  return parsed(z.string(), parseHours, 'must be hours of the day, such as 02:00-05:00');
}

function parseHours(text: string): Hours | undefined {
  const [from, to, more] = text.split('-').map(minuteOf);
  return from === undefined || to === undefined || more !== undefined ? undefined : { from, to };
}

/** After midnight; undefined where it is no time of the day. */
function minuteOf(text: string): number | undefined {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  return match ? Number(match[1]) * 60 + Number(match[2]) : undefined;
}

/** One bandwidth for all times, or a timetable; in a text or, line by line, in a list. */
export function bandwidth() {
  return parsed(
    z.union([z.int({ error: BANDWIDTH }).min(0, { error: BANDWIDTH }), z.string(), z.array(z.string())], {
      error: BANDWIDTH,
    }),
    (value) => (typeof value === 'number' ? parseBandwidth(String(value)) : parseBandwidth([value].flat().join(' '))),
    BANDWIDTH,
  );
}

/** What a bandwidth is, for who wrote something else. */
export const BANDWIDTH =
  'must be a bandwidth, such as 50MiB (per second) or off, or a timetable, such as "08:00,10MiB 19:00,off" or "Mon-Fri-08:00,10MiB"';

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** As `bandwidth()` takes it; undefined where it is none. A limit of 0 is none. */
export function parseBandwidth(text: string): readonly BandwidthEntry[] | undefined {
  const slots = text.split(/[\s;]+/).filter((slot) => slot !== '');
  if (slots.length === 1 && !slots[0]!.includes(',')) {
    const all = limit(slots[0]!);
    return all && (all.bytesPerSecond === undefined ? [] : [{ minute: 0, ...all }]);
  }
  const entries = slots.map(parseSlot);
  return entries.length > 0 && entries.every((entry) => entry !== undefined) ? entries : undefined;
}

function parseSlot(slot: string): BandwidthEntry | undefined {
  const match = /^(?:([a-z]{3})(?:-([a-z]{3}))?-)?(\d\d):(\d\d),(.+)$/i.exec(slot);
  if (!match) return undefined;
  const [, from, to, hour, minute, rate] = match;
  const bytes = limit(rate!);
  const days = from === undefined ? undefined : daysBetween(from, to ?? from);
  if (!bytes || Number(hour) > 23 || Number(minute) > 59 || (from !== undefined && !days)) return undefined;
  return { ...(days && { days }), minute: Number(hour) * 60 + Number(minute), ...bytes };
}

function limit(text: string): { bytesPerSecond?: number } | undefined {
  if (text.toLowerCase() === 'off') return {};
  const bytes = parseBytes(text);
  if (bytes === undefined) return undefined;
  return bytes === 0 ? {} : { bytesPerSecond: bytes };
}

/** `Fri`, `Mon` → 5, 6, 0, 1. */
function daysBetween(from: string, to: string): number[] | undefined {
  const [first, last] = [DAYS.indexOf(from.toLowerCase()), DAYS.indexOf(to.toLowerCase())];
  if (first < 0 || last < 0) return undefined;
  return Array.from({ length: ((last - first + 7) % 7) + 1 }, (_, i) => (first + i) % 7);
}

function parseTime(text: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s*(Z|[+-]\d\d:\d\d)?)?$/.exec(text.trim());
  if (!match) return undefined;
  const [, date, clock = '00:00:00', zone = 'Z'] = match;
  const day = new Date(`${date}T00:00:00Z`);
  const at = new Date(`${date}T${clock}${zone}`).getTime();
  // JavaScript takes 31 February for 3 March.
  return Number.isNaN(at) || day.toISOString().slice(0, 10) !== date ? undefined : at;
}

function parsed<I, O>(schema: z.ZodType<I>, parse: (value: I) => O | undefined, message: string): z.ZodType<O> {
  return schema.transform((value, context) => {
    const result = parse(value);
    if (result !== undefined) return result;
    context.issues.push({ code: 'custom', message, input: value });
    return z.NEVER;
  });
}
