/** The move of a bucket, for people and as JSON. */
import { formatBytes, formatDuration } from '../../model/units.ts';
import type { MigrationPhase } from '../../model/migration-phase.ts';
import { CONDUCTING } from '../../gateway/migrate/conductor.ts';
import type { OpenRanges, TaskRecord } from '../../state/state-store.ts';
import type { MigrationNotices, MigrationStatus } from '../../gateway/migrate/desk.ts';
import { titledRows, type Row } from './layout.ts';
import type { Style } from './terminal-io.ts';
import { counted, fit, formatCount, harmless } from './text.ts';

const TITLE = 10;
const SHOWN = 10;
const RANGES = 8;

export function migrationText(status: MigrationStatus, now: number, columns: number, style: Style): string {
  const { name, tenant, phase, since, paused } = status;
  const title = `${style.bold(name)}  ${phase}${paused ? ', paused' : ''}  ${style.dim(`since ${iso(since)}, tenant ${tenant}`)}`;
  return [title, ...titledRows(rowsOf(status, now), TITLE, columns, style), ''].join('\n');
}

function rowsOf(status: MigrationStatus, now: number): Row[] {
  const { phase, members, inFlightOnOld, keys, writeBack, copy, copied, verified, problem, notices, position } = status;
  const live = members.filter((member) => member.live && !member.name.endsWith(CONDUCTING));
  const rows: Row[] = [{ title: 'requests', text: WHERE[phase] }];
  rows.push({
    title: 'gateways',
    text: `${formatCount(live.length)} live: ${live.map(({ name }) => harmless(name)).join(', ')}`,
  });
  if (AFTER_SWITCH.has(phase) && inFlightOnOld.known.length + inFlightOnOld.unaccounted > 0)
    rows.push({
      title: 'in flight',
      text: `${counted(inFlightOnOld.known.length, 'change')} on the old side, ${counted(inFlightOnOld.unaccounted, 'gateway')} that has not told its own`,
    });
  if (copy !== undefined) {
    const { listed, copied: objects, copiedBytes, skipped, failed } = copy.counters;
    const done = copied === undefined ? `${formatCount(listed)} listed so far` : `complete at ${iso(copied.at)}`;
    rows.push({
      title: 'copy',
      text: `${counted(objects, 'object')} (${formatBytes(copiedBytes)}) moved, ${formatCount(skipped)} there already, ${formatCount(failed)} failed; ${done}`,
    });
  }
  if (copied === undefined && copy !== undefined && position !== undefined) rows.push(...positionOf(copy, position));
  rows.push({ title: 'keys', text: `${formatCount(keys.touched)} deleted by clients or completed late` });
  if (writeBack) rows.push({ title: 'write-back', text: lag(keys, now) });
  if (verified !== undefined) {
    rows.push({
      title: 'compared',
      text: `${counted(verified.objects, 'object')} (${formatBytes(verified.bytes)}) at ${iso(verified.at)}: ${formatCount(verified.found)} differed, ${formatCount(verified.open)} still do; ${formatCount(verified.aside)} changed by clients`,
    });
    for (const { key, kind, repaired } of verified.findings.slice(0, SHOWN))
      rows.push({ title: '', text: `${kind}${repaired ? ', repaired' : ''}: ${harmless(JSON.stringify(key))}` });
  }
  if (notices !== undefined) rows.push(...noticed(notices));
  if (problem !== undefined) rows.push({ title: 'problem', text: `${harmless(problem.message)} (${iso(problem.at)})` });
  rows.push({ title: 'next', text: NEXT[phase] });
  return rows;
}

/** What is behind the position of a range is dealt with. */
function positionOf(copy: TaskRecord, { ranges, count }: OpenRanges): Row[] {
  const runs = isRunning(copy);
  if (count === 0) return [{ title: 'position', text: runs ? 'it begins' : 'it does not run; it begins anew' }];
  const shown = count > RANGES ? `, the first ${RANGES}` : '';
  const rows: Row[] = [{ title: 'position', text: `${runs ? '' : 'it does not run; '}${counted(count, 'range')} open${shown}:` }]; // prettier-ignore
  for (const { after, through, position } of ranges.slice(0, RANGES)) {
    const from = after === null ? 'the first key' : `after ${quotedKey(after)}`;
    const to = through === null ? 'the last' : quotedKey(through);
    rows.push({
      title: '',
      text: `${from} to ${to}: ${position === null ? 'not begun' : `at ${quotedKey(position)}`}`,
    });
  }
  return rows;
}

function isRunning({ state, holder }: TaskRecord): boolean {
  return state === 'running' && holder !== undefined;
}

/** Keys may be a thousand characters long. */
function quotedKey(key: string): string {
  return harmless(JSON.stringify(fit(key, 60)));
}

function noticed({ received, last, waiting, dropped, past, keys }: MigrationNotices): Row[] {
  const rows: Row[] = [];
  if (past > 0) {
    const more = past > SHOWN ? `; the first ${SHOWN}:` : ':';
    rows.push({
      title: 'PAST',
      text: `${counted(past, 'key')} WRITTEN PAST THE GATEWAY, as the old side tells${more}`,
    });
    for (const { key, event, time } of keys.slice(0, SHOWN))
      rows.push({ title: '', text: `${harmless(event)} at ${iso(time)}: ${harmless(JSON.stringify(key))}` });
  }
  const came = last === undefined ? 'none came' : `${formatCount(received)} came, the last at ${iso(last)}`;
  const lost = dropped === 0 ? '' : `; ${formatCount(dropped)} were not looked at, for want of room`;
  rows.push({ title: 'old tells', text: `${came}; ${formatCount(waiting)} to be looked at${lost}` });
  return rows;
}

function lag({ dirty, oldestDirty }: MigrationStatus['keys'], now: number): string {
  if (dirty === 0 || oldestDirty === undefined) return 'the old side has everything';
  return `${counted(dirty, 'key')} behind, the oldest for ${formatDuration(Math.max(0, now - oldestDirty))}`;
}

/** What is in flight on the old side concerns nobody before. */
const AFTER_SWITCH: ReadonlySet<MigrationPhase> = new Set(['switching', 'pending']);

/** Whom clients reach. */
const WHERE: Readonly<Record<MigrationPhase, string>> = {
  created: 'all to the old side',
  tracking: 'all to the old side; changes are counted',
  switching: 'changes are held for a moment',
  pending: 'changes to the new side, reads from both; the copy waits for what is in flight on the old side',
  migrating: 'changes to the new side, reads from both',
  verifying: 'changes to the new side, reads from both',
  migrated: 'all to the new side',
  finalised: 'all to the new side',
  'rolling-back': 'changes are held until the old side has everything',
  returning: 'changes are held for a moment; reads from the old side',
  'rolled-back': 'all to the old side',
};

const NEXT: Readonly<Record<MigrationPhase, string>> = {
  created: '`start`',
  tracking: '`switch`',
  switching: 'by itself, within seconds',
  pending: 'by itself; `rollback` goes back',
  migrating: '`verify` once the copy is complete; `rollback` goes back',
  verifying: 'by itself; `rollback` goes back',
  migrated: '`finalise`, whenever nobody needs a way back any more; `rollback` goes back',
  finalised: 'make the new store the `store` of the bucket in the configuration, and take `migrate` out',
  'rolling-back': 'by itself, within seconds',
  returning: 'by itself, within seconds',
  'rolled-back': '`start` begins anew, once the new side is empty',
};

/** As a JSON line has it. */
export function migrationFields(status: MigrationStatus): Readonly<Record<string, unknown>> {
  const { copy, since, position, ...rest } = status;
  const ranges = position?.ranges.map(({ after, through, position: at }) => ({ after, through, position: at }));
  const counters = copy && {
    state: copy.state,
    running: isRunning(copy),
    done: status.copied !== undefined,
    passes: copy.passes,
    counters: copy.counters,
    openRanges: position?.count,
    ranges,
  };
  return { ...rest, since: iso(since), copy: counters };
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
