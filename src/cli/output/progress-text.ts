/** The words and numbers of progress and summaries, shared by every printer for people. */
import type { Progress, RunSummary, ThrottleReason } from '../../engine/progress.ts';
import { formatBytes, formatDuration } from '../../model/units.ts';
import type { Row } from './layout.ts';
import { counted, formatCount, harmless } from './text.ts';

export interface Done {
  /** 0 to 1; undefined while nobody can tell: listing goes on, or nothing was listed yet. */
  readonly fraction: number | undefined;
  /** The same of what was listed so far. */
  readonly ofListed: number;
  /** Bytes dealt with, those inside objects under way included, and known so far. */
  readonly bytes: number;
  readonly totalBytes: number;
}

/** How far a run is, by bytes, or by objects where bytes tell nothing (removing, comparing, empty objects). */
export function doneOf({ phase, counters: c, active, listingDone }: Progress): Done {
  const settled = c.copied + c.skipped + c.failed + c.filtered + c.irregular;
  const underWay = active.reduce((sum, { done }) => sum + done, 0);
  const bytes = Math.min(c.listedBytes, c.copiedBytes + c.skippedBytes + underWay);
  const objects = Math.max(settled, phase === 'verifying' ? c.compared : 0, Math.min(c.deleted, c.listed)) / c.listed;
  const byBytes = phase !== 'verifying' && phase !== 'deleting' && bytes > 0;
  const all = phase === 'done' || (c.listed > 0 && settled >= c.listed);
  const ofListed = all ? 1 : c.listed === 0 ? 0 : Math.min(1, byBytes ? bytes / c.listedBytes : objects);
  const told = phase === 'done' || (listingDone && c.listed > 0);
  return { fraction: told ? ofListed : undefined, ofListed, bytes, totalBytes: c.listedBytes };
}

/** `1.0 GiB of 2.4 GiB`, and that the second grows. */
export function bytesText(progress: Progress, brief = false): string {
  const { bytes, totalBytes } = doneOf(progress);
  if (!progress.listingDone && progress.counters.listed === 0) return 'nothing listed yet';
  const growing = progress.listingDone ? '' : brief ? '+' : ' listed so far';
  return `${formatBytes(bytes)} of ${formatBytes(totalBytes)}${growing}`;
}

/** `listed 1,204+`: the plus says that listing goes on. Only what is not zero, but always what was listed. */
export function counterParts({ phase, counters: c, listingDone }: Progress): readonly string[] {
  return [
    `listed ${formatCount(c.listed)}${listingDone ? '' : '+'}`,
    ...(phase === 'verifying' ? [`compared ${formatCount(c.compared)}`] : [`copied ${formatCount(c.copied)}`]),
    ...worth('failed', c.failed),
    ...worth('skipped', c.skipped),
    ...worth('deleted', c.deleted),
    ...worth('left out', c.filtered),
    ...worth('irregular', c.irregular),
    ...(phase === 'verifying' ? [] : worth('compared', c.compared)),
  ];
}

export function rateText({ rate }: Pick<Progress, 'rate'>): string {
  return `${formatBytes(rate.bytes)}/s, ${formatCount(rate.objects)} objects/s`;
}

/** `1m 20s left`, `at least 1m 20s left (still listing)`; says so where nothing is known. */
export function etaText({ eta, listingDone, phase }: Pick<Progress, 'eta' | 'listingDone' | 'phase'>): string {
  if (phase === 'preparing') return 'getting ready';
  if (phase === 'finishing' || phase === 'done') return 'nearly done';
  const short = eta === undefined || eta < 1000;
  if (!listingDone) return short ? 'still listing' : `at least ${formatDuration(eta)} left (still listing)`;
  if (eta === undefined) return 'time left not known yet';
  return short ? 'nearly done' : `${formatDuration(eta)} left`;
}

/** What holds the speed down, most important first, without what `waitText` tells; empty where nothing does. */
export function throttleText(reasons: readonly ThrottleReason[]): string {
  return reasons.flatMap((reason) => (reason.what === 'retrying' ? [] : [throttleReason(reason)])).join('; ');
}

/** What requests that wait for another try failed with, and when that is; empty where none wait. */
export function waitText(reasons: readonly ThrottleReason[]): string {
  const waits = reasons.flatMap((reason) => {
    if (reason.what !== 'retrying') return [];
    const next = formatDuration(Math.max(1, Math.ceil(reason.next / 1000)) * 1000);
    const several = reason.waiting === 1 ? '' : `${formatCount(reason.waiting)} requests: `;
    return [`${several}${harmless(reason.cause)}, next try in ${next}`];
  });
  return waits.join('; ');
}

/** Columns of the titles in a summary. */
export const SUMMARY_TITLE = 9;

/** Headline and lines of the end of a run. */
export function summaryText(summary: RunSummary): { headline: string; rows: readonly Row[] } {
  const { counters: c, task } = summary;
  const name = harmless(task);
  const took = formatDuration(summary.elapsed);
  const speed = summary.elapsed > 0 ? (summary.bytesMoved * 1000) / summary.elapsed : 0;
  const rows: Row[] = [{ title: 'listed', text: `${counted(c.listed, 'object')}, ${formatBytes(c.listedBytes)}` }];
  const row = (title: string, count: number, more = ''): void => {
    if (count > 0) rows.push({ title, text: counted(count, 'object') + more });
  };
  row('copied', c.copied, `, ${formatBytes(c.copiedBytes)}${speed > 0 ? ` (${formatBytes(speed)}/s)` : ''}`);
  if (summary.kind === 'verification') row('the same', c.skipped, `, ${formatBytes(c.skippedBytes)}`);
  else row('skipped', c.skipped, `, ${formatBytes(c.skippedBytes)}: already there`);
  row('deleted', c.deleted);
  row('left out', c.filtered, ' by filters');
  row('irregular', c.irregular, ': links, sockets, pipes or devices');
  row('retried', c.retried);
  row('failed', c.failed);
  for (const [what, count] of Object.entries(summary.losses)) row('note', count, ` ${LOSSES[what] ?? `lost ${what}`}`);
  if (summary.report) rows.push({ title: 'report', text: harmless(summary.report.html) });
  const next = nextStep(summary);
  if (next) rows.push({ title: 'next', text: next });
  return { headline: headline(summary, name, took), rows };
}

function worth(name: string, count: number): string[] {
  return count > 0 ? [`${name} ${formatCount(count)}`] : [];
}

/** What `RunSummary.losses` counts, as the end of a sentence about objects. */
const LOSSES: Readonly<Record<string, string>> = {
  headers: 'without some of their headers: the destination cannot keep them',
  'user-metadata': 'without some of their user metadata: the destination cannot keep it',
  tags: 'without their tags: the destination cannot keep them',
  'modification-time': 'without their modification time: the destination cannot keep it',
  posix: 'without mode and owner: the destination cannot keep them',
  acl: 'without the ACL: the destination cannot keep it',
  'storage-class': 'in another storage class',
  etag: 'with another ETag than at the source',
};

function headline({ outcome, counters, kind }: RunSummary, name: string, took: string): string {
  switch (outcome) {
    case 'finished':
      return kind === 'verification'
        ? `${name}: both sides are the same (checked in ${took})`
        : `${name} finished in ${took}`;
    case 'finished-with-failures':
      return `${name} finished in ${took}, but ${counted(counters.failed, 'object')} failed`;
    case 'differences':
      return `${name}: the two sides differ (checked in ${took})`;
    case 'interrupted':
      return kind === 'verification'
        ? `${name}: comparing was interrupted after ${took}; nothing is proven`
        : `${name} interrupted after ${took}; everything done so far is saved`;
    case 'failed':
      return kind === 'verification'
        ? `${name}: comparing stopped after ${took}; nothing is proven`
        : `${name} stopped after ${took}`;
  }
}

function nextStep({ outcome, task, kind }: RunSummary): string | undefined {
  if (kind === 'verification') return undefined;
  switch (outcome) {
    case 'finished-with-failures':
      return `ferry failures ${task}   (causes and remedies; --retry tries them again)`;
    case 'interrupted':
      return `ferry run ${task}   (goes on where it stopped)`;
    case 'failed':
      return `ferry run ${task}   (once the cause is removed; it goes on where it stopped)`;
    case 'differences':
    case 'finished':
      return undefined;
  }
}

function throttleReason(reason: Exclude<ThrottleReason, { what: 'retrying' }>): string {
  switch (reason.what) {
    case 'bandwidth':
      return `bandwidth limit ${formatBytes(reason.bytesPerSecond)}/s`;
    case 'objects-per-second':
      return `limit of ${formatCount(reason.limit)} objects/s`;
    case 'slow-down':
      return `${harmless(reason.store)} asks to slow down`;
    case 'listing':
      return 'waiting for the listing';
  }
}
