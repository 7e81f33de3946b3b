import * as z from 'zod';
import { Problem } from './problem.ts';

/** Parameters of every list. */
export const PAGE = z.strictObject({
  cursor: z.string().max(4096).optional().describe('`next` of the page before; the first page where absent.'),
  limit: z.coerce.number().int().min(1).max(1000).default(100).describe('Most entries of the page.'),
});

/** A page of a list. */
export function pageOf<T extends z.ZodType>(item: T, about: string) {
  return z.object({
    items: z.array(item).describe(about),
    next: z.string().optional().describe('The cursor of the next page; absent on the last.'),
  });
}

/** What a list goes on from, opaque to clients. */
export function cursorOf(position: string): string {
  return Buffer.from(position, 'utf8').toString('base64url');
}

/** Throws `invalid-request` where it is none of ours. */
export function positionOf(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  if (cursorOf(text) !== cursor)
    throw new Problem('invalid-request', { faults: [{ pointer: 'cursor', detail: 'is no cursor of this list' }] });
  return text;
}

/** The same for lists whose positions are numbers from 0 on. */
export function numberOf(cursor: string | undefined): number | undefined {
  const position = positionOf(cursor);
  if (position === undefined) return undefined;
  const number = /^\d{1,15}$/.test(position) ? Number(position) : NaN;
  if (Number.isNaN(number))
    throw new Problem('invalid-request', { faults: [{ pointer: 'cursor', detail: 'is no cursor of this list' }] });
  return number;
}
