/** What became of each file of a job: from its list, the ranges its task has dealt with, and the failures. */
import type { JobRecord } from '../../state/control/job-book.ts';
import type { FailureRecord, RangeRecord, StateStore } from '../../state/state-store.ts';
import { compareKeys } from '../../model/key.ts';
import { LineFile } from '../../store/line-file.ts';
import { urlKey } from '../../store/url-key.ts';

export type FileState = 'waiting' | 'copied' | 'failed';

export interface JobFile {
  /** Without its query, which may hold a signature. */
  readonly url: string;
  readonly key: string;
  readonly state: FileState;
  readonly error?: { readonly code: string; readonly message: string; readonly remedy: string } | undefined;
  readonly attempts?: number | undefined;
}

export interface FilePage {
  readonly items: readonly JobFile[];
  /** Offset of the next line. */
  readonly next?: number | undefined;
}

/** Lines looked at for one page, however few of them are in the state that is asked for. */
const LOOKED_AT = 10_000;
const BLOCK = 1000;
/** Ranges a task may have open: one for each lister and each large object, with room. */
const OPEN_RANGES = 10_000;

/** At most `limit` files of the list from this offset on. A page may be short though more follow. */
export async function filesOf(
  job: JobRecord,
  file: string,
  state: StateStore,
  {
    wanted,
    offset,
    limit,
  }: { readonly wanted?: FileState | undefined; readonly offset: number; readonly limit: number },
): Promise<FilePage> {
  await using list = await LineFile.open(file, 'list_path');
  const dealtWith = await dealtWithBy(job, state);
  const items: JobFile[] = [];
  let at: number | undefined = offset;
  for (let looked = 0; looked < LOOKED_AT && items.length < limit && at !== undefined;) {
    const most = wanted === undefined ? limit - items.length : BLOCK;
    const page: Awaited<ReturnType<LineFile['read']>> = await list.read(at, Math.min(most, BLOCK));
    const urls = page.lines.map(({ text, offset: start }) => ({ start, url: new URL(text) }));
    const named = urls.map(({ start, url }) => ({ start, url, key: urlKey(url, job.keys === 'host') }));
    const failures = await failuresOf(state, job.id, named.map(({ key }) => key)); // prettier-ignore
    at = page.next;
    for (const { start, url, key } of named) {
      const made = fileOf(url, key, failures.get(key), dealtWith(key));
      if (wanted !== undefined && made.state !== wanted) continue;
      if (items.length === limit) {
        at = start;
        break;
      }
      items.push(made);
    }
    looked += page.lines.length;
  }
  return { items, next: at === (await list.size()) ? undefined : at };
}

function fileOf(url: URL, key: string, failure: FailureRecord | undefined, dealtWith: boolean): JobFile {
  const shown = `${url.origin}${url.pathname}${url.search === '' ? '' : '?…'}`;
  if (failure === undefined) return { url: shown, key, state: dealtWith ? 'copied' : 'waiting' };
  const { code, message, remedy, attempts } = failure;
  return { url: shown, key, state: 'failed', error: { code, message, remedy }, attempts };
}

async function failuresOf(
  state: StateStore,
  task: string,
  keys: readonly string[],
): Promise<ReadonlyMap<string, FailureRecord>> {
  if ((await state.getTask(task)) === undefined) return new Map();
  return new Map((await state.failuresOf(task, keys)).map((failure) => [failure.key, failure]));
}

/** Whether the task has come past a key. */
async function dealtWithBy(job: JobRecord, state: StateStore): Promise<(key: string) => boolean> {
  const task = await state.getTask(job.id);
  if (task === undefined) return () => false;
  const { ranges } = await state.openRanges(job.id, OPEN_RANGES);
  // No range is open: before the first pass, or after one that dealt with everything.
  if (ranges.length === 0) return () => task.baseline !== undefined;
  return (key) => !ranges.some((range) => isOpen(range, key));
}

function isOpen({ after, through, position }: RangeRecord, key: string): boolean {
  const from = position ?? after;
  return (from === null || compareKeys(key, from) > 0) && (through === null || compareKeys(key, through) <= 0);
}
