/**
 * Numbers for Prometheus: counters, gauges and histograms, in its text format 0.0.4 or as OpenMetrics 1.0.
 *
 * A family has a fixed list of labels and at most `MOST_SERIES` series: what comes after that is counted in one whose
 * labels all say `other`, so that nothing a client names makes memory grow.
 */

/** Of one family. */
const MOST_SERIES = 500;
const OTHER = 'other';

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[] | undefined;
}

type Kind = 'counter' | 'gauge' | 'histogram';

export type Format = 'prometheus' | 'openmetrics';

/** Content types of the two formats. */
export const CONTENT_TYPE: Readonly<Record<Format, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** The families of one process. */
export class Metrics {
  readonly #families: Shown[] = [];
  readonly #names = new Set<string>();
  readonly #collectors: (() => void | Promise<void>)[] = [];

  /** Only grows. Its name ends in `_total`. */
  counter(family: Family): Values {
    return this.#add(new Values('counter', family));
  }

  gauge(family: Family): Values {
    return this.#add(new Values('gauge', family));
  }

  /** `bounds` ascend. */
  histogram(family: Family & { readonly bounds: readonly number[] }): Histogram {
    return this.#add(new Histogram(family));
  }

  /** Called before every look, to set what is not counted as it happens. */
  collect(collector: () => void | Promise<void>): void {
    this.#collectors.push(collector);
  }

  /** Names of all families, in the order they were declared. */
  get names(): readonly string[] {
    return [...this.#names];
  }

  /** Everything as text. A collector that fails leaves its numbers as they were, and is told of. */
  async text(format: Format, onFailure: (error: unknown) => void): Promise<string> {
    for (const collector of this.#collectors) {
      try {
        await collector();
      } catch (thrown) {
        onFailure(thrown);
      }
    }
    const lines: string[] = [];
    for (const family of this.#families) {
      const { name, help, kind } = family;
      const known = format === 'openmetrics' && kind === 'counter' ? name.replace(/_total$/, '') : name;
      lines.push(`# HELP ${known} ${escapedHelp(help)}`, `# TYPE ${known} ${kind}`);
      family.show(lines);
    }
    if (format === 'openmetrics') lines.push('# EOF');
    return `${lines.join('\n')}\n`;
  }

  #add<T extends Shown>(family: T): T {
    if (this.#names.has(family.name)) throw new Error(`the metric ${family.name} is declared twice`);
    this.#names.add(family.name);
    this.#families.push(family);
    return family;
  }
}

interface Shown {
  readonly name: string;
  readonly help: string;
  readonly kind: Kind;
  show(lines: string[]): void;
}

/** A number for each combination of labels. */
export class Values implements Shown {
  readonly name: string;
  readonly help: string;
  readonly kind: Kind;
  readonly #series: Series<{ value: number }>;

  constructor(kind: 'counter' | 'gauge', { name, help, labels = [] }: Family) {
    this.name = name;
    this.help = help;
    this.kind = kind;
    this.#series = new Series(labels, () => ({ value: 0 }));
    if (labels.length === 0) this.#series.of([]);
  }

  /** `labels` in the order they were declared. */
  add(value: number, ...labels: readonly string[]): void {
    this.#series.of(labels).value += value;
  }

  set(value: number, ...labels: readonly string[]): void {
    this.#series.of(labels).value = value;
  }

  /** Forgets all series: for a collector that sets anew what there is. */
  clear(): void {
    this.#series.clear();
  }

  show(lines: string[]): void {
    for (const [text, { value }] of this.#series.all()) lines.push(`${this.name}${braced(text)} ${number(value)}`);
  }
}

interface Observed {
  /** Of each bound, and behind the last; not added up. */
  readonly counts: number[];
  sum: number;
}

export class Histogram implements Shown {
  readonly name: string;
  readonly help: string;
  readonly kind = 'histogram';
  readonly #bounds: readonly number[];
  readonly #series: Series<Observed>;

  constructor({ name, help, labels = [], bounds }: Family & { readonly bounds: readonly number[] }) {
    this.name = name;
    this.help = help;
    this.#bounds = bounds;
    this.#series = new Series(labels, () => ({ counts: bounds.map(() => 0).concat(0), sum: 0 }));
  }

  observe(value: number, ...labels: readonly string[]): void {
    const series = this.#series.of(labels);
    const at = this.#bounds.findIndex((bound) => value <= bound);
    series.counts[at < 0 ? this.#bounds.length : at]!++;
    series.sum += value;
  }

  show(lines: string[]): void {
    for (const [text, { counts, sum }] of this.#series.all()) {
      const more = text === '' ? '' : `${text},`;
      let count = 0;
      for (const [i, each] of counts.entries()) {
        count += each;
        const bound = this.#bounds[i];
        lines.push(`${this.name}_bucket{${more}le="${bound === undefined ? '+Inf' : number(bound)}"} ${count}`);
      }
      lines.push(`${this.name}_sum${braced(text)} ${number(sum)}`, `${this.name}_count${braced(text)} ${count}`);
    }
  }
}

/** By their labels; those beyond `MOST_SERIES` share one. */
class Series<T> {
  readonly #labels: readonly string[];
  readonly #make: () => T;
  readonly #known = new Map<string, { readonly text: string; readonly value: T }>();

  constructor(labels: readonly string[], make: () => T) {
    this.#labels = labels;
    this.#make = make;
  }

  of(labels: readonly string[]): T {
    const key = labels.length === 1 ? labels[0]! : labels.join('\0');
    return (this.#known.get(key) ?? this.#new(key, labels)).value;
  }

  clear(): void {
    this.#known.clear();
  }

  *all(): Generator<readonly [string, T]> {
    for (const { text, value } of this.#known.values()) yield [text, value];
  }

  #new(key: string, labels: readonly string[]): { readonly text: string; readonly value: T } {
    if (labels.length !== this.#labels.length) throw new Error(`wants the labels ${this.#labels.join()}`);
    if (this.#known.size >= MOST_SERIES && labels.some((label) => label !== OTHER)) {
      const other = labels.map(() => OTHER);
      const shared = other.join('\0');
      return this.#known.get(shared) ?? this.#new(shared, other);
    }
    const text = this.#labels.map((name, i) => `${name}="${escapedLabel(labels[i]!)}"`).join();
    const series = { text, value: this.#make() };
    this.#known.set(key, series);
    return series;
  }
}

function braced(labels: string): string {
  return labels === '' ? '' : `{${labels}}`;
}

function number(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

function escapedLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function escapedHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
