/** What is wrong with a file a person wrote: every problem at once, each with its place. */
import { FerryError } from '../model/errors.ts';

export interface Problem {
  /** Keys and indices from the top of the file; empty where the file as a whole is meant. */
  readonly path: Path;
  readonly message: string;
  /** From 1; absent where there is none. */
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

export type Path = readonly (string | number)[];

/** Lines shown; a file that is wrong throughout is not improved by more. */
const MAX_SHOWN = 50;

/** The cause of the error, for who shows each problem at its place. */
export class ProblemList extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(`${problems.length} problems`);
    this.problems = problems;
  }
}

/** One line each, in the order of the file: `task.yaml:7:3 source.options.buckt_name: unknown key`. */
export function problemsError(file: string, problems: readonly Problem[]): FerryError {
  const sorted = problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  const lines = sorted.slice(0, MAX_SHOWN).map((problem) => describe(file, problem));
  if (sorted.length > MAX_SHOWN) lines.push(`${file}: and ${sorted.length - MAX_SHOWN} more`);
  return new FerryError('configuration', {
    message: lines.join('\n'),
    cause: new ProblemList(sorted),
    remedy: lines.length === 1 ? 'Correct the place named in the message.' : 'Correct the places named in the message.',
  });
}

/** `['source', 'list', 0]` → `source.list[0]`. */
export function pathText(path: Path): string {
  return path.map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`)).join('');
}

function describe(file: string, { path, message, line, column }: Problem): string {
  const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
  return path.length === 0 ? `${place} ${message}` : `${place} ${pathText(path)}: ${message}`;
}
