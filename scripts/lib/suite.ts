/** Runs a set of test files with node:test, each file in a process of its own, and prints what a person needs of it. */
import { availableParallelism } from 'node:os';
import { relative, resolve } from 'node:path';
import { run } from 'node:test';
import type { EventData } from 'node:test';
import { resultLine } from './steps.ts';

export interface Suite {
  readonly name: string;
  readonly files: readonly string[];
  /** Files at once; as many as there are processors where absent. */
  readonly concurrency?: number;
  /** A test that takes longer fails, milliseconds. */
  readonly timeout: number;
  /** A line for every file rather than one for the suite. */
  readonly verbose?: boolean;
}

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** `test name: reason` of each skipped one. */
  readonly leftOut: readonly string[];
}

/** No suite takes this long, milliseconds: whatever blocks then, with no test to time out, is killed. */
const SUITE_TIMEOUT = 30 * 60_000;

export async function runSuite(suite: Suite): Promise<Totals> {
  const started = performance.now();
  const output = new Map<string, string>();
  const show = (file: string): void => {
    if (output.has(file)) console.log(indent(output.get(file)!.trimEnd().slice(-8000)));
    output.delete(file);
  };
  const died: string[] = [];
  const totals = { passed: 0, failed: 0, skipped: 0, leftOut: [] as string[] };
  const events = run({
    files: suite.files.map((file) => resolve(file)),
    concurrency: suite.concurrency ?? availableParallelism(),
    timeout: suite.timeout,
    signal: AbortSignal.timeout(SUITE_TIMEOUT),
    // A test that timed out may leave timers and sockets behind; its file ends all the same.
    execArgv: ['--disable-warning=ExperimentalWarning', '--test-force-exit'],
  });
  const keep = ({ file, message }: EventData.TestStderr): void => {
    output.set(file, (output.get(file) ?? '') + message);
  };
  events.on('test:stdout', keep);
  events.on('test:stderr', keep);
  events.on('test:pass', (test: EventData.TestPass) => {
    if (test.details.type === 'suite') return;
    if (test.skip === undefined || test.skip === false) totals.passed++;
    else {
      totals.skipped++;
      totals.leftOut.push(`${test.name}: ${typeof test.skip === 'string' ? test.skip : 'no reason given'}`);
    }
  });
  events.on('test:fail', (test: EventData.TestFail) => {
    // A parent fails because of its children; only what failed by itself is counted and shown.
    if (failureType(test) === 'subtestsFailed') return;
    totals.failed++;
    console.log(describe(test));
    if (isFile(test)) died.push(test.file!);
  });
  events.on('test:summary', ({ file, success, duration_ms: milliseconds, counts }: EventData.TestSummary) => {
    if (file === undefined) return;
    if (suite.verbose) console.log(resultLine(success, relative('.', file), milliseconds, `${counts.passed} passed`));
    if (success) output.delete(file);
    else show(file);
  });
  for await (const _ of events);
  for (const file of died) show(file);
  const counts = `${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`;
  console.log(resultLine(totals.failed === 0, suite.name, performance.now() - started, counts));
  return totals;
}

function failureType(test: EventData.TestFail): unknown {
  const { error } = test.details;
  return 'failureType' in error ? error.failureType : undefined;
}

/** A file fails as a whole where it cannot be loaded or its process dies: what it printed is all there is to see. */
function isFile(test: EventData.TestFail): boolean {
  return test.file !== undefined && resolve(test.name) === test.file;
}

function describe(test: EventData.TestFail): string {
  const place = test.file === undefined ? '' : ` (${relative('.', test.file)}:${test.line ?? 1})`;
  const { error } = test.details;
  const cause: unknown = error.cause ?? error;
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  const ours = text.split('\n').filter((line) => !/^\s+at .*node:internal/.test(line));
  return `FAIL ${test.name}${place}\n${indent(ours.join('\n'))}`;
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '     ');
}
