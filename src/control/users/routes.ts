/** Who may use the gateway. */
import * as z from 'zod';
import type { User } from '../../gateway/access/users.ts';
import type { UserRecord } from '../../state/control/user-book.ts';
import { Problem } from '../api/problem.ts';
import { NOTHING, ok, route, type Route } from '../api/route.ts';
import type { MadeUsers } from './made-users.ts';

const NAME = z.string().regex(/^[\w.@-]{1,64}$/, 'has 1 to 64 letters, digits and . _ - @');

const USER = z.object({
  name: z.string(),
  tenant: z.string().describe('Users of one tenant share its buckets.'),
  accessKeyId: z.string(),
  buckets: z
    .array(z.string())
    .optional()
    .describe('Those it may use, `*` for any end; all of the tenant where absent.'),
  readOnly: z.boolean(),
  source: z.enum(['configuration', 'api']).describe('Those of the configuration are changed there.'),
  createdAt: z.number().optional(),
});

/** `users` undefined: no gateway runs. */
export function userRoutes(users: MadeUsers | undefined): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/users',
      id: 'listUsers',
      tag: 'users',
      summary: 'The users of the gateway.',
      role: 'admin',
      answers: {
        200: {
          about: 'Those of the configuration first. Without their secrets.',
          schema: z.object({ items: z.array(USER) }),
        },
      },
      async handle() {
        if (users === undefined) return ok({ items: [] });
        return ok({ items: [...users.configured.map(configured), ...(await users.records()).map(made)] });
      },
    }),
    route({
      method: 'POST',
      path: '/v1/users',
      id: 'createUser',
      tag: 'users',
      summary: 'Make a user with a new pair of keys.',
      about: 'The gateway knows it when this is answered; those of other processes over the same state within seconds.',
      role: 'admin',
      secret: true,
      body: z.strictObject({
        name: NAME,
        tenant: NAME.optional().describe('The name of the user where absent.'),
        buckets: z.array(z.string().min(1).max(64)).max(1000).optional().describe('Those it may use, `*` for any end.'),
        readOnly: z.boolean().default(false),
      }),
      answers: {
        201: {
          about: 'The secret is shown this once.',
          schema: USER.extend({ secretAccessKey: z.string().describe('The secret.') }),
        },
      },
      problems: [409],
      async handle({ body: { name, tenant = name, buckets, readOnly } }) {
        if (users === undefined)
          throw new Problem('conflict', { detail: 'No gateway runs here that could have users' });
        if (users.isConfigured(name))
          throw new Problem('conflict', { detail: 'The configuration has a user of this name' });
        const { record, secret } = await users.add({ name, tenant, buckets, readOnly });
        const location = `/v1/users/${encodeURIComponent(name)}`;
        return { status: 201, json: { ...made(record), secretAccessKey: secret }, headers: ['Location', location] };
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/users/{name}',
      id: 'removeUser',
      tag: 'users',
      summary: 'Remove a user: its requests are refused from now on.',
      role: 'admin',
      params: z.object({ name: z.string() }),
      answers: { 204: { about: 'It is gone. Its buckets stay its tenant’s.' } },
      problems: [404, 409],
      async handle({ params: { name } }) {
        if (await users?.remove(name)) return NOTHING;
        if (users?.isConfigured(name) === true)
          throw new Problem('conflict', { detail: 'The user stands in the configuration, and is removed there' });
        throw new Problem('no-such-resource');
      },
    }),
  ];
}

function configured({ name, tenant, accessKeyId, buckets, readOnly }: User): z.output<typeof USER> {
  return { name, tenant, accessKeyId, buckets: buckets && [...buckets], readOnly, source: 'configuration' };
}

function made({ name, tenant, accessKeyId, buckets, readOnly, createdAt }: UserRecord): z.output<typeof USER> {
  return { name, tenant, accessKeyId, buckets: buckets && [...buckets], readOnly, source: 'api', createdAt };
}
