// Entries of the audit log are forgotten when they are old, and none before.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { forgetOldAudit } from '../../../src/control/access/audit-retention.ts';
import type { Log } from '../../../src/observe/log.ts';
import { openControl } from '../../../src/state/sqlite/control/open.ts';
import { FakeClock } from '../store/fake-clock.ts';

const KEEP = 1000;

test('what is older than it is kept goes, however much it is; what a clock set back wrote before it stays', async () => {
  const home = mkdtempSync(join(tmpdir(), 'ferry-audit-'));
  try {
    await using state = await openControl(join(home, 'control.db'));
    const add = (at: number): Promise<void> =>
      state.audit.add({ at, who: 'w', role: 'admin', from: '::1', action: 'a', subject: String(at), outcome: '200' });
    await Promise.all(Array.from({ length: 25_000 }, () => add(0)));
    for (const at of [5000, 100, 5001]) await add(at);
    const told: unknown[] = [];
    const done = Promise.withResolvers<void>();
    const info = (_: string, about: unknown): void => {
      told.push(about);
      done.resolve();
    };
    const log: Log = Object.assign(Object.create(null), { info, warn: done.reject });
    const clock = new FakeClock();
    using _ = forgetOldAudit({
      book: state.audit,
      keep: KEEP,
      clock,
      now: () => 5500,
      log,
    });
    await done.promise;
    assert.deepEqual(told, [{ entries: 25_001 }]);
    const left = await state.audit.entries({ limit: 10 });
    assert.deepEqual(
      left.map(({ at }) => at),
      [5001, 5000],
    );
  } finally {
    rmSync(home, { recursive: true });
  }
});
