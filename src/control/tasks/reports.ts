/** Reports and evidence of a task, as they lie in the folders of its runs and verifications. */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { QueuedTask } from '../../state/queue-book.ts';
import type { TaskRecord } from '../../state/state-store.ts';
import { linesFrom } from './lines.ts';
import type { KnownFiles } from './known-files.ts';

export interface FoundReport {
  /** Of the folder. */
  readonly id: string;
  readonly kind: 'run' | 'verification';
  /** When it was written. */
  readonly at: number;
  readonly folder: string;
}

const MOST = 200;
const ID = /^(run|verify-\d{8}T\d{6}Z)$/;

/** Newest first; the last 200. */
export async function reportsOf(
  home: string,
  files: KnownFiles,
  { record }: QueuedTask,
): Promise<readonly FoundReport[]> {
  const found: FoundReport[] = [];
  const own = join(home, 'reports', record.name);
  // By their names the run is the first, and verifications follow as they were made.
  const [run = 'run', ...verifications] = (await namesIn(own)).filter((id) => ID.test(id)).toSorted();
  for (const id of [run, ...verifications.slice(-MOST)]) await add(found, id, join(own, id));
  // Where the task says, and not in `$FERRY_HOME`.
  const elsewhere = (await files.of(record))?.report.path;
  if (elsewhere !== undefined) {
    await add(found, 'run', join(elsewhere, 'run'));
    await add(found, 'report', elsewhere);
  }
  return found.toSorted((a, b) => b.at - a.at);
}

/** Where the evidence of its last run lies; whether it is whole or not. */
export async function evidenceOf(home: string, files: KnownFiles, { record }: QueuedTask): Promise<string> {
  const elsewhere = (await files.of(record))?.report.path;
  return join(elsewhere ?? join(home, 'reports', record.name), 'run', 'evidence.jsonl');
}

export interface Covered {
  readonly evidence: 'all' | 'differences' | 'none' | undefined;
  readonly since: number | undefined;
  readonly wholePass: boolean;
}

/** What a file of evidence is of; `evidence`: what the task file says. */
export async function coveredBy(
  file: string,
  { startedAt }: TaskRecord,
  evidence: Covered['evidence'],
): Promise<Covered> {
  const [line] = (await linesFrom(file, 0, 1, (each) => each.includes('"type":"header"')))?.lines ?? [];
  const began = line === undefined ? undefined : HEADER.safeParse(parsed(line)).data?.record.startedAt;
  const since = began === undefined ? undefined : Date.parse(began);
  // A run that begins a pass is there before it.
  return { evidence, since, wholePass: since !== undefined && startedAt !== undefined && since <= startedAt };
}

const HEADER = z.object({ record: z.object({ startedAt: z.string() }) });

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

export async function* contents(file: string): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(file)) if (chunk instanceof Uint8Array) yield chunk;
}

async function add(found: FoundReport[], id: string, folder: string): Promise<void> {
  const written = await stat(join(folder, 'report.json')).catch(() => undefined);
  if (written?.isFile() !== true) return;
  found.push({ id, kind: id === 'run' ? 'run' : 'verification', at: written.mtimeMs, folder });
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return await readdir(folder).catch(() => []);
}
