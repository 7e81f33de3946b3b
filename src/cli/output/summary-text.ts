/** How the end of a run or a verification reads. */
import type { RunSummary } from '../../engine/progress.ts';
import { formatBytes, formatDuration } from '../../model/units.ts';
import { differenceCounts, methodCounts, weaklyCompared } from '../../report/words.ts';
import type { Row } from './layout.ts';
import { counted, harmless } from './text.ts';

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
  if (summary.kind === 'verification') {
    for (const { words, count } of differenceCounts(summary.proof?.differences ?? {}))
      row('differ', count, `: ${words}`);
    row('repaired', c.copied, `, ${formatBytes(c.copiedBytes)}`);
    row('the same', c.skipped, `, ${formatBytes(c.skippedBytes)}`);
    for (const { words, weak, count } of methodCounts(summary.proof?.methods ?? {}))
      rows.push({ title: weak ? 'only by' : 'proven by', text: `${words}: ${counted(count, 'object')}` });
  } else {
    row('copied', c.copied, `, ${formatBytes(c.copiedBytes)}${speed > 0 ? ` (${formatBytes(speed)}/s)` : ''}`);
    row('skipped', c.skipped, `, ${formatBytes(c.skippedBytes)}: already there`);
  }
  row('deleted', c.deleted);
  row('left out', c.filtered, ' by filters');
  row('irregular', c.irregular, ': links, sockets, pipes or devices');
  row('retried', c.retried);
  row('failed', c.failed);
  for (const [what, count] of Object.entries(summary.losses)) row('note', count, ` ${LOSSES[what] ?? `lost ${what}`}`);
  if (summary.report) rows.push({ title: 'report', text: harmless(summary.report.html) });
  if (summary.proof?.head !== undefined) {
    rows.push({ title: 'evidence', text: `SHA-256 chain ends in ${summary.proof.head}` });
    rows.push({ title: '', text: 'Keep this hash elsewhere: it stands for every line.' });
  }
  const next = nextStep(summary);
  if (next) rows.push({ title: 'next', text: next });
  return { headline: headline(summary, name, took), rows };
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

function headline({ outcome, counters, kind, proof }: RunSummary, name: string, took: string): string {
  switch (outcome) {
    case 'finished':
      if (kind !== 'verification') return `${name} finished in ${took}`;
      return weaklyCompared(proof?.methods ?? {}) === 0
        ? `${name}: both sides are the same (checked in ${took})`
        : `${name}: no difference found, but not all bytes were compared (checked in ${took})`;
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

function nextStep({ outcome, task, kind, proof }: RunSummary): string | undefined {
  if (kind === 'verification') {
    const { extra: _, unverified: __, unreadable: ___, ...repairable } = proof?.differences ?? {};
    return Object.keys(repairable).length === 0
      ? undefined
      : 'see why they differ; --repair then copies the objects of the source over those of the destination';
  }
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
