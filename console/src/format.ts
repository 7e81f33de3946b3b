/** Numbers, sizes and times as people read them, in the language of the page. */
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

export interface FormatOptions {
  readonly locale: 'en' | 'zh';
  readonly utc: boolean;
}

export class Format {
  readonly #number: Intl.NumberFormat;
  readonly #short: Intl.NumberFormat;
  readonly #time: Intl.DateTimeFormat;
  readonly #date: Intl.DateTimeFormat;
  readonly #locale: 'en' | 'zh';
  readonly #utc: boolean;

  constructor({ locale, utc }: FormatOptions) {
    this.#locale = locale;
    this.#utc = utc;
    const tag = locale === 'zh' ? 'zh-CN' : 'en-GB';
    const zone = utc ? { timeZone: 'UTC' } : {};
    this.#number = new Intl.NumberFormat(tag, { maximumFractionDigits: 0 });
    this.#short = new Intl.NumberFormat(tag, { maximumFractionDigits: 1 });
    this.#time = new Intl.DateTimeFormat(tag, {
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hour12: false,
      ...zone,
    });
    this.#date = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium', ...zone });
  }

  count(value: number): string {
    return this.#number.format(value);
  }

  /** `12.3 GiB`. */
  bytes(value: number): string {
    let unit = 0;
    let left = value;
    for (; Math.abs(left) >= 1024 && unit < UNITS.length - 1; unit++) left /= 1024;
    const digits = unit === 0 || left >= 100 ? 0 : left >= 10 ? 1 : 2;
    return `${left.toFixed(digits)} ${UNITS[unit]!}`;
  }

  rate(bytesPerSecond: number): string {
    return `${this.bytes(bytesPerSecond)}/s`;
  }

  /** Objects per second. */
  pace(perSecond: number): string {
    return `${perSecond < 10 ? this.#short.format(perSecond) : this.count(perSecond)}/s`;
  }

  percent(part: number, whole: number): string {
    if (whole <= 0) return '–';
    const percent = (part / whole) * 100;
    // 100 % is said of what is complete, and of nothing else.
    return `${part < whole ? Math.min(99.9, Math.floor(percent * 10) / 10).toFixed(1) : '100'} %`;
  }

  /** `2026-11-21 23:31:10`, with `Z` in UTC. */
  moment(at: number): string {
    return `${this.#date.format(at)}${this.#utc ? 'Z' : ''}`;
  }

  clock(at: number): string {
    return `${this.#time.format(at)}${this.#utc ? 'Z' : ''}`;
  }

  /** The two largest units of it. */
  duration(milliseconds: number): string {
    const zh = this.#locale === 'zh';
    const seconds = Math.max(0, Math.round(milliseconds / 1000));
    const parts: [number, string][] = [
      [Math.floor(seconds / 86_400), zh ? ' 天' : ' d'],
      [Math.floor(seconds / 3600) % 24, zh ? ' 小时' : ' h'],
      [Math.floor(seconds / 60) % 60, zh ? ' 分' : ' min'],
      [seconds % 60, zh ? ' 秒' : ' s'],
    ];
    const first = parts.findIndex(([value]) => value > 0);
    if (first < 0) return `0${parts[3]![1]}`;
    return parts
      .slice(first, first + 2)
      .filter(([value], i) => i === 0 || value > 0)
      .map(([value, unit]) => `${value}${unit}`)
      .join(' ');
  }
}
