/** The words and numbers of progress, shared by every printer for people. */
import type { Progress, ThrottleReason } from '../../engine/progress.ts';
import { formatBytes, formatDuration } from '../../model/units.ts';
import { formatCount, harmless } from './text.ts';

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

function worth(name: string, count: number): string[] {
  return count > 0 ? [`${name} ${formatCount(count)}`] : [];
}

function throttleReason(reason: Exclude<ThrottleReason, { what: 'retrying' }>): string {
  switch (reason.what) {
    case 'bandwidth':
      return `bandwidth limit ${ofAll(reason)}${formatBytes(reason.bytesPerSecond)}/s`;
    case 'objects-per-second':
      return `limit ${ofAll(reason)}of ${formatCount(reason.limit)} objects/s`;
    case 'requests-per-second':
      return `limit ${ofAll(reason)}of ${formatCount(reason.limit)} requests/s`;
    case 'slow-down':
      return `${harmless(reason.store)} asks to slow down`;
    case 'listing':
      return 'waiting for the listing';
  }
}

function ofAll({ shared }: { readonly shared?: true | undefined }): string {
  return shared === true ? 'of the server ' : '';
}
