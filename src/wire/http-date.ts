/** The two forms of time in HTTP and S3: `Sun, 06 Nov 1994 08:49:37 GMT` and `1994-11-06T08:49:37.000Z`. */

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** IMF-fixdate (RFC 9110, 5.6.7); whole seconds, the rest is cut off. */
export function httpDate(ms: number): string {
  const date = new Date(ms);
  const day = two(date.getUTCDate());
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  const year = String(date.getUTCFullYear()).padStart(4, '0');
  return `${DAYS[date.getUTCDay()]}, ${day} ${MONTHS[date.getUTCMonth()]} ${year} ${time} GMT`;
}

const IMF = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/;
const RFC850 = /^[A-Z][a-z]{5,8}, (\d\d)-([A-Z][a-z]{2})-(\d\d) (\d\d):(\d\d):(\d\d) GMT$/;
const ASCTIME = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/;

/**
 * Milliseconds since the epoch of any of the three forms RFC 9110 has recipients accept (two-digit years count from
 * 1970 to 2069); undefined where it is none. The name of the day is not checked.
 */
export function parseHttpDate(text: string): number | undefined {
  let match = IMF.exec(text);
  if (match) return utc(+match[3]!, month(match[2]!), +match[1]!, +match[4]!, +match[5]!, +match[6]!, 0);
  match = RFC850.exec(text);
  if (match) {
    const year = +match[3]! + (+match[3]! < 70 ? 2000 : 1900);
    return utc(year, month(match[2]!), +match[1]!, +match[4]!, +match[5]!, +match[6]!, 0);
  }
  match = ASCTIME.exec(text);
  if (match) return utc(+match[6]!, month(match[1]!), +match[2]!, +match[3]!, +match[4]!, +match[5]!, 0);
  return undefined;
}

/** `2013-05-24T00:00:00.000Z`, the form of listings. */
export function isoDate(ms: number): string {
  return new Date(ms).toISOString();
}

/**
 * Reads `YYYY-MM-DDTHH:MM:SS`, a fraction of any length or none, and `Z`, in `text` from `start` to `end`. Fractions
 * are cut to milliseconds. Undefined where it is anything else. Allocates nothing: listings hold one per object.
 */
export function parseIsoDate(text: string, start = 0, end = text.length): number | undefined {
  const length = end - start;
  if (length < 20 || text.charCodeAt(end - 1) !== 0x5a /* Z */) return undefined;
  if (text[start + 4] !== '-' || text[start + 7] !== '-' || text[start + 10] !== 'T') return undefined;
  if (text[start + 13] !== ':' || text[start + 16] !== ':') return undefined;
  let ms = 0;
  if (length > 20) {
    if (text[start + 19] !== '.' || length < 22) return undefined;
    let scale = 100;
    for (let i = start + 20; i < end - 1; i++) {
      const digit = text.charCodeAt(i) - 48;
      if (digit < 0 || digit > 9) return undefined;
      ms += Math.floor(digit * scale);
      scale = scale > 1 ? scale / 10 : 0;
    }
  }
  const year = pair(text, start) * 100 + pair(text, start + 2);
  return utc(
    year,
    pair(text, start + 5),
    pair(text, start + 8),
    pair(text, start + 11),
    pair(text, start + 14),
    pair(text, start + 17),
    ms,
  );
}

/** Two digits as a number; NaN where they are none. */
function pair(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/** Months count from 1; NaN anywhere, or a field out of its range, gives undefined. A leap second is the one after. */
function utc(
  year: number,
  month1: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
  ms: number,
): number | undefined {
  if (!(year >= 100 && month1 >= 1 && month1 <= 12 && day >= 1 && day <= 31)) return undefined;
  if (!(hour <= 23 && minute <= 59 && second <= 60)) return undefined;
  if (day > 28 && day > new Date(Date.UTC(year, month1, 0)).getUTCDate()) return undefined;
  return Date.UTC(year, month1 - 1, day, hour, minute, second, ms);
}

function month(name: string): number {
  const index = (MONTHS as readonly string[]).indexOf(name);
  return index < 0 ? Number.NaN : index + 1;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
