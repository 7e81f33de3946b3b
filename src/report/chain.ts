/**
 * The hash chain over an evidence file: whoever changes, drops, adds or moves a record breaks every hash after it.
 *
 * One record a line, in this exact shape:
 *
 *     {"hash":"<64 hex digits>","record":<JSON text>}
 *
 * `hash` is the SHA-256 of the previous line's 64 hex digits (64 zeros before the first line) followed by the bytes of
 * the JSON text as they stand. A checker needs to cut the line, not to parse JSON. The last hash, the head, stands for
 * the whole file; keep it where the file's owner cannot change it.
 */
import { hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { FerryError } from '../model/errors.ts';

export const CHAIN_START = '0'.repeat(64);

const BEFORE_HASH = '{"hash":"';
const BEFORE_RECORD = '","record":';
const HASH_END = BEFORE_HASH.length + 64;
const RECORD_START = HASH_END + BEFORE_RECORD.length;
/** No line of ours is longer: two keys of 1,024 bytes, escaped, and a few words. */
const MAX_LINE = 64 * 1024;

/** A line of the file for `record`, and the new head. */
export function chainLine(head: string, record: string): { readonly head: string; readonly line: string } {
  const next = hash('sha256', head + record);
  return { head: next, line: `${BEFORE_HASH}${next}${BEFORE_RECORD}${record}}\n` };
}

export interface ChainCheck {
  readonly records: number;
  /** Of the last line that is sound. */
  readonly head: string;
  /** JSON text of the last line that is sound. */
  readonly last?: string | undefined;
  /** What is wrong, and where; undefined where the chain holds. */
  readonly problem?: { readonly line: number; readonly what: string } | undefined;
}

/** Reads a whole evidence file and checks every link. Rejects only where the file cannot be read. Memory: one line. */
export async function verifyChain(file: string): Promise<ChainCheck> {
  let head = CHAIN_START;
  let records = 0;
  let last: string | undefined;
  for await (const line of linesOf(file)) {
    const what = brokenBy(line, head);
    if (what !== undefined) return { records, head, last, problem: { line: records + 1, what } };
    head = line.slice(BEFORE_HASH.length, HASH_END);
    last = line.slice(RECORD_START, -1);
    records++;
  }
  return { records, head, last };
}

function brokenBy(line: string, head: string): string | undefined {
  const shaped =
    line.startsWith(BEFORE_HASH) && line.slice(HASH_END, RECORD_START) === BEFORE_RECORD && line.endsWith('}');
  if (!shaped) return 'the line is cut off or is no record';
  const record = line.slice(RECORD_START, -1);
  if (hash('sha256', head + record) !== line.slice(BEFORE_HASH.length, HASH_END)) {
    return 'the record, or one before it, was changed, removed or added';
  }
  return undefined;
}

/** Lines without their end; the rest after the last line feed counts as a line, so that a cut file is noticed. */
async function* linesOf(file: string): AsyncIterable<string> {
  let rest = '';
  try {
    for await (const chunk of createReadStream(file, { encoding: 'utf8', highWaterMark: 256 * 1024 })) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop()!;
      yield* lines;
      if (rest.length > MAX_LINE) break;
    }
  } catch (error) {
    throw new FerryError('configuration', {
      message: `cannot read the evidence file ${file}`,
      remedy: 'Give the path of an `evidence.jsonl`, or of the `report.json` beside it.',
      cause: error,
    });
  }
  if (rest !== '') yield rest;
}
