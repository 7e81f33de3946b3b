/**
 * Records a run or verification while it goes on, and writes `report.json`, `report.html` and `evidence.jsonl` at its
 * end. Memory: the first 1,000 differences and things left out, and counters.
 */
import { reportDigest } from './digest.ts';
import { open, rename, rm } from 'node:fs/promises';
import { arch, hostname, release, type } from 'node:os';
import { join } from 'node:path';
import { makeDirectory } from '../host/make-directory.ts';
import type { Evidence, EvidenceSink } from '../engine/evidence.ts';
import type { Difference, Proof, RunEvent, RunSummary } from '../engine/progress.ts';
import { toFerryError } from '../model/errors.ts';
import type { FailureGroup } from '../state/state-store.ts';
import { EvidenceFile } from './evidence-file.ts';
import { reportHtml } from './html.ts';
import type { Irregular, Report, Side } from './report.ts';

/** So many differences are named in the report, and so many things left out. */
const NAMED = 1000;

export interface RecorderOptions {
  /** Made where it is absent. */
  readonly folder: string;
  readonly kind: Report['kind'];
  readonly task: string;
  readonly mode?: string | undefined;
  readonly source: Side;
  readonly destination: Side;
  readonly evidence: 'all' | 'differences' | 'none';
  readonly version: string;
  readonly now: () => number;
}

export interface WrittenReport {
  readonly json: string;
  readonly html: string;
  /** Head of the evidence chain, where there is one. */
  readonly head?: string | undefined;
}

export class ReportRecorder implements EvidenceSink {
  readonly #options: RecorderOptions;
  readonly #startedAt: number;
  readonly #evidence: EvidenceFile | undefined;
  readonly #first: Difference[] = [];
  readonly #byKind: Partial<Record<Difference['kind'], number>> = {};
  /** Of those, what was not repaired. */
  readonly #open: Partial<Record<Difference['kind'], number>> = {};
  readonly #irregular: Irregular[] = [];
  #irregularCount = 0;
  readonly #methods: Record<string, number> = {};
  readonly #results: Record<string, number> = {};

  private constructor(options: RecorderOptions, evidence: EvidenceFile | undefined) {
    this.#options = options;
    this.#startedAt = options.now();
    this.#evidence = evidence;
  }

  static async start(options: RecorderOptions): Promise<ReportRecorder> {
    const { folder, evidence, kind, task, mode, source, destination, version } = options;
    try {
      makeDirectory(folder, 0o700);
      if (evidence === 'none') return new ReportRecorder(options, undefined);
      const startedAt = new Date(options.now()).toISOString();
      const header = { kind, task, mode, tool: `Ferry ${version}`, source, destination, startedAt };
      return new ReportRecorder(options, await EvidenceFile.create(join(folder, EVIDENCE), evidence, header));
    } catch (error) {
      throw notWritable(folder, error);
    }
  }

  /** What is known so far. */
  get proof(): Proof {
    return { methods: this.#methods, differences: this.#open };
  }

  /** Called with every event of the engine, before or after it is shown. */
  observe(event: RunEvent): void {
    if (event.type === 'progress') this.#evidence?.show();
    if (event.type === 'irregular') this.#leftOut(event);
    if (event.type !== 'difference') return;
    const { difference } = event;
    this.#byKind[difference.kind] = (this.#byKind[difference.kind] ?? 0) + 1;
    if (!difference.repaired) this.#open[difference.kind] = (this.#open[difference.kind] ?? 0) + 1;
    if (this.#first.length < NAMED) this.#first.push(difference);
  }

  #leftOut({ key, reason }: Irregular): void {
    this.#irregularCount++;
    if (this.#irregular.length < NAMED) this.#irregular.push({ key, reason });
  }

  add(evidence: Evidence): Promise<void> | void {
    if (evidence.result === 'equal') this.#methods[evidence.method] = (this.#methods[evidence.method] ?? 0) + 1;
    this.#results[evidence.result] = (this.#results[evidence.result] ?? 0) + 1;
    return this.#evidence?.add(evidence);
  }

  /** Writes the report; a reader never sees half of one. */
  async finish(summary: RunSummary, failures: readonly FailureGroup[]): Promise<WrittenReport> {
    const { folder } = this.#options;
    const json = join(folder, 'report.json');
    const html = join(folder, 'report.html');
    try {
      const body = this.#report(summary, failures);
      const chain = await this.#evidence?.finish({
        outcome: summary.outcome,
        methods: this.#methods,
        results: this.#results,
        report: reportDigest(body),
      });
      const report = { ...body, evidence: this.#evidenceOf(chain) };
      await writeAtomically(json, `${JSON.stringify(report, null, 2)}\n`);
      await writeAtomically(html, reportHtml(report));
      return { json, html, head: chain?.head };
    } catch (error) {
      throw notWritable(folder, error);
    }
  }

  #report(summary: RunSummary, failures: readonly FailureGroup[]): Report {
    const { kind, task, version, source, destination, mode, now } = this.#options;
    const { error, report: _, ...counts } = summary;
    return {
      format: 1,
      kind,
      task,
      tool: { name: 'Ferry', version },
      environment: { host: hostname(), platform: `${type()} ${release()} ${arch()}`, node: process.version, mode },
      source,
      destination,
      startedAt: new Date(this.#startedAt).toISOString(),
      endedAt: new Date(now()).toISOString(),
      summary: { ...counts, error: error && { code: error.code, message: error.message, remedy: error.remedy } },
      methods: this.#methods,
      results: this.#results,
      differences: {
        count: Object.values(this.#byKind).reduce((sum, count) => sum + count, 0),
        byKind: this.#byKind,
        first: this.#first,
      },
      irregular: { count: this.#irregularCount, first: this.#irregular },
      failures,
    };
  }

  #evidenceOf(chain: { head: string; lines: number } | undefined): Report['evidence'] {
    const kept = this.#options.evidence;
    if (!chain || kept === 'none') return undefined;
    return { file: EVIDENCE, kept, lines: chain.lines, algorithm: 'sha256-chain', head: chain.head };
  }
}

const EVIDENCE = 'evidence.jsonl';

async function writeAtomically(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await using handle = await open(temporary, 'w', 0o600);
    await handle.writeFile(text);
    await handle.sync();
  } catch (thrown) {
    await rm(temporary, { force: true });
    throw thrown;
  }
  await rename(temporary, path);
}

function notWritable(folder: string, thrown: unknown): Error {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return toFerryError(thrown, full ? 'disk-full' : 'permission').with({
    store: `report in ${folder}`,
    operation: 'write',
  });
}
