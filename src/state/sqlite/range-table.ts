/**
 * The ranges of the pass under way: where every key is either dealt with or not, and none is forgotten.
 *
 * What a wrong byte here would do is leave keys out without a word, so each row carries a CRC-32, and a change is
 * refused unless the ranges cover afterwards exactly the keys they covered before.
 */
import { crc32 } from 'node:zlib';
import { FerryError } from '../../model/errors.ts';
import { compareKeys } from '../../model/key.ts';
import type { OpenRanges, RangeRecord } from '../state-store.ts';
import { damaged, type Database, type Statement } from './database.ts';

interface Row {
  /** '' where unbounded. */
  readonly after: string;
  readonly through: string | null;
  readonly position: string | null;
  readonly done: number;
  readonly crc: number;
}

const COLUMNS = 'after, through, position, done, crc';

export class RangeTable {
  readonly #file: string;
  readonly #put: Statement<never>;
  readonly #delete: Statement<never>;
  readonly #clear: Statement<never>;
  readonly #all: Statement<Row>;
  readonly #open: Statement<Row>;
  readonly #countOpen: Statement<{ readonly count: number }>;
  readonly #at: Statement<Row>;
  readonly #before: Statement<Row>;

  constructor(db: Database) {
    this.#file = db.file;
    this.#put = db.prepare(
      `INSERT INTO ranges (task_id, ${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (task_id, after) DO UPDATE
       SET through = excluded.through, position = excluded.position, done = excluded.done, crc = excluded.crc`,
    );
    this.#delete = db.prepare('DELETE FROM ranges WHERE task_id = ? AND after = ?');
    this.#clear = db.prepare('DELETE FROM ranges WHERE task_id = ?');
    this.#all = db.prepare(`SELECT ${COLUMNS} FROM ranges WHERE task_id = ? ORDER BY after`);
    this.#open = db.prepare(`SELECT ${COLUMNS} FROM ranges WHERE task_id = ? AND done = 0 ORDER BY after LIMIT ?`);
    this.#countOpen = db.prepare('SELECT count(*) AS count FROM ranges WHERE task_id = ? AND done = 0');
    this.#at = db.prepare(`SELECT ${COLUMNS} FROM ranges WHERE task_id = ? AND after = ?`);
    this.#before = db.prepare(
      `SELECT ${COLUMNS} FROM ranges WHERE task_id = ? AND after < ? ORDER BY after DESC LIMIT 1`,
    );
  }

  all(task: number): RangeRecord[] {
    return this.#all.all(task).map((row) => this.#record(row));
  }

  open(task: number, limit: number): OpenRanges {
    const ranges = this.#open.all(task, limit).map((row) => this.#record(row));
    return { ranges, count: this.#countOpen.get(task)!.count };
  }

  clear(task: number): void {
    this.#clear.run(task);
  }

  /** Starts anew with these; they may leave gaps but not overlap. */
  replace(task: number, ranges: readonly RangeRecord[]): void {
    const sorted = ranges.map(toRow).sort((a, b) => compareKeys(a.after, b.after));
    for (const [i, row] of sorted.entries()) {
      const next = sorted[i + 1];
      if (next && (row.through === null || compareKeys(row.through, next.after) > 0)) {
        throw defect(`ranges overlap after "${next.after}"`);
      }
    }
    this.clear(task);
    for (const row of sorted) this.#write(task, row);
  }

  /**
   * Applies changes: a range goes on, is done, or is cut in several that together cover what it covered. What is done
   * stays done. Done neighbours become one row, so that the table stays as small as the work still open.
   */
  apply(task: number, changes: readonly RangeRecord[]): void {
    const cuts: { readonly from: string | null; readonly to: string | null }[] = [];
    const added = new Set<string>();
    const written: Row[] = [];
    for (const row of new Map(changes.map((change) => [change.after, toRow(change)])).values()) {
      const old = this.#get(task, row.after);
      if (this.#isDone(task, row, old)) continue;
      if (!old) added.add(row.after);
      else if (old.through !== row.through) cuts.push({ from: row.through, to: old.through });
      this.#write(task, row);
      written.push(row);
    }
    for (const cut of cuts) this.#requireCovered(task, cut.from, cut.to, added);
    for (const after of added) throw defect(`a range after "${after}" is not part of the pass`);
    for (const row of written) if (row.done === 1) this.#merge(task, row.after);
  }

  /** Whether `row` lies in what is done already, as a row of its own or merged into a greater one. */
  #isDone(task: number, row: Row, old: Row | undefined): boolean {
    const cover = old ?? this.#previous(task, row.after);
    if (cover?.done !== 1) return false;
    if (cover.through !== null && compareKeys(cover.through, row.after) <= 0) return false;
    if (row.done !== 1) throw defect(`the range after "${row.after}" was done and is now open`);
    return true;
  }

  #requireCovered(task: number, from: string | null, to: string | null, added: Set<string>): void {
    for (let at = from; at !== to;) {
      const row = at !== null && added.delete(at) ? this.#get(task, at) : undefined;
      if (!row) throw defect(`keys after "${at ?? ''}" would belong to no range`);
      at = row.through;
    }
  }

  #merge(task: number, after: string): void {
    let row = this.#get(task, after);
    if (!row) return; // Already part of its left neighbour.
    const left = this.#previous(task, after);
    if (left?.done === 1 && left.through === row.after) {
      this.#delete.run(task, row.after);
      row = { ...left, through: row.through };
    }
    while (row.through !== null) {
      const right = this.#get(task, row.through);
      if (right?.done !== 1) break;
      this.#delete.run(task, right.after);
      row = { ...row, through: right.through };
    }
    this.#write(task, { ...row, position: row.through });
  }

  #write(task: number, row: Row): void {
    this.#put.run(task, row.after, row.through, row.position, row.done, checksum(row));
  }

  #record(row: Row): RangeRecord {
    this.#intact(row);
    const { after, through, position, done } = row;
    return { after: after === '' ? null : after, through, position, done: done === 1 };
  }

  #get(task: number, after: string): Row | undefined {
    return this.#intact(this.#at.get(task, after));
  }

  #previous(task: number, after: string): Row | undefined {
    return this.#intact(this.#before.get(task, after));
  }

  #intact(row: Row | undefined): Row | undefined {
    if (row && row.crc !== checksum(row)) throw damaged(this.#file, 'a key range does not match its checksum');
    return row;
  }
}

function toRow(range: RangeRecord): Row {
  const after = range.after ?? '';
  if (range.through !== null && compareKeys(after, range.through) >= 0) {
    throw defect(`the range from "${after}" to "${range.through}" is empty`);
  }
  const position = range.done ? range.through : range.position;
  return { after, through: range.through, position, done: range.done ? 1 : 0, crc: 0 };
}

function checksum(row: Row): number {
  return crc32(JSON.stringify([row.after, row.through, row.position, row.done]));
}

function defect(what: string): FerryError {
  return new FerryError('internal', { message: `the checkpoint was refused: ${what}` });
}
