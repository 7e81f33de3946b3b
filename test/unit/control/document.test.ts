// What comes back is what the document says: its statuses and its fields, and no others.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as z from 'zod';
import type { Reply } from './controlled.ts';
import { RunningFerry } from './running.ts';

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { schema?: z.core.JSONSchema.JSONSchema }>> }>
  >;
}

type Paths = Readonly<Record<string, Readonly<Record<string, Operation | undefined>>>>;

class Witness {
  readonly asked = new Set<string>();
  readonly #ferry: RunningFerry;
  readonly #paths: Paths;

  constructor(ferry: RunningFerry, paths: Paths) {
    this.#ferry = ferry;
    this.#paths = paths;
  }

  /** `name` stands for whatever the template leaves open. */
  async ask(
    method: string,
    template: string,
    { name = '', json, headers = {} }: { name?: string; json?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Reply> {
    const answer = await this.#ferry.ask(method, template.replace(/\{\w+\}/, name), { json, headers });
    const { operationId, responses } = this.#paths[template]![method.toLowerCase()]!;
    this.asked.add(operationId);
    const told = `${operationId}: ${answer.status} ${JSON.stringify(answer.json).slice(0, 600)}`;
    assert.ok(answer.status < 300, told);
    const schema = responses[answer.status]?.content?.['application/json']?.schema;
    assert.ok(responses[answer.status] !== undefined, `no such status: ${told}`);
    const { error } = schema === undefined ? {} : z.fromJSONSchema(schema).safeParse(answer.json);
    assert.equal(error && z.prettifyError(error), undefined, told);
    return answer;
  }

  /** What needs nothing, and was not asked yet. */
  async askTheRest(): Promise<void> {
    for (const [template, { get }] of Object.entries(this.#paths))
      if (get && !template.includes('{') && template !== '/v1/live' && !this.asked.has(get.operationId))
        await this.ask('GET', template);
  }
}

test('answers have the statuses and the fields of the document, and no others', async () => {
  await using ferry = await RunningFerry.start();
  const witness = new Witness(ferry, (await ferry.ask('GET', '/v1/openapi.json')).json.paths);
  const ask = witness.ask.bind(witness);
  const memory = (name: string): object => ({ type: 'memory', options: { name } });
  const task = { type: 'copy', source: memory('a'), destination: memory('b') };

  await ask('POST', '/v1/tasks', { json: { name: 't', start: true, ...task } });
  await ferry.until('ran', '/v1/tasks/t', ({ state }) => state === 'finished');
  await ask('POST', '/v1/tasks/plan', { json: task });
  await ask('POST', '/v1/tasks/check', { json: task });
  const name = 't';
  await ask('PATCH', '/v1/tasks/{name}', { name, json: { priority: 7 } });
  const limits = { concurrency: 3, bandwidth: 'Mon-08:00,1MiB', objectsPerSecond: null };
  await ask('PATCH', '/v1/tasks/{name}/limits', { name, json: limits });
  await ask('POST', '/v1/tasks/{name}/verify', { name });
  await ferry.until('verified', '/v1/tasks/t', ({ last }) => last?.what === 'verify');
  for (const below of ['', '/ranges', '/series', '/failures', '/failure-groups', '/files', '/log', '/reports'])
    await ask('GET', `/v1/tasks/{name}${below}`, { name });

  for (const store of ['s', 'd']) await ask('POST', '/v1/stores', { json: { name: store, ...memory(store) } });
  await ask('POST', '/v1/stores/test', { json: memory('s') });
  await ask('POST', '/v1/stores/{name}/test', { name: 's' });
  await ask('GET', '/v1/stores/{name}', { name: 's' });

  const window = { from: '01:00', to: '05:00' };
  const schedule = await ask('POST', '/v1/schedules', { json: { task: 't', cron: '0 3 * * *', window } });
  await ask('GET', '/v1/schedules/{id}', { name: schedule.json.id });
  const source = { name: 'e', kind: 'http', source: 's', destination: 'd', secret: '0123456789abcdef' };
  await ask('POST', '/v1/event-sources', { json: source });
  await ask('POST', '/v1/event-sources/{name}/reconcile', { name: 'e' });
  await ask('GET', '/v1/event-sources/{name}', { name: 'e' });
  const list = { 'target-type': 'memory', 'target-bucket': 'd', 'origin-files': ['http://a.test/1'] };
  const job = await ask('PUT', '/jobs', { json: list });
  await ask('GET', '/v1/jobs/{id}', { name: job.json.id });
  await ask('GET', '/v1/jobs/{id}/files', { name: job.json.id });

  const { headers } = await ask('GET', '/v1/limits');
  const timetable = { bandwidth: '08:00,10MiB 19:00,off' };
  await ask('PUT', '/v1/limits', { json: timetable, headers: { 'if-match': headers.get('etag')! } });
  await ask('POST', '/v1/users', { json: { name: 'u', tenant: 'acme' } });
  await ask('POST', '/v1/tokens', { json: { name: 'x', role: 'viewer', days: 3 } });
  await ask('POST', '/v1/migrations/{name}/start', { name: 'photos' });
  await ask('GET', '/v1/migrations/{name}', { name: 'photos' });
  await ask('POST', '/v1/mirrors/{bucket}/warm', { name: 'site', json: {} });
  await ask('GET', '/v1/mirrors/{bucket}', { name: 'site' });
  await witness.askTheRest();
  assert.ok(witness.asked.size > 40, [...witness.asked].join());
});
