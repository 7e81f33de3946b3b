import { parseHttpDate } from './http-date.ts';

/**
 * How long a server asks to wait, milliseconds from `now`: seconds or a date (RFC 9110, 10.2.3). A date that is past
 * gives 0. Undefined where the header is absent or makes no sense. Callers cap it: servers may ask for days.
 */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  if (/^\d{1,9}(?:\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000);
  const date = parseHttpDate(text);
  return date === undefined ? undefined : Math.max(0, date - now);
}
