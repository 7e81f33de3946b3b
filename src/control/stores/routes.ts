import * as z from 'zod';
import { INPUT } from '../../config/check.ts';
import { below } from '../../config/named-store.ts';
import type { Secret } from '../../model/secret.ts';
import { redactText } from '../../observe/redact.ts';
import type { StoreRecord } from '../../state/control/store-book.ts';
import type { StoreDriver } from '../../store/registry.ts';
import { entityTag, expectSeen } from '../api/entity-tag.ts';
import { cursorOf, PAGE, pageOf, positionOf } from '../api/page.ts';
import { Problem } from '../api/problem.ts';
import { NOTHING, ok, route, type ApiAnswer, type Route } from '../api/route.ts';
import { probeStore, type ProbeContext, type Tested } from './probe.ts';
import { HIDDEN, type RegisteredStores } from './registered-stores.ts';

export interface StoreRoutesContext {
  readonly stores: RegisteredStores;
  readonly open: ProbeContext['open'];
  /** From now on these are kept out of the log. */
  readonly conceal: (secrets: Iterable<Secret>) => void;
}

const NAME = z.string().regex(/^[A-Za-z0-9._-]{1,128}$/, 'has 1 to 128 of the characters A-Z a-z 0-9 . _ -');

const WANTED = z.strictObject({
  type: z.string().describe('A store type; /v1/store-types has them.'),
  path: z.string().default('').describe('Prefix or directory inside the store.'),
  options: z
    .record(z.string(), z.unknown())
    .default({})
    .describe('As the type has them. A secret that is given as `***` stays what it was.'),
});

const CHECK = z.object({
  name: z.string(),
  ok: z.union([z.boolean(), z.literal('skipped')]),
  detail: z.string(),
  remedy: z.string().optional(),
  milliseconds: z.number(),
});

const TESTED = z.object({
  at: z.number(),
  ok: z.boolean(),
  checks: z.array(CHECK),
  capabilities: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('What the store can do: declared, and measured on a scratch object.'),
});

const STORE = z.object({
  name: z.string(),
  type: z.string(),
  path: z.string(),
  options: z.record(z.string(), z.unknown()).describe('Secrets are `***`.'),
  createdAt: z.number(),
  tested: TESTED.optional().describe('The last test; absent after a change.'),
});

const STORE_TYPE = z.object({
  type: z.string(),
  aliases: z.array(z.string()),
  title: z.string(),
  roles: z.object({ source: z.boolean(), destination: z.boolean() }),
  secrets: z.array(z.string()).describe('Options that are never told.'),
  options: z.record(z.string(), z.unknown()).describe('JSON schema.'),
});

const USE = z.strictObject({
  use: z
    .enum(['source', 'destination', 'both'])
    .default('both')
    .describe('As what it is tried. As a destination a scratch object is written and removed.'),
});

const USE_BELOW = USE.extend({
  path: z.string().max(4096).optional().describe('Below its own, as a task has it; then nothing is remembered.'),
});

const NAMED = z.object({ name: z.string() });

export function storeRoutes(context: StoreRoutesContext): readonly Route[] {
  const { stores } = context;
  return [
    route({
      method: 'GET',
      path: '/v1/store-types',
      id: 'listStoreTypes',
      tag: 'stores',
      summary: 'The types of stores there are, with the options of each.',
      role: 'viewer',
      answers: { 200: { about: 'All of them.', schema: z.object({ items: z.array(STORE_TYPE) }) } },
      handle: async () => ok({ items: stores.registry.drivers.map(typeOf) }),
    }),
    route({
      method: 'GET',
      path: '/v1/stores',
      id: 'listStores',
      tag: 'stores',
      summary: 'Registered stores, in order of name.',
      role: 'viewer',
      query: PAGE,
      answers: { 200: { about: 'A page.', schema: pageOf(STORE, 'Stores.') } },
      async handle({ query: { cursor, limit } }) {
        const page = await stores.book.stores({ after: positionOf(cursor), limit: limit + 1 });
        const items = page.slice(0, limit);
        return ok({ items: items.map(told), next: page.length > limit ? cursorOf(items.at(-1)!.name) : undefined });
      },
    }),
    route({
      method: 'POST',
      path: '/v1/stores',
      id: 'createStore',
      tag: 'stores',
      summary: 'Register a store under a name.',
      about: 'Options are checked; the store itself is not asked (/v1/stores/test does). Secrets are kept encrypted.',
      role: 'operator',
      body: WANTED.extend({ name: NAME }),
      answers: { 201: { about: 'It is registered.', schema: STORE } },
      problems: [409],
      async handle({ body: { name, ...wanted } }) {
        await stores.create(name, wanted);
        return await answer(stores, name, 201);
      },
    }),
    route({
      method: 'POST',
      path: '/v1/stores/test',
      id: 'testUnregisteredStore',
      heavy: true,
      tag: 'stores',
      summary: 'Try a store without registering it.',
      role: 'operator',
      secret: true,
      query: USE,
      body: WANTED.extend({ name: NAME.optional() }),
      answers: { 200: { about: 'What was found.', schema: TESTED } },
      handle: async ({ body, query: { use }, signal }) => ok(await tryStore(context, body, use, signal)),
    }),
    route({
      method: 'GET',
      path: '/v1/stores/{name}',
      id: 'getStore',
      tag: 'stores',
      summary: 'A registered store.',
      role: 'viewer',
      params: NAMED,
      answers: { 200: { about: 'With its ETag.', schema: STORE } },
      problems: [404],
      handle: async ({ params: { name } }) => await answer(stores, name, 200),
    }),
    route({
      method: 'PUT',
      path: '/v1/stores/{name}',
      id: 'replaceStore',
      tag: 'stores',
      summary: 'Change a registered store. Tasks that name it use it as it is when they start.',
      role: 'admin',
      params: NAMED,
      // Who sends back what was read sends more than may be changed.
      body: WANTED.extend({
        name: z.string().optional(),
        createdAt: z.number().optional(),
        tested: z.unknown().optional(),
      }),
      answers: { 200: { about: 'It is changed.', schema: STORE } },
      problems: [404, 412, 428],
      async handle({ params: { name }, body: { type, path, options }, http }) {
        const old = await found(stores, name);
        expectSeen(http, versioned(old));
        await stores.replace(old, { type, path, options });
        return await answer(stores, name, 200);
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/stores/{name}',
      id: 'removeStore',
      tag: 'stores',
      summary: 'Forget a registered store. Its objects stay; tasks that name it run no more.',
      role: 'admin',
      params: NAMED,
      answers: { 204: { about: 'It is forgotten.' } },
      problems: [404, 412, 428],
      async handle({ params: { name }, http }) {
        const old = await found(stores, name);
        expectSeen(http, versioned(old));
        if (!(await stores.book.remove(name, old.version))) throw new Problem('changed-meanwhile');
        return NOTHING;
      },
    }),
    route({
      method: 'POST',
      path: '/v1/stores/{name}/test',
      id: 'testStore',
      heavy: true,
      tag: 'stores',
      summary: 'Try a registered store, and remember what was found.',
      role: 'operator',
      params: NAMED,
      query: USE_BELOW,
      answers: { 200: { about: 'What was found.', schema: TESTED } },
      problems: [404],
      async handle({ params: { name }, query: { use, path = '' }, signal }) {
        await found(stores, name);
        const store = await stores.named(name);
        const result = await tryStore(context, { ...store, path: below(store.path, path) }, use, signal);
        if (path === '') await stores.book.setTested(name, result);
        return ok(result);
      },
    }),
  ];
}

async function tryStore(
  { stores, open, conceal }: StoreRoutesContext,
  wanted: Parameters<RegisteredStores['endpoint']>[0],
  use: z.output<typeof USE>['use'],
  signal: AbortSignal,
): Promise<Tested> {
  const secrets: Secret[] = [];
  const endpoint = stores.endpoint(wanted, secrets);
  conceal(secrets);
  const { driver } = stores.checked(wanted);
  return withoutSecrets(await probeStore({ open, now: stores.now }, endpoint, driver, use, signal), secrets);
}

/** A service may answer with what it was sent. */
function withoutSecrets(result: Tested, secrets: readonly Secret[]): Tested {
  const hide = (text: string): string =>
    secrets.reduce((rest, secret) => (secret.reveal().length < 4 ? rest : rest.replaceAll(secret.reveal(), HIDDEN)), text); // prettier-ignore
  const checks = result.checks.map((check) => ({
    ...check,
    detail: hide(redactText(check.detail)),
    remedy: check.remedy && hide(check.remedy),
  }));
  return { ...result, checks };
}

async function found(stores: RegisteredStores, name: string): Promise<StoreRecord> {
  const record = await stores.book.store(name);
  if (record === undefined) throw new Problem('no-such-resource', { detail: `There is no registered store "${name}"` });
  return record;
}

async function answer(stores: RegisteredStores, name: string, status: number): Promise<ApiAnswer> {
  const record = await found(stores, name);
  const headers = ['ETag', entityTag(versioned(record))];
  if (status === 201) headers.push('Location', `/v1/stores/${name}`);
  return { status, json: told(record), headers };
}

/** What the ETag is of: a new secret changes it, a test does not. */
function versioned({ name, version, createdAt }: StoreRecord): unknown {
  return { name, version, createdAt };
}

function told({ name, type, path, options, secrets, createdAt, tested }: StoreRecord): unknown {
  const hidden = Object.fromEntries(Object.keys(secrets).map((option) => [option, HIDDEN]));
  return { name, type, path, options: { ...options, ...hidden }, createdAt, tested };
}

function typeOf(driver: StoreDriver): z.output<typeof STORE_TYPE> {
  const { type, aliases, summary, roles, secrets } = driver;
  const { $schema: _, ...options } = z.toJSONSchema(driver.options, INPUT);
  return { type, aliases: [...aliases], title: summary, roles, secrets: [...secrets], options };
}
