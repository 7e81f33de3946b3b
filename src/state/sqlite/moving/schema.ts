import { FerryError } from '../../../model/errors.ts';
import type { Database } from '../database.ts';

/**
 * The tables. What stands (members, standings, mutations) is worth nothing after the machine was restarted; the rest is
 * the durable truth. Times: `until` and `lease_end` by the machine's monotonic clock, the others since the Unix epoch.
 */
const TABLES = `
  CREATE TABLE boots (id TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;
  CREATE TABLE buckets (
    id        INTEGER PRIMARY KEY,
    name      TEXT NOT NULL UNIQUE,
    epoch     INTEGER NOT NULL,
    phase     TEXT NOT NULL,
    since     REAL NOT NULL,
    sequence  INTEGER NOT NULL,
    conductor INTEGER
  ) STRICT;
  CREATE TABLE facts (
    bucket INTEGER NOT NULL REFERENCES buckets (id),
    name   TEXT NOT NULL,
    value  TEXT NOT NULL,
    PRIMARY KEY (bucket, name)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE touched (
    bucket INTEGER NOT NULL REFERENCES buckets (id),
    key    TEXT NOT NULL,
    PRIMARY KEY (bucket, key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE completing (
    bucket    INTEGER NOT NULL REFERENCES buckets (id),
    key       TEXT NOT NULL,
    upload_id TEXT NOT NULL,
    PRIMARY KEY (bucket, key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE uploads (
    bucket    INTEGER NOT NULL REFERENCES buckets (id),
    upload_id TEXT NOT NULL,
    PRIMARY KEY (bucket, upload_id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE dirty (
    bucket   INTEGER NOT NULL REFERENCES buckets (id),
    key      TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    since    REAL NOT NULL,
    PRIMARY KEY (bucket, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX dirty_by_age ON dirty (bucket, since);
  CREATE TABLE members (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    bucket       INTEGER NOT NULL REFERENCES buckets (id),
    name         TEXT NOT NULL,
    acknowledged INTEGER NOT NULL,
    phase        TEXT NOT NULL,
    lease_end    REAL NOT NULL
  ) STRICT;
  CREATE TABLE standings (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    bucket INTEGER NOT NULL REFERENCES buckets (id),
    kind   TEXT NOT NULL,
    key    TEXT NOT NULL,
    member INTEGER NOT NULL,
    until  REAL
  ) STRICT;
  CREATE INDEX standings_by_key ON standings (bucket, kind, key);
  CREATE TABLE mutations (
    seq       INTEGER PRIMARY KEY AUTOINCREMENT,
    bucket    INTEGER NOT NULL REFERENCES buckets (id),
    member    INTEGER NOT NULL,
    id        TEXT NOT NULL,
    key       TEXT NOT NULL,
    operation TEXT NOT NULL,
    started   REAL NOT NULL,
    until     REAL,
    UNIQUE (member, id)
  ) STRICT;
  CREATE INDEX mutations_by_key ON mutations (bucket, key);
`;

/** `time`: by the clock of the store that told. `past`: keys written past the gateways. */
const NOTICES = `
  CREATE TABLE notices (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    bucket INTEGER NOT NULL REFERENCES buckets (id),
    key    TEXT NOT NULL,
    event  TEXT NOT NULL,
    time   REAL NOT NULL,
    UNIQUE (bucket, key)
  ) STRICT;
  CREATE TABLE past (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    bucket INTEGER NOT NULL REFERENCES buckets (id),
    key    TEXT NOT NULL,
    event  TEXT NOT NULL,
    time   REAL NOT NULL,
    UNIQUE (bucket, key)
  ) STRICT;
  CREATE TABLE notice_counts (
    bucket   INTEGER NOT NULL PRIMARY KEY REFERENCES buckets (id),
    received INTEGER NOT NULL,
    last     REAL NOT NULL,
    dropped  INTEGER NOT NULL,
    past     INTEGER NOT NULL
  ) STRICT;
`;

/** Uploads in parts that members began to carry objects. */
const CARRIED = `
  CREATE TABLE carried (
    bucket    INTEGER NOT NULL REFERENCES buckets (id),
    side      TEXT NOT NULL,
    upload_id TEXT NOT NULL,
    key       TEXT NOT NULL,
    member    INTEGER NOT NULL,
    PRIMARY KEY (bucket, side, upload_id)
  ) STRICT, WITHOUT ROWID;
`;

/** Each brings the tables from the version before to its own. */
const STEPS = [TABLES, NOTICES, CARRIED];

/**
 * Brings an opened database to the schema. The log is folded into the database every 32 MiB, because the process stands
 * still meanwhile, and most pages in it are the same few. Commits are in the log when they return, and on disk once `LogSync` says so.
 * Rejects with `state` where the file was made by a newer version.
 */
export function prepareMovingSchema(db: Database): void {
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 8000');
  db.transaction(() => {
    const { user_version: version } = db.prepare<{ user_version: number }>('PRAGMA user_version').get()!;
    if (version > STEPS.length)
      throw new FerryError('state', {
        message: `${db.file} was made by a newer version of Ferry`,
        remedy: 'Use that version.',
      });
    if (version === STEPS.length) return;
    for (const step of STEPS.slice(version)) db.exec(step);
    db.exec(`PRAGMA user_version = ${STEPS.length}`);
  });
}
