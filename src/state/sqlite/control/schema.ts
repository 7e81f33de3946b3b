/** The tables of the control plane. A migration that was released is never changed; another is added. */
import { FerryError } from '../../../model/errors.ts';
import type { Database } from '../database.ts';

const CONTROL_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE tokens (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    role       TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    digest     TEXT NOT NULL,
    created_at REAL NOT NULL,
    expires_at REAL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE sessions (
    digest     TEXT PRIMARY KEY,
    token      TEXT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    csrf       TEXT NOT NULL,
    expires_at REAL NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX sessions_by_token ON sessions (token);
  CREATE INDEX sessions_by_end ON sessions (expires_at);

  CREATE TABLE audit (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      REAL NOT NULL,
    who     TEXT NOT NULL,
    role    TEXT NOT NULL,
    "from"  TEXT NOT NULL,
    action  TEXT NOT NULL,
    subject TEXT NOT NULL,
    outcome TEXT NOT NULL
  ) STRICT;
  CREATE INDEX audit_by_time ON audit (at);

  CREATE TABLE answers (
    key     TEXT PRIMARY KEY,
    request TEXT NOT NULL,
    at      REAL NOT NULL,
    answer  TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX answers_by_time ON answers (at);
  `,
  `
  CREATE TABLE stores (
    name       TEXT PRIMARY KEY,
    type       TEXT NOT NULL,
    path       TEXT NOT NULL,
    options    TEXT NOT NULL,
    secrets    TEXT NOT NULL,
    created_at REAL NOT NULL,
    version    INTEGER NOT NULL DEFAULT 1,
    tested     TEXT
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE jobs (
    number        INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL UNIQUE,
    created_at    REAL NOT NULL,
    who           TEXT NOT NULL,
    target_type   TEXT NOT NULL,
    target_bucket TEXT NOT NULL,
    target_acl    TEXT,
    keys          TEXT NOT NULL CHECK (keys IN ('path', 'host')),
    priority      INTEGER NOT NULL,
    callback_url  TEXT,
    files         INTEGER NOT NULL,
    objects       INTEGER NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('accepted', 'running', 'finished', 'failed')),
    started_at    REAL,
    ended_at      REAL,
    complete      INTEGER NOT NULL DEFAULT 0,
    error_code    TEXT,
    error_message TEXT
  ) STRICT;
  CREATE INDEX jobs_by_state ON jobs (state, number);
  CREATE INDEX jobs_by_end ON jobs (ended_at) WHERE ended_at IS NOT NULL;

  CREATE TABLE deliveries (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    subject    TEXT NOT NULL,
    event      TEXT NOT NULL,
    url        TEXT NOT NULL,
    body       TEXT NOT NULL,
    created_at REAL NOT NULL,
    since      REAL NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
    next_at    REAL,
    tries      INTEGER NOT NULL,
    attempts   TEXT NOT NULL
  ) STRICT;
  CREATE INDEX deliveries_by_next ON deliveries (next_at) WHERE next_at IS NOT NULL;
  CREATE INDEX deliveries_by_subject ON deliveries (subject, id);
  CREATE INDEX deliveries_by_state ON deliveries (state, id);
  `,
  `
  CREATE TABLE users (
    name          TEXT PRIMARY KEY,
    tenant        TEXT NOT NULL,
    access_key_id TEXT NOT NULL UNIQUE,
    secret        TEXT NOT NULL,
    buckets       TEXT,
    read_only     INTEGER NOT NULL,
    created_at    REAL NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE event_sources (
    name            TEXT PRIMARY KEY,
    kind            TEXT NOT NULL CHECK (kind IN ('http', 'sns', 'sqs')),
    source          TEXT NOT NULL,
    destination     TEXT NOT NULL,
    prefix          TEXT NOT NULL,
    deletes         TEXT NOT NULL CHECK (deletes IN ('ignore', 'apply')),
    reconcile       REAL NOT NULL,
    settings        TEXT NOT NULL,
    secrets         TEXT NOT NULL,
    created_at      REAL NOT NULL,
    version         INTEGER NOT NULL DEFAULT 1,
    received        INTEGER NOT NULL DEFAULT 0,
    outdated        INTEGER NOT NULL DEFAULT 0,
    malformed       INTEGER NOT NULL DEFAULT 0,
    transferred     INTEGER NOT NULL DEFAULT 0,
    deleted         INTEGER NOT NULL DEFAULT 0,
    passed          INTEGER NOT NULL DEFAULT 0,
    last_at         REAL,
    reconciled_at   REAL,
    reconcile_error TEXT
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE events (
    source      TEXT NOT NULL REFERENCES event_sources (name) ON DELETE CASCADE,
    key         TEXT NOT NULL,
    change      TEXT NOT NULL CHECK (change IN ('created', 'removed')),
    sequencer   TEXT NOT NULL,
    received_at REAL NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'failed')),
    next_at     REAL,
    tries       INTEGER NOT NULL DEFAULT 0,
    version     INTEGER NOT NULL DEFAULT 1,
    error       TEXT,
    PRIMARY KEY (source, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX events_by_next ON events (source, next_at) WHERE next_at IS NOT NULL;
  CREATE INDEX events_done ON events (received_at) WHERE state = 'done';
  CREATE INDEX events_open ON events (source, state, received_at) WHERE state IN ('waiting', 'failed');
  `,
  `
  CREATE TABLE schedules (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    task        TEXT NOT NULL,
    cron        TEXT NOT NULL,
    time_zone   TEXT NOT NULL,
    window_from INTEGER,
    window_to   INTEGER,
    enabled     INTEGER NOT NULL,
    created_at  REAL NOT NULL,
    version     INTEGER NOT NULL DEFAULT 1,
    next_at     REAL,
    last_at     REAL,
    last_error  TEXT,
    held        INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX jobs_unended ON jobs (priority DESC, number) WHERE state IN ('accepted', 'running');
  CREATE INDEX schedules_by_next ON schedules (next_at) WHERE next_at IS NOT NULL AND enabled = 1;
  `,
  `
  CREATE TABLE settings (
    name   TEXT NOT NULL PRIMARY KEY,
    value  TEXT NOT NULL,
    set_at REAL NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE INDEX schedules_by_task ON schedules (task);
  `,
];

/** Brings an opened database to the newest schema. Rejects with `state` where it was made by a newer version. */
export function prepareControlSchema(db: Database): void {
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000');
  db.transaction(() => {
    const { user_version: from } = db.prepare<{ user_version: number }>('PRAGMA user_version').get()!;
    if (from > CONTROL_MIGRATIONS.length)
      throw new FerryError('state', {
        message: `${db.file} was made by a newer version of Ferry`,
        remedy: 'Use that version, or another `$FERRY_HOME`.',
      });
    for (let version = from; version < CONTROL_MIGRATIONS.length; version++) {
      db.exec(CONTROL_MIGRATIONS[version]!);
      db.exec(`PRAGMA user_version = ${version + 1}`);
    }
  });
}
