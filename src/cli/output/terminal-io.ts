/** What the process was started with: its streams and what they can show. Commands see nothing else of the outside. */
import type { Writable } from 'node:stream';

export interface Io {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** How one stream can be written to. */
export interface Display {
  /** The cursor can be moved: a live block may be drawn. */
  readonly live: boolean;
  readonly colour: boolean;
  /** Block and box characters can be shown. */
  readonly unicode: boolean;
  /** Columns now; windows change. Infinite where there is no window. */
  columns(): number;
}

type MaybeTty = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** `NO_COLOR` (no-color.org), `TERM=dumb` and a locale that is not UTF-8 are respected. */
export function displayOf(stream: Writable, env: Io['env'], options: { readonly color?: boolean } = {}): Display {
  const tty: MaybeTty = stream;
  const smart = tty.isTTY === true && env['TERM'] !== 'dumb';
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'];
  return {
    live: smart,
    colour: smart && options.color !== false && !env['NO_COLOR'],
    unicode: env['TERM'] !== 'linux' && (!locale || /utf-?8/i.test(locale)),
    columns: () => (tty.isTTY === true ? (tty.columns ?? 80) : Number.POSITIVE_INFINITY),
  };
}

/** The few styles used. Colour never carries meaning alone. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly accent: (text: string) => string;
}

export function styleOf(display: Pick<Display, 'colour'>): Style {
  const sgr =
    (on: number, off: number) =>
    (text: string): string =>
      display.colour && text !== '' ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  return {
    bold: sgr(1, 22),
    dim: sgr(2, 22),
    good: sgr(32, 39),
    warn: sgr(33, 39),
    bad: sgr(31, 39),
    accent: sgr(36, 39),
  };
}
