/**
 * The record of an upload in parts, beside the file the parts are in: a line of JSON about the upload, then one line for
 * each part that was written or is about to be replaced. A line counts only with its end, so one torn by a crash is as if
 * it had not been written.
 */
import fs from 'node:fs';
import * as z from 'zod';
import { FerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import type { ObjectMeta, Tags } from '../../model/object.ts';
import { errno } from './errors.ts';
import type { Place } from './names.ts';
import { parseTemp } from './temp.ts';
import type { Directory } from './tree.ts';

/** Where a part is in the file of its upload. */
export interface Extent {
  readonly offset: number;
  readonly size: number;
  /** Absent while the part is being written. */
  readonly etag?: string | undefined;
}

export interface Upload {
  readonly key: Key;
  readonly place: Place;
  readonly temp: string;
  readonly meta: Partial<ObjectMeta> | undefined;
  readonly tags: Tags | undefined;
  /** By part number. */
  readonly parts: Map<number, Extent>;
  largest: number;
}

/** Longest record read: a header and each part a few times over. */
const MAX_RECORD = 16 * 1024 * 1024;

const header = z.object({
  key: z.string(),
  begun: z.number().optional(),
  meta: z.record(z.string(), z.unknown()).optional(),
  tags: z.record(z.string(), z.string()).optional(),
});

/** What the file tells of an upload; undefined where it is no record of one. */
export function recordHead(
  directory: Directory,
  name: string,
): { readonly uploadId: string; readonly key: Key; readonly begun: number | undefined } | undefined {
  const temp = parseTemp(name);
  if (temp?.kind !== 'upload' || !temp.record) return undefined;
  const text = unlessAbsent(() => readRecord(directory.at(name)));
  const head = header.safeParse(parseJson(text?.split('\n', 1)[0]));
  return head.success ? { uploadId: temp.uploadId, key: head.data.key, begun: head.data.begun } : undefined;
}

export function recordName(temp: string): string {
  return `${temp}.parts`;
}

export function readRecord(path: string | Buffer): string {
  const fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
  try {
    if (fs.fstatSync(fd).size > MAX_RECORD)
      throw new FerryError('too-large', { message: 'the record of an upload in parts is damaged' });
    return fs.readFileSync(fd, 'utf8');
  } finally {
    fs.closeSync(fd);
  }
}

export function unlessAbsent(read: () => string): string | undefined {
  try {
    return read();
  } catch (thrown) {
    if (errno(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

export function parseRecord(text: string, key: Key, place: Place, temp: string): Upload {
  const lines = text.split('\n').slice(0, -1);
  const head = header.safeParse(parseJson(lines.shift()));
  if (!head.success || head.data.key !== key) throw gone(key);
  const upload: Upload = {
    key,
    place,
    temp,
    meta: head.data.meta,
    tags: head.data.tags,
    parts: new Map(),
    largest: 0,
  };
  for (const line of lines) {
    const [number, offset, size, etag] = line.split(' ');
    if (offset === 'void') upload.parts.delete(Number(number));
    else if (etag !== undefined) {
      upload.parts.set(Number(number), { offset: Number(offset), size: Number(size), etag });
      upload.largest = Math.max(upload.largest, Number(size));
    }
  }
  return upload;
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined; // Torn by a crash: the upload was never begun.
  }
}

export function gone(key: Key): FerryError {
  return new FerryError('not-found', { key, message: `the upload of ${JSON.stringify(key)} is gone` });
}
