import * as z from 'zod';
import { FerryError } from '../../model/errors.ts';
import type {
  EndedTask,
  NewPlace,
  PlaceChange,
  QueueBook,
  QueuedPage,
  QueuedTask,
  QueuePage,
  QueueState,
} from '../queue-book.ts';
import type { NewTask, TaskRecord } from '../state-store.ts';
import { storedJson, type Database, type Statement, type Value } from './database.ts';
import { TaskSearch, type FoundRows } from './task-search.ts';
import { requireName, type TaskRow, type TaskTable } from './task-table.ts';

interface Row extends TaskRow {
  readonly queue_state: QueueState;
  readonly priority: number;
  readonly queued_at: number | null;
  readonly work: string | null;
  readonly live_limits: string | null;
  readonly result: string | null;
}

interface Ended {
  readonly name: string;
  readonly at: number;
  readonly number: number;
}

const ANYTHING = z.unknown();

export class QueueTable implements QueueBook {
  readonly #db: Database;
  readonly #tasks: TaskTable;
  readonly #record: (row: TaskRow) => TaskRecord;
  readonly #place: Statement<never>;
  readonly #byName: Statement<Row>;
  readonly #search: TaskSearch<Row>;
  readonly #ended: Statement<Ended>;
  readonly #endedBefore: Statement<{ readonly at: number }>;
  readonly #page: Statement<Row>;
  readonly #pageOfState: Statement<Row>;
  readonly #next: Statement<Row>;
  readonly #started: Statement<Row>;
  readonly #counts: Statement<{ readonly shown: string; readonly count: number }>;
  readonly #mentions: Statement<{ readonly found: number }>;
  readonly #change: Statement<never>;

  constructor(db: Database, tasks: TaskTable, record: (row: TaskRow) => TaskRecord) {
    this.#db = db;
    this.#tasks = tasks;
    this.#record = record;
    this.#place = db.prepare(
      "UPDATE tasks SET queue_state = ?, priority = ?, queued_at = ?, work = ?, origin = 'api' WHERE name = ?",
    );
    this.#byName = db.prepare('SELECT * FROM tasks WHERE name = ?');
    this.#search = new TaskSearch(db);
    this.#page = db.prepare('SELECT * FROM tasks WHERE id < ? ORDER BY id DESC LIMIT ?');
    this.#pageOfState = db.prepare('SELECT * FROM tasks WHERE id < ? AND shown = ? ORDER BY id DESC LIMIT ?');
    this.#ended = db.prepare(
      `SELECT name, coalesce(ended_at, created_at) AS at, id AS number FROM tasks
       WHERE origin = 'api' AND shown = ?1 AND coalesce(ended_at, created_at) >= ?2
         AND coalesce(ended_at, created_at) < ?4 AND (coalesce(ended_at, created_at) > ?2 OR id > ?3)
       ORDER BY coalesce(ended_at, created_at), id LIMIT ?5`,
    );
    this.#endedBefore = db.prepare(
      `SELECT coalesce(ended_at, created_at) AS at FROM tasks WHERE origin = 'api' AND shown = ?
       ORDER BY coalesce(ended_at, created_at) DESC LIMIT 1 OFFSET ?`,
    );
    this.#next = db.prepare(
      "SELECT * FROM tasks WHERE queue_state = 'queued' ORDER BY priority DESC, queued_at, id LIMIT ?",
    );
    this.#started = db.prepare("SELECT * FROM tasks WHERE queue_state = 'running' ORDER BY id");
    this.#counts = db.prepare('SELECT shown, count FROM task_counts WHERE count > 0');
    this.#mentions = db.prepare('SELECT 1 AS found FROM tasks WHERE instr(file, ?) > 0 LIMIT 1');
    this.#change = db.prepare(
      `UPDATE tasks SET queue_state = coalesce(?2, queue_state), priority = coalesce(?3, priority),
         queued_at = coalesce(?4, queued_at), work = iif(?5, ?6, work), live_limits = iif(?7, ?8, live_limits),
         result = iif(?9, ?10, result)
       WHERE name = ?1 AND queue_state IN (SELECT value FROM json_each(?11))`,
    );
  }

  async create(task: NewTask, { priority, work }: NewPlace): Promise<void> {
    requireName(task.name);
    this.#db.transaction(() => {
      if (this.#tasks.byName(task.name))
        throw new FerryError('already-exists', {
          message: `there is a task "${task.name}" already`,
          remedy: 'Choose another name, or delete that task first.',
        });
      this.#tasks.create(task);
      const state = work === undefined ? 'idle' : 'queued';
      this.#place.run(state, priority, task.createdAt, json(work), task.name);
    });
  }

  async get(name: string): Promise<QueuedTask | undefined> {
    const row = this.#byName.get(name);
    return row && this.#queued(row);
  }

  async page(options: QueuePage): Promise<QueuedPage> {
    const { rows, before } = this.#rows(options);
    return { tasks: rows.map((row) => this.#queued(row)), before };
  }

  #rows({ before = Number.MAX_SAFE_INTEGER, limit, states, search }: QueuePage): FoundRows<Row> {
    if (search !== undefined && search !== '') return this.#search.find({ before, limit, states, search });
    const found =
      states === undefined
        ? this.#page.all(before, limit + 1)
        : states.flatMap((state) => this.#pageOfState.all(before, state, limit + 1)).sort((a, b) => b.id - a.id);
    const rows = found.slice(0, limit);
    return { rows, before: found.length > limit ? rows.at(-1)!.id : undefined };
  }

  async ended(shown: EndedTask, { after, before, limit }: Parameters<QueueBook['ended']>[1]): Promise<Ended[]> {
    return this.#ended.all(shown, after?.at ?? 0, after?.number ?? 0, before, limit);
  }

  async endedBefore(shown: EndedTask, keep: number): Promise<number | undefined> {
    return this.#endedBefore.get(shown, keep)?.at;
  }

  async next(limit: number): Promise<readonly QueuedTask[]> {
    return this.#next.all(limit).map((row) => this.#queued(row));
  }

  async started(): Promise<readonly QueuedTask[]> {
    return this.#started.all().map((row) => this.#queued(row));
  }

  async change(name: string, from: readonly QueueState[], to: PlaceChange): Promise<boolean> {
    const { state, priority, since, work, limits, result } = to;
    const changed = this.#change.run(
      name,
      state,
      priority,
      since,
      ...(optional(work) satisfies readonly Value[]),
      ...optional(limits),
      ...optional(result),
      JSON.stringify(from),
    );
    return changed === 1;
  }

  async mentions(text: string): Promise<boolean> {
    return this.#mentions.get(text) !== undefined;
  }

  async counts(): Promise<Readonly<Record<string, number>>> {
    return Object.fromEntries(this.#counts.all().map(({ shown, count }) => [shown, count]));
  }

  #queued(row: Row): QueuedTask {
    return {
      number: row.id,
      record: this.#record(row),
      state: row.queue_state,
      priority: row.priority,
      since: row.queued_at ?? undefined,
      work: parsed(row.work),
      limits: parsed(row.live_limits),
      result: parsed(row.result),
    };
  }
}

/** Whether it is to be changed, and into what. */
function optional(value: unknown): readonly [number, string | null] {
  return value === undefined ? [0, null] : [1, value === null ? null : json(value)];
}

function json(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

function parsed(text: string | null): unknown {
  return text === null ? undefined : storedJson(ANYTHING, text);
}
