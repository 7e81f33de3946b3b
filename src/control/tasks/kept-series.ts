/** The series of the last run of a task, kept beside its reports. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { makeDirectory } from '../../host/make-directory.ts';
import type { SeriesPoint } from './series.ts';

const KEPT = z.object({
  step: z.number(),
  points: z.array(z.object({ at: z.number(), bytes: z.number(), objects: z.number(), failed: z.number() })),
});

export interface KeptSeries {
  readonly step: number;
  readonly points: readonly SeriesPoint[];
}

/** Replaces the one before; a reader never sees half of one. */
export async function keepSeries(home: string, task: string, series: KeptSeries): Promise<void> {
  const file = fileOf(home, task);
  makeDirectory(dirname(file), 0o700);
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, JSON.stringify(series), { mode: 0o600 });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Undefined where none was kept. */
export async function keptSeries(home: string, task: string): Promise<KeptSeries | undefined> {
  try {
    return KEPT.parse(JSON.parse(await readFile(fileOf(home, task), 'utf8')));
  } catch {
    // It is not there, or was cut by a full disk: a drawing is missing, and nothing else.
    return undefined;
  }
}

function fileOf(home: string, task: string): string {
  return join(home, 'reports', task, 'series.json');
}
