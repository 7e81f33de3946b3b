/** Checks a report against its evidence, as anybody can who got the two files. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { FerryError } from '../model/errors.ts';
import { verifyChain, type ChainCheck } from './chain.ts';
import { reportDigest } from './digest.ts';

const MAX_REPORT = 64 * 1024 * 1024;

/** As much of a report as the check needs. */
const Checked = z.object({
  task: z.string(),
  evidence: z.object({ file: z.string(), lines: z.number(), head: z.string() }).optional(),
});

export interface ReportCheck {
  readonly task?: string | undefined;
  readonly evidence: string;
  readonly chain: ChainCheck;
  /** Sentences; empty where report and evidence agree and the chain holds. */
  readonly problems: readonly string[];
}

/**
 * `file` is a `report.json`, whose evidence is looked for beside it, or an evidence file alone: then only the chain is
 * checked, and its head has to be compared with one kept elsewhere. Rejects with `configuration` where it is neither.
 */
export async function checkReport(file: string): Promise<ReportCheck> {
  if (!file.endsWith('.json')) {
    const chain = await verifyChain(file);
    return { evidence: file, chain, problems: problemsOf(chain) };
  }
  const { report, digest } = await readReport(file);
  if (!report.evidence) {
    throw new FerryError('configuration', {
      message: `${file} has no evidence: it was made with \`report.evidence: none\``,
      remedy: 'Verify again with `report.evidence: all` in the task file.',
    });
  }
  const { file: name, head, lines } = report.evidence;
  if (/[/\\]/.test(name))
    throw new FerryError('configuration', { message: `${file} names evidence outside its folder` });
  const evidence = join(dirname(file), name);
  const chain = await verifyChain(evidence);
  const problems = [...problemsOf(chain)];
  if (!chain.problem && chain.records !== lines)
    problems.push(`the report counts ${lines} lines, the evidence has ${chain.records}`);
  if (!chain.problem && chain.head !== head)
    problems.push('the head in the report is not the last hash of the evidence');
  const end = chain.problem || chain.last === undefined ? undefined : End.safeParse(JSON.parse(chain.last)).data;
  if (!chain.problem && end?.report !== digest) problems.push('the report is not the one the evidence was closed with');
  return { task: report.task, evidence, chain, problems };
}

/** The last record of the evidence, as far as it is about the report. */
const End = z.object({ type: z.literal('end'), report: z.string() });

function problemsOf(chain: ChainCheck): string[] {
  return chain.problem ? [`line ${chain.problem.line}: ${chain.problem.what}`] : [];
}

async function readReport(file: string): Promise<{ report: z.infer<typeof Checked>; digest: string }> {
  try {
    const text = await readFile(file);
    if (text.byteLength > MAX_REPORT) throw new Error('it is too large');
    const data: unknown = JSON.parse(text.toString('utf8'));
    return { report: Checked.parse(data), digest: reportDigest(z.record(z.string(), z.unknown()).parse(data)) };
  } catch (error) {
    throw new FerryError('configuration', {
      message: `${file} is not a report of Ferry`,
      remedy: 'Give the path of a `report.json` or `evidence.jsonl`.',
      cause: error,
    });
  }
}
