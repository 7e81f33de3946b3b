/** Tasks with a text in their names or stores, newest first, however many tasks there are. */
import type { QueuePage } from '../queue-book.ts';
import type { Database, Statement } from './database.ts';
import type { TaskRow } from './task-table.ts';

export interface FoundRows<Row> {
  readonly rows: readonly Row[];
  /** Where the next page goes on; undefined where there is none. */
  readonly before: number | undefined;
}

export interface SearchWanted extends QueuePage {
  readonly before: number;
  readonly search: string;
}

/** Candidates looked at for one page: some tens of milliseconds. */
const LOOK = 10_000;
/** Shorter texts have no trigram. */
const SHORTEST = 3;

/**
 * Candidates are the tasks with all trigrams of the text; of the wanted states where they are few; where the text is
 * too short for trigrams, all in turn.
 */
export class TaskSearch<Row extends TaskRow> {
  readonly #byTrigrams: Candidates<Row>;
  readonly #byStates: Candidates<Row>;
  readonly #byAge: Candidates<Row>;
  readonly #count: Statement<{ readonly count: number }>;

  constructor(db: Database) {
    const trigrams =
      'SELECT rowid AS id FROM task_search WHERE task_search MATCH ?2 AND rowid < ?1 ORDER BY rowid DESC';
    const states = 'SELECT id FROM tasks WHERE shown IN (SELECT value FROM json_each(?2)) AND id < ?1 ORDER BY id DESC';
    const age = 'SELECT id FROM tasks WHERE id < ?1 AND ?2 IS NULL ORDER BY id DESC';
    this.#byTrigrams = new Candidates(db, trigrams);
    this.#byStates = new Candidates(db, states);
    this.#byAge = new Candidates(db, age);
    this.#count = db.prepare(
      'SELECT total(count) AS count FROM task_counts WHERE shown IN (SELECT value FROM json_each(?))',
    );
  }

  find({ before, limit, states, search }: SearchWanted): FoundRows<Row> {
    const text = search.toLowerCase();
    // It ends a query of trigrams, and is in no name.
    if (text.includes('\0')) return { rows: [], before: undefined };
    const wanted = states && JSON.stringify(states);
    const page = { before, limit, text, states: wanted };
    if (wanted !== undefined && this.#count.get(wanted)!.count <= LOOK)
      return this.#byStates.find({ ...page, what: wanted });
    const characters = Array.from(text);
    if (characters.length < SHORTEST) return this.#byAge.find({ ...page, what: undefined });
    return this.#byTrigrams.find({ ...page, what: trigramsOf(characters) });
  }
}

/** As a query: all of them, in whatever order. Which task has the text itself is seen in its row. */
function trigramsOf(characters: readonly string[]): string {
  const trigrams = new Set<string>();
  for (let i = 0; i + SHORTEST <= characters.length; i++) trigrams.add(characters.slice(i, i + SHORTEST).join(''));
  return [...trigrams].map((each) => `"${each.replaceAll('"', '""')}"`).join(' AND ');
}

interface CandidatesWanted {
  readonly before: number;
  readonly limit: number;
  /** Lower case. */
  readonly text: string;
  /** JSON. */
  readonly states: string | undefined;
  /** `?2` of the candidates. */
  readonly what: string | undefined;
}

class Candidates<Row extends TaskRow> {
  readonly #find: Statement<Row>;
  readonly #last: Statement<{ readonly last: number | null; readonly count: number }>;

  /** `ids`: in falling order, below `?1`. */
  constructor(db: Database, ids: string) {
    // CROSS JOIN: one candidate after the other, until the page is full.
    this.#find = db.prepare(
      `SELECT tasks.* FROM (${ids} LIMIT ${LOOK}) AS looked CROSS JOIN tasks ON tasks.id = looked.id
       WHERE (instr(lower(name), ?4) > 0 OR instr(lower(identity), ?4) > 0)
         AND (?5 IS NULL OR shown IN (SELECT value FROM json_each(?5)))
       ORDER BY looked.id DESC LIMIT ?3`,
    );
    this.#last = db.prepare(`SELECT min(id) AS last, count(*) AS count FROM (${ids} LIMIT ${LOOK})`);
  }

  find({ before, limit, text, states, what }: CandidatesWanted): FoundRows<Row> {
    const found = this.#find.all(before, what, limit + 1, text, states);
    const rows = found.slice(0, limit);
    if (found.length > limit) return { rows, before: rows.at(-1)!.id };
    const { last, count } = this.#last.get(before, what)!;
    return { rows, before: last !== null && count === LOOK ? last : undefined };
  }
}
