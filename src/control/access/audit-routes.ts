import * as z from 'zod';
import type { AuditBook } from '../../state/control/audit-book.ts';
import { cursorOf, PAGE, pageOf, positionOf } from '../api/page.ts';
import { ok, route, type Route } from '../api/route.ts';
import { ROLES } from './role.ts';

const ENTRY = z.object({
  id: z.int(),
  at: z.number().describe('Milliseconds since the epoch.'),
  who: z.string().describe('Name of the token.'),
  role: z.enum(ROLES),
  from: z.string().describe('Address of the client.'),
  action: z.string().describe('The `operationId` of this document.'),
  subject: z.string().describe('What it was done to.'),
  outcome: z.string().describe('Status of the answer, or code of the problem.'),
});

export function auditRoutes(book: AuditBook): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/audit',
      id: 'listAudit',
      tag: 'access',
      summary: 'Who did what, newest first.',
      role: 'admin',
      query: PAGE,
      answers: { 200: { about: 'A page.', schema: pageOf(ENTRY, 'Newest first.') } },
      async handle({ query: { cursor, limit } }) {
        const position = positionOf(cursor);
        const before = position === undefined ? undefined : Number(position);
        const items = await book.entries({ before, limit });
        return ok({ items, next: items.length < limit ? undefined : cursorOf(String(items.at(-1)!.id)) });
      },
    }),
  ];
}
