/**
 * The report as one HTML page that asks nothing of the network: it can be mailed, archived and printed.
 *
 * Keys and messages come from strangers. Everything passes `escape`, and the page's own policy forbids scripts and
 * outside requests, should that ever fail.
 */
import { formatBytes, formatDuration } from '../model/units.ts';
import { ERROR_CATALOGUE } from '../model/errors.ts';
import type { FailureGroup } from '../state/state-store.ts';
import { REPORT_CSS } from './html-style.ts';
import type { Report } from './report.ts';
import { DIFFERENCE_KINDS, differenceCounts, methodCounts, weaklyCompared } from './words.ts';

export function reportHtml(report: Report): string {
  const title = `${report.kind === 'run' ? 'Run' : 'Verification'} of ${report.task}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>${plain(title.replace(/[\p{Cc}\p{Cf}]/gu, '\ufffd'))}</title>
<style>${REPORT_CSS}</style>
</head>
<body>
<main>
${[header(report, title), tiles(report), sides(report), methods(report), differences(report), leftOut(report), failures(report), losses(report), evidence(report), environment(report)].filter((part) => part !== '').join('\n')}
</main>
</body>
</html>
`;
}

const VERDICTS: Readonly<Record<Report['summary']['outcome'], { readonly tone: string; readonly word: string }>> = {
  finished: { tone: 'good', word: 'All well' },
  'finished-with-failures': { tone: 'warn', word: 'Some objects failed' },
  differences: { tone: 'bad', word: 'The two sides differ' },
  interrupted: { tone: 'warn', word: 'Interrupted' },
  failed: { tone: 'bad', word: 'Stopped before the end' },
};

function header(report: Report, title: string): string {
  const { summary, startedAt, endedAt } = report;
  const { tone, word } = VERDICTS[summary.outcome];
  const sentence = summary.error
    ? `${summary.error.message}. ${summary.error.remedy}`
    : report.kind === 'verification' && summary.outcome === 'finished'
      ? proven(report)
      : '';
  return `<header>
<p class="badge ${tone}">${word}</p>
<h1>${escape(title)}</h1>
${sentence ? `<p class="lead">${escape(sentence)}</p>` : ''}
<p class="muted">${time(startedAt)} to ${time(endedAt)}</p>
</header>`;
}

/** No more than was shown: what was compared by size only, and what was not compared, is named. */
function proven({ results, methods: used, summary }: Report): string {
  const equal = results['equal'] ?? 0;
  const repaired = results['repaired'] ?? 0;
  const weak = weaklyCompared(used);
  const { filtered, irregular } = summary.counters;
  return [
    weak === 0
      ? `All ${count(equal)} objects are the same on both sides.`
      : `All ${count(equal)} objects agree, ${count(weak)} of them only by size: their bytes were not compared.`,
    ...(repaired > 0 ? [`${count(repaired)} more differed and were repaired.`] : []),
    ...(filtered > 0 ? [`${count(filtered)} were left out by filters.`] : []),
    ...(irregular > 0 ? [`${count(irregular)} are no regular files and were left out.`] : []),
  ].join(' ');
}

function tiles({ summary, results, differences: { count: differ }, kind }: Report): string {
  const { counters: c } = summary;
  const speed = summary.elapsed > 0 ? `${formatBytes((summary.bytesMoved * 1000) / summary.elapsed)}/s` : '–';
  const checked = Object.values(results).reduce((sum, n) => sum + n, 0);
  const shown =
    kind === 'verification'
      ? [
          tile(count(checked || c.compared), 'objects checked'),
          tile(formatBytes(c.listedBytes), 'at the source'),
          tile(count(differ), differ === 1 ? 'difference' : 'differences', differ > 0 ? 'bad' : 'good'),
        ]
      : [
          tile(count(c.copied), `objects copied, ${formatBytes(c.copiedBytes)}`),
          tile(count(c.skipped), `already there, ${formatBytes(c.skippedBytes)}`),
          ...(c.deleted > 0 ? [tile(count(c.deleted), 'objects deleted')] : []),
          ...(c.filtered > 0 ? [tile(count(c.filtered), 'left out by filters')] : []),
          ...(c.irregular > 0 ? [tile(count(c.irregular), 'no regular files')] : []),
          tile(speed, 'on average'),
        ];
  return `<section class="tiles" aria-label="Summary">
${shown.join('\n')}
${tile(count(c.failed), 'failed', c.failed > 0 ? 'bad' : '')}
${tile(formatDuration(summary.elapsed), 'of work')}
</section>`;
}

function tile(value: string, label: string, tone = ''): string {
  return `<div class="tile ${tone}"><strong>${escape(value)}</strong><span>${escape(label)}</span></div>`;
}

function sides({ source, destination }: Report): string {
  return `<section><dl class="sides">
${side('Source', source.name)}
${side('Destination', destination.name)}
</dl></section>`;
}

function side(label: string, place: string): string {
  return `<div><dt>${label}</dt><dd><code>${escape(place)}</code></dd></div>`;
}

function methods({ methods: used }: Report): string {
  const entries = methodCounts(used);
  const total = entries.reduce((sum, { count: n }) => sum + n, 0);
  if (total === 0) return '';
  const share = (n: number): string => `${((n / total) * 100).toFixed(n === total ? 0 : 1)}%`;
  const segments = entries.map(({ count: n }, i) => `<span class="m${i}" style="flex-grow:${n}"></span>`).join('');
  const legend = entries
    .map(
      ({ words, weak, count: n }, i) =>
        `<li><span class="dot m${i}"></span>${weak ? 'only ' : ''}${escape(words)}<b>${count(n)}</b><span class="muted">${share(n)}</span></li>`,
    )
    .join('\n');
  return `<section>
<h2>How it is known that objects are equal</h2>
<div class="stack" role="img" aria-label="Share of methods">${segments}</div>
<ul class="legend">
${legend}
</ul>
</section>`;
}

function differences({ differences: d, kind, evidence: kept }: Report): string {
  if (d.count === 0) return kind === 'verification' ? '<section><h2>Differences</h2><p>None.</p></section>' : '';
  const rows = d.first.map(
    ({ key, kind: what, source, destination, detail, repaired }) =>
      `<tr><td class="key">${escape(key)}</td><td>${DIFFERENCE_KINDS[what]}${detail ? `<br><span class="muted">${escape(detail)}</span>` : ''}</td><td class="value" data-of="source">${escape(source ?? '–')}</td><td class="value" data-of="destination">${escape(destination ?? '–')}</td>${repaired ? '<td class="good">repaired</td>' : '<td></td>'}</tr>`,
  );
  const kinds = differenceCounts(d.byKind).map(({ words, count: n }) => `${count(n)} ${words}`);
  return `<section>
<h2>Differences <span class="muted">${count(d.count)}</span></h2>
<p>${escape(kinds.join(', '))}.</p>
${shownOf(d, kept)}
<div class="scroll"><table>
<thead><tr><th>Key</th><th>What</th><th>Source</th><th>Destination</th><th></th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table></div>
</section>`;
}

function leftOut({ irregular: left, evidence: kept }: Report): string {
  if (left.count === 0) return '';
  const rows = left.first.map(
    ({ key, reason }) => `<tr><td class="key">${escape(key)}</td><td>${escape(reason)}</td></tr>`,
  );
  return `<section>
<h2>Left out: no regular files <span class="muted">${count(left.count)}</span></h2>
${shownOf(left, kept)}
<div class="scroll"><table>
<thead><tr><th>Key</th><th>Why</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table></div>
</section>`;
}

/** Where the others are, if not all are shown. */
function shownOf(of: { readonly count: number; readonly first: readonly unknown[] }, kept: Report['evidence']): string {
  if (of.count === of.first.length) return '';
  const where = kept
    ? `all of them are in <code>${escape(kept.file)}</code>, beside this page`
    : 'no evidence was kept of them';
  return `<p>The first ${count(of.first.length)} are shown; ${where}.</p>`;
}

function failures({ failures: groups, task }: Report): string {
  if (groups.length === 0) return '';
  return `<section>
<h2>Failures by cause</h2>
${groups.map(failure).join('\n')}
<p class="muted"><code>ferry failures ${escape(task)}</code> lists every object; with <code>--retry</code> it tries them again.</p>
</section>`;
}

function failure({ code, count: n, examples }: FailureGroup): string {
  const entry = Object.entries(ERROR_CATALOGUE).find(([known]) => known === code)?.[1];
  const told = ({ key, message, remedy }: FailureGroup['examples'][number]): string =>
    `<li><span class="key">${escape(key)}</span><br><span class="muted">${escape(remedy === entry?.remedy ? message : `${message}. ${remedy}`)}</span></li>`;
  return `<article class="failure">
<h3>${escape(entry?.summary ?? code)} <span class="muted">${count(n)} · ${escape(code)}</span></h3>
<p><b>Cause</b> ${escape(entry?.cause ?? 'not known')}</p>
${entry ? `<p><b>Remedy</b> ${escape(entry.remedy)}</p>` : ''}
<ul>${examples.map(told).join('')}</ul>
</article>`;
}

function losses({ summary }: Report): string {
  const lost = Object.entries(summary.losses);
  if (lost.length === 0) return '';
  return `<section>
<h2>What could not be kept</h2>
<ul>${lost.map(([what, n]) => `<li>${escape(what)}: ${count(n)} ${n === 1 ? 'object' : 'objects'}</li>`).join('')}</ul>
</section>`;
}

function evidence({ evidence: kept }: Report): string {
  if (!kept) return '';
  const every = kept.kept === 'all' ? 'every object' : 'every object that differs';
  return `<section>
<h2>Evidence</h2>
<p><code>${escape(kept.file)}</code> holds one line for ${every}, ${count(kept.lines)} lines in all with its header and its end. Each line carries the SHA-256 of the line before and of itself, so that no line can be changed, removed or added unnoticed. The last hash stands for all of them:</p>
<p class="hash"><code>${escape(kept.head)}</code></p>
<p>Keep this hash where whoever keeps the files cannot change it. To check the chain: <code>ferry verify --check-report report.json</code>, or without Ferry:</p>
<pre>${plain(PYTHON_CHECK)}</pre>
</section>`;
}

/** Checks a chain with nothing but Python's standard library; a test runs it where Python is there. */
export const PYTHON_CHECK = `python3 - evidence.jsonl <<'END'
import hashlib, sys
head = b"0" * 64
for line in open(sys.argv[1], "rb"):
    stated, record = line[9:73], line[84:-2]
    head = hashlib.sha256(head + record).hexdigest().encode()
    assert head == stated, "the chain is broken"
print(head.decode())
END`;

function environment({ tool, environment: e, source, destination }: Report): string {
  const rows: (readonly [string, string])[] = [
    ['Made by', `${tool.name} ${tool.version}, Node.js ${e.node}`],
    ['On', `${e.host}, ${e.platform}`],
    ...(e.mode ? [['Mode', e.mode] as const] : []),
    ['Source identity', source.identity],
    ['Destination identity', destination.identity],
  ];
  return `<section>
<h2>Environment</h2>
<dl class="facts">
${rows.map(([term, text]) => `<div><dt>${term}</dt><dd>${escape(text)}</dd></div>`).join('\n')}
</dl>
</section>`;
}

/** Text from outside: markup has no effect, and controls and format characters are seen instead of obeyed. */
function escape(text: string): string {
  return plain(text).replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (c) => `<span class="control">${c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}</span>`,
  );
}

/** For where no markup is possible, and for text of our own with line feeds. */
function plain(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

function count(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}

function time(iso: string): string {
  return `<time datetime="${escape(iso)}">${escape(iso.slice(0, 19).replace('T', ' '))} UTC</time>`;
}
