// Requests against what routes declare.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as z from 'zod';
import { entityTag, expectSeen } from '../../../src/control/api/entity-tag.ts';
import { Problem } from '../../../src/control/api/problem.ts';
import { NOTHING, ok, route, type Route } from '../../../src/control/api/route.ts';
import { FerryError } from '../../../src/model/errors.ts';
import { Controlled } from './controlled.ts';

let made = 0;
const thing = { name: 'a', size: 1 };
const ROUTES: readonly Route[] = [
  route({
    method: 'POST', path: '/v1/things', id: 'createThing', tag: 'things', summary: 'Make one.', role: 'operator',
    body: z.strictObject({ name: z.string().min(1), parts: z.array(z.object({ size: z.int().min(1) })).default([]) }),
    answers: { 201: { about: 'Made.' } },
    handle: async ({ body: { name } }) => {
      if (name === 'bad') throw new FerryError('no-such-bucket', { message: 'there is no bucket bad' });
      if (name === 'defect') throw new TypeError('secret detail');
      return { status: 201, json: { name, number: ++made } };
    },
  }),
  route({
    method: 'GET', path: '/v1/things/{name}', id: 'getThing', tag: 'things', summary: 'One.', role: 'viewer',
    params: z.object({ name: z.string() }),
    query: z.strictObject({ deep: z.enum(['yes', 'no']).default('no') }),
    answers: { 200: { about: 'It.' } },
    handle: async ({ params, query }) => ok({ ...params, ...query }, ['ETag', entityTag(thing)]),
  }),
  route({
    method: 'GET', path: '/v1/things/special', id: 'special', tag: 'things', summary: 'A word.', role: 'viewer',
    answers: { 200: { about: 'It.' } },
    handle: async () => ok({ special: true }),
  }),
  route({
    method: 'PUT', path: '/v1/things/{name}', id: 'putThing', tag: 'things', summary: 'Change.', role: 'operator',
    params: z.object({ name: z.string() }),
    answers: { 204: { about: 'Done.' } },
    handle: async ({ http }) => {
      expectSeen(http, thing);
      return NOTHING;
    },
  }),
]; // prettier-ignore

test('a body that is not as declared is refused, with a pointer to each place', async () => {
  await using server = await Controlled.start(ROUTES);
  const token = await server.token('operator');
  const { status, json, headers } = await server.ask('POST', '/v1/things', {
    token,
    json: { name: '', parts: [{ size: 1 }, { size: 0 }], more: 1 },
  });
  assert.equal(status, 400);
  assert.equal(headers.get('content-type'), 'application/problem+json');
  assert.deepEqual(json.errors.map(({ pointer }: { pointer: string }) => pointer).toSorted(), [
    '#',
    '#/name',
    '#/parts/1/size',
  ]);
  assert.ok(json.remedy.length > 10);
  assert.equal(
    (await server.ask('POST', '/v1/things', { token, body: '{', headers: { 'content-type': 'application/json' } }))
      .status,
    400,
  );
  assert.equal(
    (await server.ask('POST', '/v1/things', { token, body: 'name=a', headers: { 'content-type': 'text/plain' } }))
      .status,
    415,
  );
  const long = JSON.stringify({ name: 'x'.repeat(2 ** 20) });
  assert.equal(
    (await server.ask('POST', '/v1/things', { token, body: long, headers: { 'content-type': 'application/json' } }))
      .status,
    413,
  );
});

test('parameters are checked and decoded; unknown ones and doubles are refused', async () => {
  await using server = await Controlled.start(ROUTES);
  const token = await server.token('viewer');
  const ask = (path: string) => server.ask('GET', path, { token });
  assert.deepEqual((await ask('/v1/things/a%2Fb%20c?deep=yes')).json, { name: 'a/b c', deep: 'yes' });
  assert.deepEqual((await ask('/v1/things/special')).json, { special: true });
  assert.equal((await ask('/v1/things/a?deep=perhaps')).status, 400);
  assert.equal((await ask('/v1/things/a?deep=yes&deep=no')).status, 400);
  assert.equal((await ask('/v1/things/a?unknown=1')).status, 400);
  assert.equal((await ask('/v1/things/special?unknown=1')).status, 400);
  assert.equal((await ask('/v1/things/%ff')).status, 404);
  assert.equal((await ask('/v1/nothing')).status, 404);
  const refused = await server.ask('DELETE', '/v1/things/a', { token });
  assert.equal(refused.status, 405);
  assert.equal(refused.headers.get('allow'), 'GET,PUT');
});

test('the same request with the same key is carried out once', async () => {
  await using server = await Controlled.start(ROUTES);
  const token = await server.token('operator');
  const post = (name: string, key: string, who = token) =>
    server.ask('POST', '/v1/things', { token: who, json: { name }, headers: { 'idempotency-key': key } });
  const first = await post('a', 'k');
  const again = await post('a', 'k');
  assert.deepEqual(again.json, first.json);
  assert.equal(again.headers.get('idempotency-replayed'), 'true');
  assert.equal((await post('b', 'k')).status, 422);
  assert.notEqual((await post('a', 'other')).json.number, first.json.number);
  const another = await server.token('operator', 'another');
  assert.notEqual((await post('a', 'k', another)).json.number, first.json.number, 'keys are each token’s own');
  assert.equal((await post('bad', 'failing')).status, 502);
  assert.equal((await post('bad', 'failing')).headers.get('idempotency-replayed'), null, 'a failure is tried again');
});

test('what a store refused is told with its code and remedy; a defect tells nothing of itself', async () => {
  await using server = await Controlled.start(ROUTES);
  const token = await server.token('operator');
  const refused = await server.ask('POST', '/v1/things', { token, json: { name: 'bad' } });
  assert.deepEqual([refused.json.code, refused.json.detail], ['no-such-bucket', 'there is no bucket bad']);
  const broken = await server.ask('POST', '/v1/things', { token, json: { name: 'defect' } });
  assert.equal(broken.status, 500);
  assert.ok(!JSON.stringify(broken.json).includes('secret detail'));
  assert.equal(server.defects.length, 1);
});

test('a change has to say what it changes', async () => {
  await using server = await Controlled.start(ROUTES);
  const token = await server.token('operator');
  const etag = (await server.ask('GET', '/v1/things/a', { token })).headers.get('etag')!;
  const put = (headers: Record<string, string>) => server.ask('PUT', '/v1/things/a', { token, headers });
  assert.equal((await put({})).status, 428);
  assert.equal((await put({ 'if-match': '"old"' })).status, 412);
  assert.equal((await put({ 'if-match': etag })).status, 204);
});

test('the document names every route, its role, parameters and problems', async () => {
  await using server = await Controlled.start(ROUTES);
  const document = (await server.ask('GET', '/v1/openapi.json')).json;
  assert.equal(document.openapi, '3.1.0');
  const get = document.paths['/v1/things/{name}'].get;
  assert.deepEqual(
    get.parameters.map((each: { name: string; in: string }) => `${each.in} ${each.name}`),
    ['path name', 'query deep'],
  );
  assert.equal(get['x-role'], 'viewer');
  const post = document.paths['/v1/things'].post;
  assert.ok(post.requestBody.content['application/json'].schema.properties.parts);
  assert.ok(post.responses['401'] && post.responses['400']);
  for (const path of ['/v1/session', '/v1/tokens/{id}', '/v1/audit', '/v1/live']) assert.ok(document.paths[path], path);
});

test('where the audit log cannot be written, what was done is not called refused, and what was refused says why', async () => {
  const act = (id: string, handle: Route['handle']): Route =>
    route({ method: 'POST', path: `/v1/${id}`, id, tag: 'x', summary: 'x', role: 'operator', answers: {}, handle });
  await using server = await Controlled.start([
    act('done', async () => ({ status: 204 })),
    act('refused', async () => {
      throw new Problem('conflict', { detail: 'not now' });
    }),
  ]);
  const token = await server.token('operator');
  const written: string[] = [];
  server.state.audit.add = async ({ outcome }) => {
    written.push(outcome);
    throw new FerryError('disk-full', { message: 'no space is left' });
  };
  const done = await server.ask('POST', '/v1/done', { token });
  assert.deepEqual([done.status, done.json.code], [507, 'disk-full']);
  const refused = await server.ask('POST', '/v1/refused', { token });
  assert.deepEqual([refused.status, refused.json.detail], [409, 'not now']);
  assert.deepEqual(written, ['204', 'conflict']);
});
