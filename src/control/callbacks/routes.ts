import * as z from 'zod';
import type { CallbackBook, Delivery } from '../../state/control/callback-book.ts';
import { cursorOf, numberOf, PAGE, pageOf } from '../api/page.ts';
import { Problem } from '../api/problem.ts';
import { ok, route, type Route } from '../api/route.ts';
import type { CallbackSender } from './sender.ts';

const DELIVERY = z
  .object({
    id: z.int().describe('Also sent, as `Ferry-Delivery`.'),
    subject: z.string().describe('Id of the job.'),
    event: z.string(),
    url: z.string().describe('Without its query.'),
    state: z.enum(['waiting', 'delivered', 'failed']),
    createdAt: z.number(),
    nextAt: z.number().optional().describe('When it is tried next.'),
    tries: z.int(),
    attempts: z
      .array(
        z.object({
          at: z.number(),
          milliseconds: z.number(),
          status: z.int().optional(),
          error: z.string().optional(),
        }),
      )
      .describe('The last ones, oldest first.'),
  })
  .describe('A message to a callback URL.');

const BY_ID = z.object({ id: z.coerce.number().int().min(1).describe('Id of the delivery.') });

export interface CallbackRoutesContext {
  readonly book: CallbackBook;
  readonly sender: CallbackSender;
  readonly now: () => number;
}

export function callbackRoutes({ book, sender, now }: CallbackRoutesContext): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/callbacks/deliveries',
      id: 'listDeliveries',
      tag: 'callbacks',
      summary: 'Messages to callback URLs, newest first, with their attempts.',
      role: 'viewer',
      query: PAGE.extend({
        state: z.enum(['waiting', 'delivered', 'failed']).optional().describe('Only those in this state.'),
        subject: z.string().max(128).optional().describe('Only those of this job.'),
      }),
      answers: { 200: { about: 'A page of them.', schema: pageOf(DELIVERY, 'Deliveries.') } },
      async handle({ query: { cursor, limit, state, subject } }) {
        const page = await book.deliveries({ before: numberOf(cursor), limit, state, subject });
        const last = page.length === limit ? page.at(-1) : undefined;
        return ok({ items: page.map(deliveryJson), next: last && cursorOf(String(last.id)) });
      },
    }),
    route({
      method: 'POST',
      path: '/v1/callbacks/deliveries/{id}/redeliver',
      id: 'redeliver',
      tag: 'callbacks',
      summary: 'Send a message again, delivered or not.',
      role: 'operator',
      params: BY_ID,
      answers: { 202: { about: 'It is sent now.', schema: DELIVERY } },
      problems: [404],
      async handle({ params: { id } }) {
        if (!(await book.again(id, now()))) throw new Problem('no-such-resource');
        sender.wake();
        return { status: 202, json: deliveryJson((await book.delivery(id))!) };
      },
    }),
  ];
}

function deliveryJson(delivery: Delivery): z.output<typeof DELIVERY> {
  const { id, subject, event, url, state, createdAt, nextAt, tries, attempts } = delivery;
  return { id, subject, event, url: withoutQuery(url), state, createdAt, nextAt, tries, attempts: [...attempts] };
}

/** A query may hold what is secret. */
export function withoutQuery(href: string): string {
  const url = new URL(href);
  return `${url.origin}${url.pathname}${url.search === '' ? '' : '?…'}`;
}
