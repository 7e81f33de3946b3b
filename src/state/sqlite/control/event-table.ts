import * as z from 'zod';
import { FerryError } from '../../../model/errors.ts';
import type {
  EventBook,
  EventCounts,
  EventOutcome,
  EventSourceRecord,
  EventTotals,
  NewEvent,
  NewEventSource,
  WaitingEvent,
} from '../../control/event-book.ts';
import { storedJson, type Database, type Statement } from '../database.ts';
import { GroupCommit } from '../group-commit.ts';

/** Digits of a sequencer, so that all have as many. */
const DIGITS = 64;
/** Rows forgotten in one transaction. */
const FORGOTTEN = 5000;

interface SourceRow extends EventTotals {
  readonly name: string;
  readonly kind: NewEventSource['kind'];
  readonly source: string;
  readonly destination: string;
  readonly prefix: string;
  readonly deletes: NewEventSource['deletes'];
  readonly reconcile: number;
  readonly settings: string;
  readonly secrets: string;
  readonly created_at: number;
  readonly version: number;
  readonly last_at: number | null;
  readonly reconciled_at: number | null;
  readonly reconcile_error: string | null;
}

interface EventRow {
  readonly source: string;
  readonly key: string;
  readonly change: NewEvent['change'];
  readonly sequencer: string;
  readonly received_at: number;
  readonly tries: number;
  readonly version: number;
}

const SETTINGS = z.record(z.string(), z.unknown());
const SECRETS = z.record(z.string(), z.string());

export class EventTable implements EventBook {
  readonly #db: Database;
  readonly #group: GroupCommit;
  readonly #insertSource: Statement<never>;
  readonly #sources: Statement<SourceRow>;
  readonly #source: Statement<SourceRow>;
  readonly #replace: Statement<never>;
  readonly #remove: Statement<never>;
  readonly #reconciled: Statement<never>;
  readonly #put: Statement<never>;
  readonly #count: Statement<never>;
  readonly #countMalformed: Statement<never>;
  readonly #due: Statement<EventRow>;
  readonly #next: Statement<{ readonly at: number | null }>;
  readonly #settle: Statement<never>;
  readonly #postpone: Statement<never>;
  readonly #outcome: Statement<never>;
  readonly #counts: Statement<EventCounts & { readonly oldest: number | null }>;
  readonly #forget: Statement<never>;

  constructor(db: Database) {
    this.#db = db;
    this.#group = new GroupCommit(db, []);
    this.#insertSource = db.prepare(
      `INSERT OR IGNORE INTO event_sources (name, kind, source, destination, prefix, deletes, reconcile, settings,
         secrets, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#sources = db.prepare('SELECT * FROM event_sources ORDER BY name');
    this.#source = db.prepare('SELECT * FROM event_sources WHERE name = ?');
    this.#replace = db.prepare(
      `UPDATE event_sources SET kind = ?, source = ?, destination = ?, prefix = ?, deletes = ?, reconcile = ?,
         settings = ?, secrets = ?, version = version + 1 WHERE name = ? AND version = ?`,
    );
    this.#remove = db.prepare('DELETE FROM event_sources WHERE name = ? AND version = ?');
    this.#reconciled = db.prepare('UPDATE event_sources SET reconciled_at = ?, reconcile_error = ? WHERE name = ?');
    this.#put = db.prepare(
      `INSERT INTO events (source, key, change, sequencer, received_at, state, next_at)
       VALUES (?1, ?2, ?3, ?4, ?5, 'waiting', ?5)
       ON CONFLICT (source, key) DO UPDATE SET change = ?3, sequencer = ?4, state = 'waiting', next_at = ?5, tries = 0,
         error = NULL, version = version + 1,
         received_at = CASE state WHEN 'waiting' THEN received_at ELSE ?5 END
       WHERE ?4 = '' OR sequencer = '' OR ?4 > sequencer`,
    );
    this.#count = db.prepare(
      'UPDATE event_sources SET received = received + ?, outdated = outdated + ?, last_at = ? WHERE name = ?',
    );
    this.#countMalformed = db.prepare('UPDATE event_sources SET malformed = malformed + 1, last_at = ? WHERE name = ?');
    this.#due = db.prepare(
      `SELECT source, key, change, sequencer, received_at, tries, version FROM events
       WHERE source = ? AND next_at <= ? ORDER BY next_at LIMIT ?`,
    );
    this.#next = db.prepare('SELECT min(next_at) AS at FROM events WHERE source = ? AND next_at IS NOT NULL');
    this.#settle = db.prepare(
      `UPDATE events SET state = ?, next_at = NULL, error = ?, received_at = ?, tries = tries + 1
       WHERE source = ? AND key = ? AND version = ?`,
    );
    this.#postpone = db.prepare(
      `UPDATE events SET next_at = ?, error = ?, tries = tries + 1 WHERE source = ? AND key = ? AND version = ?`,
    );
    this.#outcome = db.prepare(
      `UPDATE event_sources SET transferred = transferred + ?, deleted = deleted + ?, passed = passed + ? WHERE name = ?`,
    );
    this.#counts = db.prepare(
      `SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state = 'failed') AS failed,
         min(received_at) FILTER (WHERE state = 'waiting') AS oldest FROM events
       WHERE source = ? AND state IN ('waiting', 'failed')`,
    );
    this.#forget = db.prepare(
      `DELETE FROM events WHERE (source, key) IN
         (SELECT source, key FROM events WHERE state = 'done' AND received_at < ? LIMIT ${FORGOTTEN})`,
    );
  }

  async addSource(source: NewEventSource): Promise<void> {
    const { name, createdAt } = source;
    if (this.#insertSource.run(name, ...columnsOf(source), createdAt) === 0)
      throw new FerryError('already-exists', {
        message: `there is an event source "${name}" already`,
        remedy: 'Choose another name, or change that source.',
      });
  }

  async sources(): Promise<readonly EventSourceRecord[]> {
    return this.#sources.all().map(sourceOf);
  }

  async source(name: string): Promise<EventSourceRecord | undefined> {
    const row = this.#source.get(name);
    return row && sourceOf(row);
  }

  async replaceSource(source: Omit<NewEventSource, 'createdAt'>, version: number): Promise<boolean> {
    return this.#replace.run(...columnsOf(source), source.name, version) > 0;
  }

  async removeSource(name: string, version: number): Promise<boolean> {
    return this.#remove.run(name, version) > 0;
  }

  async reconciled(name: string, at: number, error?: string): Promise<void> {
    this.#reconciled.run(at, error, name);
  }

  add(source: string, events: readonly NewEvent[], now: number): Promise<void> {
    return this.#group.add(() => {
      let outdated = 0;
      for (const { key, change, sequencer } of events)
        if (this.#put.run(source, key, change, padded(sequencer), now) === 0) outdated++;
      this.#count.run(events.length, outdated, now, source);
    });
  }

  malformed(source: string, now: number): Promise<void> {
    return this.#group.add(() => void this.#countMalformed.run(now, source));
  }

  async due(source: string, now: number, limit: number): Promise<readonly WaitingEvent[]> {
    return this.#due.all(source, now, limit).map(({ received_at: receivedAt, ...row }) => ({ ...row, receivedAt }));
  }

  async nextAt(source: string): Promise<number | undefined> {
    return this.#next.get(source)?.at ?? undefined;
  }

  settle({ source, key, version }: WaitingEvent, outcome: EventOutcome, now: number): Promise<void> {
    return this.#group.add(() => {
      if (outcome.is === 'again') this.#postpone.run(outcome.at, outcome.error, source, key, version);
      else if (outcome.is === 'failed') this.#settle.run('failed', outcome.error, now, source, key, version);
      else {
        this.#settle.run('done', null, now, source, key, version);
        const one = (is: EventOutcome['is']): number => (outcome.is === is ? 1 : 0);
        this.#outcome.run(one('transferred'), one('deleted'), one('passed'), source);
      }
    });
  }

  async counts(source: string): Promise<EventCounts> {
    const { waiting, failed, oldest } = this.#counts.get(source)!;
    return { waiting, failed, oldest: oldest ?? undefined };
  }

  async forgetDone(before: number): Promise<void> {
    while (this.#db.transaction(() => this.#forget.run(before)) === FORGOTTEN) await this.#group.add(() => undefined);
  }

  flush(): void {
    this.#group.flush();
  }
}

/** As text in their order. */
function padded(sequencer: string): string {
  return sequencer === '' ? '' : sequencer.toLowerCase().padStart(DIGITS, '0');
}

function columnsOf(source: Omit<NewEventSource, 'createdAt'>) {
  const { kind, source: from, destination, prefix, deletes, reconcile, settings, secrets } = source;
  return [kind, from, destination, prefix, deletes, reconcile, JSON.stringify(settings), JSON.stringify(secrets)];
}

function sourceOf(row: SourceRow): EventSourceRecord {
  const { name, kind, source, destination, prefix, deletes, reconcile, version } = row;
  const { received, outdated, malformed, transferred, deleted, passed } = row;
  return {
    name,
    kind,
    source,
    destination,
    prefix,
    deletes,
    reconcile,
    version,
    settings: storedJson(SETTINGS, row.settings),
    secrets: storedJson(SECRETS, row.secrets),
    createdAt: row.created_at,
    totals: { received, outdated, malformed, transferred, deleted, passed },
    lastAt: row.last_at ?? undefined,
    reconciledAt: row.reconciled_at ?? undefined,
    reconcileError: row.reconcile_error ?? undefined,
  };
}
