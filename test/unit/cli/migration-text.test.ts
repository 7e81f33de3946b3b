// What an operator reads of a move: where the copy is, and what was written past the gateway.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { migrationFields, migrationText } from '../../../src/cli/output/migration-text.ts';
import { styleOf } from '../../../src/cli/output/terminal-io.ts';
import type { MigrationStatus } from '../../../src/gateway/migrate/desk.ts';
import { NO_COUNTERS, type RangeRecord, type TaskRecord } from '../../../src/state/state-store.ts';

const COPY: TaskRecord = {
  name: 'migrate.photos',
  file: '',
  identity: '',
  createdAt: 0,
  state: 'running',
  holder: 'host:1',
  passes: 0,
  counters: { ...NO_COUNTERS, listed: 7, copied: 5 },
};
const STATUS: MigrationStatus = {
  name: 'photos',
  tenant: 'acme',
  epoch: 5,
  phase: 'migrating',
  since: 0,
  paused: false,
  members: [],
  inFlightOnOld: { known: [], unaccounted: 0 },
  keys: { touched: 0, dirty: 0, oldestDirty: undefined, intents: 0, claims: 0, writes: 0 },
  writeBack: true,
  copy: COPY,
  position: undefined,
  copied: undefined,
  verified: undefined,
  problem: undefined,
  notices: undefined,
};

const range = (after: string | null, through: string | null, position: string | null): RangeRecord => {
  return { after, through, position, done: false };
};
const shown = (status: Partial<MigrationStatus>): string =>
  migrationText({ ...STATUS, ...status }, 0, Infinity, styleOf({ colour: false }));

test('each open range is shown with the key it has come to', () => {
  const ranges = [range(null, 'm', 'b/\u001b[31m'), range('m', null, null)];
  const text = shown({ position: { ranges, count: 2 } });
  assert.match(text, /position +2 ranges open:\n/);
  assert.match(text, /the first key to "m": at "b\/\\u001b\[31m"\n/);
  assert.match(text, /after "m" to the last: not begun\n/);
  const { copy } = migrationFields({ ...STATUS, position: { ranges, count: 2 } });
  const { running, done, openRanges, ranges: told } = copy as Record<string, unknown>;
  assert.deepEqual([running, done, openRanges], [true, false, 2]);
  assert.deepEqual(told, [
    { after: null, through: 'm', position: 'b/\u001b[31m' },
    { after: 'm', through: null, position: null },
  ]);
});

test('a copy that does not run is not shown as one that does', () => {
  const { holder: _, ...copy } = { ...COPY, state: 'interrupted' as const };
  assert.match(
    shown({ copy, position: { ranges: [range(null, null, 'k')], count: 1 } }),
    /it does not run; 1 range open/,
  );
  assert.match(shown({ copy, position: { ranges: [], count: 0 } }), /it does not run; it begins anew/);
});

test('of many ranges the first are shown, and long keys are cut', () => {
  const ranges = Array.from({ length: 100 }, (_, i) => range(`${'k'.repeat(1000)}${i}`, null, null));
  const text = shown({ position: { ranges, count: 5000 } });
  assert.match(text, /5,000 ranges open, the first 8:/);
  assert.equal(text.match(/not begun/g)!.length, 8);
  assert.ok(text.length < 3000);
});

test('once everything is copied there is no position', () => {
  const copied = { at: 1, listed: 7, listedBytes: 7, copied: 7, copiedBytes: 7, skipped: 0 };
  assert.doesNotMatch(shown({ copied, position: { ranges: [], count: 0 } }), /position/);
});

test('keys written past the gateway are said loudly, the first of them', () => {
  const keys = Array.from({ length: 30 }, (_, i) => ({ key: `k${i}\n`, event: 'ObjectCreated:Put', time: 0 }));
  const text = shown({ notices: { received: 90, last: 1, waiting: 2, dropped: 3, past: 30, keys } });
  assert.match(text, /PAST +30 keys WRITTEN PAST THE GATEWAY.*the first 10:\n/);
  assert.equal(text.match(/ObjectCreated:Put at 1970-01-01T00:00:00.000Z: "k\d+\\n"/g)!.length, 10);
  assert.match(text, /old tells +90 came, the last at .*; 2 to be looked at; 3 were not looked at/);
  const none = { received: 0, last: undefined, waiting: 0, dropped: 0, past: 0, keys: [] };
  assert.match(shown({ notices: none }), /old tells +none came; 0 to be looked at/);
});
