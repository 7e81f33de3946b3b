/**
 * Names of the temporary files Ferry writes beside their targets, and whose they are.
 *
 * `.ferry-tmp-w.HOST.PID.START.N` is a file under way in one process; it is litter once that process is gone.
 * `.ferry-tmp-u.ID` and `.ferry-tmp-u.ID.parts` belong to an upload in parts, which outlives processes.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import { TEMP_PREFIX } from './names.ts';

export interface ProcessMark {
  readonly host: string;
  readonly pid: number;
  /** When the process started, so that a pid used again is told apart; 0 where the system does not tell. */
  readonly start: string;
}

export type TempName =
  | ({ readonly kind: 'write' } & ProcessMark)
  | { readonly kind: 'upload'; readonly uploadId: string; readonly record: boolean };

/** An upload nobody touched for so long is litter, milliseconds. */
const UPLOAD_AGE = 14 * 86_400_000;
/** So is a file another machine left under way. */
const FOREIGN_AGE = 2 * 86_400_000;

export function markOfProcess(pid: number = process.pid): ProcessMark {
  const host = createHash('sha256').update(os.hostname()).digest('hex').slice(0, 8);
  return { host, pid, start: startOf(pid) ?? '0' };
}

export function writeTempName(mark: ProcessMark, count: number): string {
  return `${TEMP_PREFIX}w.${mark.host}.${mark.pid}.${mark.start}.${count}`;
}

export function uploadTempName(uploadId: string): string {
  return `${TEMP_PREFIX}u.${uploadId}`;
}

export function isUploadId(text: string): boolean {
  return /^[0-9a-f]{32}$/.test(text);
}

/** What a name says, where it is one of ours. */
export function parseTemp(name: string): TempName | undefined {
  if (!name.startsWith(TEMP_PREFIX)) return undefined;
  const rest = name.slice(TEMP_PREFIX.length);
  const write = /^w\.([0-9a-f]{8})\.(\d{1,10})\.(\d{1,20})\.\d{1,16}$/.exec(rest);
  if (write) return { kind: 'write', host: write[1]!, pid: Number(write[2]), start: write[3]! };
  const upload = /^u\.([0-9a-f]{32})(\.parts)?$/.exec(rest);
  return upload ? { kind: 'upload', uploadId: upload[1]!, record: upload[2] !== undefined } : undefined;
}

/** Whether nobody needs this file any more. `age` is the time since it was last written, milliseconds. */
export function isLitter(temp: TempName, mine: ProcessMark, age: number): boolean {
  if (temp.kind === 'upload') return age > UPLOAD_AGE;
  if (temp.host !== mine.host) return age > FOREIGN_AGE;
  return startOf(temp.pid) !== temp.start;
}

/** Start of a process in ticks since boot; '0' where it lives and the system does not tell, undefined where it is gone. */
function startOf(pid: number): string | undefined {
  try {
    // Field 22 of proc(5); the command name before it may hold anything, so count from its closing parenthesis.
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return isAlive(pid) ? '0' : undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM';
  }
}
