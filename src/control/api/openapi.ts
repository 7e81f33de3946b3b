/** The OpenAPI 3.1 document, made of the declarations that requests are checked by. */
import * as z from 'zod';
import type { AnswerDeclaration, Route } from './route.ts';
import { mayRepeat } from './router.ts';

type Json = Record<string, unknown>;

const PROBLEM = z
  .object({
    type: z.string().describe('`urn:ferry:problem:CODE`.'),
    title: z.string().describe('What happened, the same for every problem of its code.'),
    status: z.int(),
    detail: z.string().optional().describe('What happened this time.'),
    code: z.string(),
    remedy: z.string().describe('What to do about it.'),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
    requestId: z.string().optional().describe('Tells requests apart in logs.'),
  })
  .describe('Problem details (RFC 9457).');

export function openApi(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = operation(route);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Ferry',
      version,
      description: 'Moves object stores while they are in use. Errors are problem details with a code and a remedy.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'A token made by `ferry token create`.' },
        session: { type: 'apiKey', in: 'cookie', name: 'ferry_session', description: 'A session of the console.' },
      },
      schemas: { Problem: schemaOf(PROBLEM, 'output') },
      responses: {
        Problem: {
          description: 'It was not done; the document says why, and what to do.',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
    },
  };
}

function operation(route: Route): Json {
  const { body, answers, problems = [] } = route;
  const own = Object.entries(answers).map(([status, answer]) => [status, responseOf(answer)] as const);
  const wrong = new Set([
    400,
    ...(route.role === 'anybody' ? [] : [401, 403, 429]),
    ...(route.params === undefined ? [] : [404]),
    ...(body === undefined ? [] : [408, 413]),
    ...(body === undefined || route.streamed === true ? [] : [415]),
    ...(mayRepeat(route) ? [409, 422] : []),
    ...(route.heavy === true ? [429] : []),
    ...problems,
  ]);
  return {
    operationId: route.id,
    tags: [route.tag],
    summary: route.summary,
    ...(route.about === undefined ? {} : { description: route.about }),
    ...(route.role === 'anybody' ? { security: [] } : { security: [{ token: [] }, { session: [] }] }),
    'x-role': route.role,
    parameters: parametersOf(route),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: route.optionalBody !== true,
            content: { 'application/json': { schema: schemaOf(body, 'input') } },
          },
        }),
    responses: Object.fromEntries([
      ...own,
      ...[...wrong].map((status) => [String(status), { $ref: '#/components/responses/Problem' }] as const),
    ]),
  };
}

function responseOf({ about, schema, type = 'application/json' }: AnswerDeclaration): Json {
  if (schema === undefined && type === 'application/json') return { description: about };
  const content = schema === undefined ? {} : { schema: schemaOf(schema, 'output') };
  return { description: about, content: { [type]: content } };
}

function parametersOf(route: Route): Json[] {
  const { path, params, query } = route;
  const found: Json[] = [];
  const inPath = properties(params);
  for (const [, name] of path.matchAll(/\{(\w+)\}/g))
    found.push({ name, in: 'path', required: true, ...described(inPath.of[name!] ?? { type: 'string' }) });
  const inQuery = properties(query);
  for (const [name, schema] of Object.entries(inQuery.of))
    found.push({ name, in: 'query', required: inQuery.required.includes(name), ...described(schema) });
  if (mayRepeat(route))
    found.push({
      name: 'Idempotency-Key',
      in: 'header',
      required: false,
      description: 'Any text of your own: the same request with the same key is carried out once.',
      schema: { type: 'string', maxLength: 255 },
    });
  return found;
}

function described(schema: Json): Json {
  const { description, ...rest } = schema;
  return description === undefined ? { schema: rest } : { description, schema: rest };
}

function properties(schema: z.ZodType | undefined): { of: Record<string, Json>; required: readonly string[] } {
  if (schema === undefined) return { of: {}, required: [] };
  const json = schemaOf(schema, 'input');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what `toJSONSchema` makes of an object.
  return { of: (json['properties'] ?? {}) as Record<string, Json>, required: (json['required'] ?? []) as string[] };
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { target: 'draft-2020-12', io, unrepresentable: 'any' });
  return json;
}
