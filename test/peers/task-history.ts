/** A state with as many tasks as years of a busy server leave, written past its API: that would take hours. */
import { DatabaseSync } from 'node:sqlite';
import { NO_COUNTERS } from '../../src/state/state-store.ts';

const TASK_FILE = `type: copy
source: { store: photos, path: 2026/ }
destination: { store: backup }
filters: { exclude: ['*.tmp', '*.bak', 'cache/**'] }
report: { evidence: differences }
`;
/** A task in so many failed. */
const FAILED = 1000;
const BATCH = 50_000;

/** Into a state that was opened and closed. Names are `nightly-N`, from 0 on; places differ. */
export function writeHistory(file: string, tasks: number, endedAt: number): void {
  using db = new DatabaseSync(file);
  db.exec('PRAGMA synchronous = OFF');
  const insert = db.prepare(
    `INSERT INTO tasks (name, file, identity, created_at, state, passes, baseline, started_at, ended_at, counters,
       priority, queued_at, result, origin) VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?, 5, ?, ?, 'api')`,
  );
  const counters = JSON.stringify({ ...NO_COUNTERS, listed: 100, compared: 100, copied: 100, copiedBytes: 1e9 });
  for (let i = 0; i < tasks;) {
    db.exec('BEGIN');
    for (const end = Math.min(i + BATCH, tasks); i < end; i++) {
      const at = endedAt - (tasks - i) * 1000;
      const state = i % FAILED === 0 ? 'failed' : 'finished';
      const identity = `copy\ns3 https://s3.example.com/photos-${i % 997}/2026/\nfile /srv/backup/${i % 31}`;
      const result = JSON.stringify({ what: 'run', outcome: state, at });
      insert.run(`nightly-${i}`, TASK_FILE, identity, at, state, at, at, at, counters, at, result);
    }
    db.exec('COMMIT');
  }
}
