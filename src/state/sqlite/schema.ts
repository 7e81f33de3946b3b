/**
 * The tables, and how older ones become newer. A migration that was released is never changed; another is added.
 *
 * Text compares by its UTF-8 bytes in SQLite, so `ORDER BY key` is the order of keys. Times are milliseconds since the
 * epoch. `after = ''` is a range without a lower bound (no key is empty).
 */
import { FerryError } from '../../model/errors.ts';
import { MiB } from '../../model/units.ts';
import { damaged, type Database } from './database.ts';

/** `Ferr`: tells this file from any other SQLite database. */
const APPLICATION_ID = 0x46657272;

const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE tasks (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    name          TEXT NOT NULL UNIQUE,
    file          TEXT NOT NULL,
    identity      TEXT NOT NULL,
    created_at    REAL NOT NULL,
    state         TEXT NOT NULL DEFAULT 'created'
                  CHECK (state IN ('created', 'running', 'interrupted', 'finished', 'failed')),
    passes        INTEGER NOT NULL DEFAULT 0,
    pass_open     INTEGER NOT NULL DEFAULT 0 CHECK (pass_open IN (0, 1)),
    baseline      REAL,
    started_at    REAL,
    ended_at      REAL,
    counters      TEXT NOT NULL DEFAULT '{}',
    error_code    TEXT,
    error_message TEXT,
    lease_token   INTEGER NOT NULL DEFAULT 0,
    holder        TEXT,
    held_since    REAL
  ) STRICT;

  CREATE TABLE ranges (
    task_id  INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    after    TEXT NOT NULL,
    through  TEXT,
    position TEXT,
    done     INTEGER NOT NULL CHECK (done IN (0, 1)),
    crc      INTEGER NOT NULL,
    PRIMARY KEY (task_id, after)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE failures (
    task_id   INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    key       TEXT NOT NULL,
    operation TEXT NOT NULL,
    code      TEXT NOT NULL,
    message   TEXT NOT NULL,
    remedy    TEXT NOT NULL,
    size      INTEGER,
    at        REAL NOT NULL,
    attempts  INTEGER NOT NULL,
    PRIMARY KEY (task_id, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX failures_by_code ON failures (task_id, code, key);

  CREATE TABLE uploads (
    id             INTEGER PRIMARY KEY,
    task_id        INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    key            TEXT NOT NULL,
    upload_id      TEXT NOT NULL,
    part_size      INTEGER NOT NULL,
    size           INTEGER NOT NULL,
    source_version TEXT NOT NULL,
    started_at     REAL NOT NULL,
    UNIQUE (task_id, key)
  ) STRICT;

  CREATE TABLE parts (
    upload    INTEGER NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    number    INTEGER NOT NULL,
    etag      TEXT NOT NULL,
    size      INTEGER NOT NULL,
    crc32     INTEGER,
    checksums TEXT,
    PRIMARY KEY (upload, number)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE facts (
    task_id INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    value   TEXT NOT NULL,
    PRIMARY KEY (task_id, name)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE uploads ADD COLUMN owes_tags INTEGER NOT NULL DEFAULT 0 CHECK (owes_tags IN (0, 1));
  `,
  `
  CREATE TABLE upload_intents (
    task_id INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    key     TEXT NOT NULL,
    since   REAL NOT NULL,
    until   REAL NOT NULL,
    PRIMARY KEY (task_id, key, since)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX uploads_by_id ON uploads (upload_id);
  `,
  `
  CREATE TABLE doubts (
    task_id INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    key     TEXT NOT NULL,
    PRIMARY KEY (task_id, key)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE parts DROP COLUMN crc32;
  `,
  `
  CREATE TABLE buckets (
    name    TEXT NOT NULL PRIMARY KEY,
    tenant  TEXT NOT NULL,
    created REAL NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE mirror_counters (
    bucket   TEXT NOT NULL,
    rule     TEXT NOT NULL,
    hits     INTEGER NOT NULL,
    misses   INTEGER NOT NULL,
    absent   INTEGER NOT NULL,
    stored   INTEGER NOT NULL,
    bytes    INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    last_use REAL,
    PRIMARY KEY (bucket, rule)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE mirror_deleted (
    bucket TEXT NOT NULL,
    key    TEXT NOT NULL,
    PRIMARY KEY (bucket, key)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE mirror_uploads (
    bucket    TEXT NOT NULL,
    key       TEXT NOT NULL,
    upload_id TEXT NOT NULL,
    PRIMARY KEY (bucket, key, upload_id)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE tasks ADD COLUMN queue_state TEXT NOT NULL DEFAULT 'idle'
    CHECK (queue_state IN ('idle', 'queued', 'running', 'paused', 'failed'));
  ALTER TABLE tasks ADD COLUMN priority INTEGER NOT NULL DEFAULT 5 CHECK (priority BETWEEN 0 AND 9);
  ALTER TABLE tasks ADD COLUMN queued_at REAL;
  ALTER TABLE tasks ADD COLUMN work TEXT;
  ALTER TABLE tasks ADD COLUMN live_limits TEXT;
  ALTER TABLE tasks ADD COLUMN result TEXT;
  ALTER TABLE tasks ADD COLUMN shown TEXT AS (iif(queue_state = 'idle', state, queue_state)) VIRTUAL;
  CREATE INDEX tasks_by_shown ON tasks (shown, id);
  CREATE INDEX tasks_in_turn ON tasks (priority DESC, queued_at, id) WHERE queue_state = 'queued';
  CREATE INDEX tasks_started ON tasks (id) WHERE queue_state = 'running';
  `,
  // However many tasks there are: parts of names are found by their trigrams, states are counted as they change, and
  // those to forget are found by their end.
  `
  CREATE VIRTUAL TABLE task_search USING fts5
    (name, identity, content = 'tasks', content_rowid = 'id', tokenize = 'trigram', detail = 'none', columnsize = 0);
  INSERT INTO task_search (task_search) VALUES ('rebuild');
  CREATE TRIGGER task_search_in AFTER INSERT ON tasks BEGIN
    INSERT INTO task_search (rowid, name, identity) VALUES (new.id, new.name, new.identity);
  END;
  CREATE TRIGGER task_search_out AFTER DELETE ON tasks BEGIN
    INSERT INTO task_search (task_search, rowid, name, identity) VALUES ('delete', old.id, old.name, old.identity);
  END;

  CREATE TABLE task_counts (
    shown TEXT NOT NULL PRIMARY KEY,
    count INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO task_counts SELECT shown, count(*) FROM tasks GROUP BY shown;
  CREATE TRIGGER task_counts_in AFTER INSERT ON tasks BEGIN
    INSERT INTO task_counts VALUES (new.shown, 1) ON CONFLICT (shown) DO UPDATE SET count = count + 1;
  END;
  CREATE TRIGGER task_counts_over AFTER UPDATE OF state, queue_state ON tasks WHEN old.shown <> new.shown BEGIN
    UPDATE task_counts SET count = count - 1 WHERE shown = old.shown;
    INSERT INTO task_counts VALUES (new.shown, 1) ON CONFLICT (shown) DO UPDATE SET count = count + 1;
  END;
  CREATE TRIGGER task_counts_out AFTER DELETE ON tasks BEGIN
    UPDATE task_counts SET count = count - 1 WHERE shown = old.shown;
  END;

  ALTER TABLE tasks ADD COLUMN origin TEXT;
  CREATE INDEX tasks_by_end ON tasks (shown, coalesce(ended_at, created_at)) WHERE origin = 'api';
  `,
];

/** Bytes of a state that is checked as a whole when it is opened: some tenths of a second. */
const CHECKED = 256 * MiB;

/**
 * Brings an opened database to the newest schema, or rejects with `state`: where it is not Ferry's, was made by a newer
 * version, or is damaged; of a large one damage is seen when what is damaged is read. Several processes may do it at once.
 */
export function prepareSchema(db: Database): void {
  // WAL: readers and one writer side by side. FULL: a commit is on disk when it returns. The log is folded back every
  // 200 pages (800 KiB), so that all of the state stays small.
  db.exec(`
    PRAGMA auto_vacuum = INCREMENTAL;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 200;
    PRAGMA journal_size_limit = 1048576;
    PRAGMA trusted_schema = OFF;
    PRAGMA cell_size_check = ON;
  `);
  if (schemaVersion(db) < MIGRATIONS.length) db.transaction(() => migrate(db));
  expectOurs(db);
  const version = schemaVersion(db);
  if (version > MIGRATIONS.length) {
    throw new FerryError('state', {
      message: `${db.file} was made by a newer version of Ferry (its schema is ${version}, this version knows ${MIGRATIONS.length})`,
      remedy: 'Use that version, or another `$FERRY_HOME`.',
    });
  }
  if (sizeOf(db) > CHECKED) return;
  const found = db.prepare<{ quick_check: string }>('PRAGMA quick_check(1)').get()?.quick_check;
  if (found !== 'ok') throw damaged(db.file, found ?? 'the check gave no answer');
}

function migrate(db: Database): void {
  const from = schemaVersion(db);
  if (from === 0) claim(db);
  expectOurs(db);
  for (let version = from; version < MIGRATIONS.length; version++) {
    db.exec(MIGRATIONS[version]!);
    db.exec(`PRAGMA user_version = ${version + 1}`);
  }
}

function sizeOf(db: Database): number {
  const pages = db.prepare<{ page_count: number }>('PRAGMA page_count').get()?.page_count ?? 0;
  return pages * (db.prepare<{ page_size: number }>('PRAGMA page_size').get()?.page_size ?? 0);
}

function claim(db: Database): void {
  const tables = db.prepare<{ n: number }>('SELECT count(*) AS n FROM sqlite_schema').get();
  if (tables?.n !== 0) throw notOurs(db);
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
}

function expectOurs(db: Database): void {
  const id = db.prepare<{ application_id: number }>('PRAGMA application_id').get()?.application_id;
  if (id !== APPLICATION_ID) throw notOurs(db);
}

function notOurs(db: Database): FerryError {
  return new FerryError('state', {
    message: `${db.file} is an SQLite database, but not Ferry's`,
    remedy: 'Set `database_file` to another path.',
  });
}

function schemaVersion(db: Database): number {
  return db.prepare<{ user_version: number }>('PRAGMA user_version').get()?.user_version ?? 0;
}
