/** Reports and evidence of a task, as they lie in the folders of its runs and verifications. */
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { isFerryError } from '../../model/errors.ts';
import type { QueuedTask } from '../../state/queue-book.ts';
import type { TaskRecord } from '../../state/state-store.ts';
import { openPlace, type FileReach } from '../../store/file-reach.ts';
import { linesFrom } from './lines.ts';
import type { KnownFiles } from './known-files.ts';

export interface FoundReport {
  /** Of the folder. */
  readonly id: string;
  readonly kind: 'run' | 'verification';
  /** When it was written. */
  readonly at: number;
  readonly folder: string;
  /** Where the folder may lead, which is not Ferry's own. */
  readonly reach: FileReach | undefined;
}

/** Where reports are: below `$FERRY_HOME`, or where their tasks say, within reach. */
export interface ReportPlaces {
  readonly home: string;
  readonly files: KnownFiles;
  /** What of this machine tasks may name; all of it where absent. */
  readonly reach: FileReach | undefined;
}

const MOST = 200;
const ID = /^(run|verify-\d{8}T\d{6}Z)$/;

/** Newest first; the last 200. */
export async function reportsOf(
  { home, files, reach }: ReportPlaces,
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
    await add(found, 'run', join(elsewhere, 'run'), reach);
    await add(found, 'report', elsewhere, reach);
  }
  return found.toSorted((a, b) => b.at - a.at);
}

/** Where the evidence of its last run lies; whether it is whole or not. Rejects with `outside-file-roots`. */
export async function evidenceOf({ home, files, reach }: ReportPlaces, { record }: QueuedTask): Promise<string> {
  const elsewhere = (await files.of(record))?.report.path;
  if (elsewhere === undefined) return join(home, 'reports', record.name, 'run', 'evidence.jsonl');
  const file = join(elsewhere, 'run', 'evidence.jsonl');
  return reach?.check({ at: AT, path: file }) ?? file;
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

/** The report as it was written. Rejects with `outside-file-roots` where its name leads elsewhere by now. */
export async function* contentsOf({ folder, reach }: FoundReport, extension: string): AsyncGenerator<Uint8Array> {
  const file = join(folder, `report.${extension}`);
  await using handle = await open(file, 'r');
  reach?.check({ at: AT, path: openPlace(handle.fd) ?? file });
  for await (const chunk of handle.createReadStream({ autoClose: false })) if (chunk instanceof Uint8Array) yield chunk;
}

const AT = ['report', 'path'];

async function add(found: FoundReport[], id: string, folder: string, reach?: FileReach): Promise<void> {
  const file = join(folder, 'report.json');
  try {
    for (const each of [file, join(folder, 'report.html')]) reach?.check({ at: AT, path: each });
  } catch (thrown) {
    if (isFerryError(thrown, 'outside-file-roots')) return;
    throw thrown;
  }
  const written = await stat(file).catch(() => undefined);
  if (written?.isFile() !== true) return;
  found.push({ id, kind: id === 'run' ? 'run' : 'verification', at: written.mtimeMs, folder, reach });
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return await readdir(folder).catch(() => []);
}
