// Jobs as people give them: a list of URLs, whatever its length, is copied to the end, through kill -9 and failures.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ControlServer, type Answered } from './control-server.ts';

async function httpServer(
  listener: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((request, response) => void listener(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
  return text;
}

async function withTarget(server: ControlServer, name = 'photos'): Promise<string> {
  const path = join(server.ferry.dir, 'to', name);
  const made = await server.ask('POST', '/v1/stores', { name, type: 'file', path, options: {} });
  assert.equal(made.status, 201, JSON.stringify(made.json));
  return path;
}

const FIELDS = { 'target-type': 'file', 'target-bucket': 'photos' };

test('a job copies its URLs, tells of each, tries again what failed, and calls back with signatures', async () => {
  let broken = true;
  await using origin = await httpServer((request, response) => {
    if (request.url!.startsWith('/bad') && broken) response.writeHead(403).end();
    else response.end(request.method === 'HEAD' ? '' : `body of ${request.url}`);
  });
  const calls: { event: string; body: string; signature: string }[] = [];
  let refusals = 1;
  await using listener = await httpServer(async (request, response) => {
    const { 'ferry-event': event, 'ferry-signature': signature } = request.headers;
    calls.push({ body: await bodyOf(request), event: String(event), signature: String(signature) });
    response.writeHead(refusals-- > 0 ? 500 : 204).end();
  });
  using server = await ControlServer.start({ allow_private_origins: true });
  const path = await withTarget(server);
  const names = ['a', 'deep/b%20c', 'bad', 'a'];
  const put = await server.ask('PUT', '/jobs', {
    ...FIELDS,
    'origin-files': names.map((name) => `${origin.url}/${name}${name === 'bad' ? '?signature=secret' : ''}`),
    'callback-url': `${listener.url}/hook?token=hidden`,
  });
  assert.equal(put.status, 200, JSON.stringify(put.json));
  const { id } = put.json;
  const one = `/v1/jobs/${id}`;
  const ended = await server.until(one, ({ state }) => state === 'finished');
  assert.deepEqual([ended.complete, ended.counts], [false, { files: 4, objects: 3, copied: 2, bytes: 29, failed: 1, waiting: 0 }]); // prettier-ignore
  const files = await server.ask('GET', `${one}/files?limit=2`);
  assert.deepEqual(files.json.items.map(({ key, state }: { key: string; state: string }) => [key, state]), [['a', 'copied'], ['deep/b c', 'copied']]); // prettier-ignore
  const rest = await server.ask('GET', `${one}/files?limit=2&cursor=${files.json.next}`);
  assert.deepEqual(rest.json.items.map(({ key, state }: { key: string; state: string }) => [key, state]), [['bad', 'failed'], ['a', 'copied']]); // prettier-ignore
  assert.equal(rest.json.next, undefined);
  const failed = await server.ask('GET', `${one}/files?state=failed`);
  assert.deepEqual(
    failed.json.items.map(({ error }: { error: { code: string } }) => error.code),
    ['access-denied'],
  );
  assert.equal(failed.json.items[0].url, `${origin.url}/bad?…`);

  broken = false;
  assert.equal((await server.ask('POST', `${one}/retry`)).status, 202);
  const complete = await server.until(one, ({ state, complete: whole }) => state === 'finished' && whole);
  assert.deepEqual([complete.counts.copied, complete.counts.failed], [3, 0]);
  assert.equal(readFileSync(join(path, 'deep/b c'), 'utf8'), 'body of /deep/b%20c');
  assert.equal(readFileSync(join(path, 'bad'), 'utf8'), 'body of /bad?signature=secret');

  const delivered = '/v1/callbacks/deliveries?subject=' + id;
  const settled = await server.until(delivered, ({ items }) => items.length >= 3 && items.every(({ state }: { state: string }) => state === 'delivered')); // prettier-ignore
  const [last] = settled.items;
  const retried = settled.items.find(({ tries }: { tries: number }) => tries === 2);
  assert.deepEqual(
    retried.attempts.map(({ status }: { status: number }) => status),
    [500, 204],
  );
  assert.deepEqual([last.event, last.url], ['job.ended', `${listener.url}/hook?…`]);
  const secret = readFileSync(join(server.ferry.home, 'callback.secret'), 'utf8').trim();
  for (const { body, signature } of calls) {
    const [, t, v1] = /^t=(\d+),v1=(.*)$/.exec(signature)!;
    assert.equal(createHmac('sha256', secret).update(`${t}.${body}`).digest('hex'), v1);
  }
  const events = new Set(calls.map(({ event }) => event));
  assert.ok(events.has('job.started') && events.has('job.ended'), [...events].join());
  const before = calls.length;
  assert.equal((await server.ask('POST', `/v1/callbacks/deliveries/${last.id}/redeliver`)).status, 202);
  await server.until(delivered, ({ items }) => items[0].tries === 2);
  assert.equal(calls.length, before + 1);
  assert.ok(!server.log().includes('signature=secret') && !server.log().includes('token=hidden'));
});

test('of a thousand jobs each that was accepted is done, and told of once, whenever the server is killed', { timeout: 120_000 }, async () => {
  const COUNT = 1000;
  const AT_ONCE = 16;
  const KILLS = 3;
  let reads = 0;
  await using origin = await httpServer((request, response) => {
    if (request.method === 'GET') reads++;
    const body = `body of ${request.url}`;
    response.setHeader('content-length', body.length).end(request.method === 'HEAD' ? undefined : body);
  });
  const ends = new Map<string, Set<string>>();
  await using listener = await httpServer(async (request, response) => {
    const { id } = JSON.parse(await bodyOf(request)).job;
    const { 'ferry-event': event, 'ferry-delivery': delivery } = request.headers;
    if (event === 'job.ended') ends.set(id, (ends.get(id) ?? new Set()).add(String(delivery)));
    response.writeHead(204).end();
  });
  using server = await ControlServer.start({ allow_private_origins: true, tasks_at_once: AT_ONCE });
  const path = await withTarget(server);
  const accepted = new Map<string, number>();
  /** What was cut off: it may have been accepted, and nobody was told. */
  const unanswered = new Set<number>();
  let next = 0;
  let up = Promise.resolve();
  const client = async (): Promise<void> => {
    while (next < COUNT) {
      const number = next++;
      const files = Array.from({ length: 1 + (number % 2) }, (_, i) => `${origin.url}/${number}/${i}`);
      const job = { ...FIELDS, 'origin-files': files, 'callback-url': listener.url };
      for (let id: string | undefined; id === undefined;) {
        await up;
        const put = await server.ask('PUT', '/jobs', job).catch(() => void unanswered.add(number));
        if (put === undefined) continue;
        // The end of the server that was there is no answer either.
        assert.equal(put.status, 200, JSON.stringify(put.json));
        id = String(put.json.id);
        assert.ok(!accepted.has(id), 'no id twice');
        accepted.set(id, number);
      }
    }
  };
  const clients = Promise.all(Array.from({ length: 8 }, client));
  for (const [accepting, ended] of [[200, 0], [600, 0], [COUNT, COUNT / 2]] as const) {
    for (const end = Date.now() + 60_000; accepted.size < accepting || ends.size < ended; await sleep(5))
      assert.ok(Date.now() < end, `${accepted.size} accepted, ${ends.size} ended`);
    const killed = server.kill();
    up = killed.then(() => server.start());
    await up;
  }
  await clients;
  await server.until('/v1/jobs?state=running&limit=1', ({ items }) => items.length === 0);
  await server.until('/v1/jobs?state=accepted&limit=1', ({ items }) => items.length === 0);

  // Every page of what is told, newest first.
  const all = async (list: string): Promise<Answered['json'][]> => {
    const found = [];
    for (let cursor = ''; ;) {
      const { json } = await server.ask('GET', `${list}${list.includes('?') ? '&' : '?'}limit=1000${cursor}`);
      found.push(...json.items);
      if (json.next === undefined) return found;
      cursor = `&cursor=${json.next}`;
    }
  };
  const jobs = await all('/v1/jobs');
  for (const job of jobs) {
    const { state, complete, counts } = job;
    assert.deepEqual([state, complete, counts.copied, counts.waiting, counts.failed], ['finished', true, counts.objects, 0, 0], JSON.stringify(job)); // prettier-ignore
  }
  const ids = new Set(jobs.map(({ id }) => String(id)));
  assert.equal(ids.size, jobs.length);
  assert.deepEqual([...accepted.keys()].filter((id) => !ids.has(id)), [], 'nothing that was accepted is lost');
  assert.ok(jobs.length <= COUNT + unanswered.size, `${jobs.length} jobs, ${unanswered.size} without an answer`);
  for (const end = Date.now() + 30_000; [...ids].some((id) => !ends.has(id)); await sleep(20))
    assert.ok(Date.now() < end, 'an end was not told');
  for (const [id, deliveries] of ends) assert.equal(deliveries.size, 1, `${id} ended ${deliveries.size} times`);

  // What was under way at a kill is fetched again, and what a job fetches that was accepted though nobody was told.
  const again = KILLS * AT_ONCE * 2 + (jobs.length - COUNT) * 2;
  assert.ok(reads <= COUNT + COUNT / 2 + again, `${reads} reads of ${COUNT + COUNT / 2} files`);
  // What was being written when the process died may still lie there, under a name that is no object's.
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  const objects = files.filter(({ name }) => !name.startsWith('.ferry-tmp-'));
  assert.equal(objects.length, COUNT + COUNT / 2);
  for (const { parentPath, name } of objects)
    assert.equal(readFileSync(join(parentPath, name), 'utf8'), `body of ${join(parentPath, name).slice(path.length)}`);
}); // prettier-ignore

test('a million URLs are accepted without holding them', { timeout: 240_000 }, async () => {
  using server = await ControlServer.start({ allow_private_origins: true });
  await withTarget(server);
  const COUNT = 1_000_000;
  async function* body(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('{"target-type":"file","target-bucket":"photos","origin-files":[');
    for (let i = 0; i < COUNT; i += 1000)
      yield Buffer.from(
        (i === 0 ? '' : ',') +
          Array.from(
            { length: 1000 },
            (_, j) => `"http://127.0.0.1:9/photos/2024/some-folder/object-${i + j}.jpg"`,
          ).join(),
      );
    yield Buffer.from(']}');
  }
  const response = await fetch(`${server.url}/jobs`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${server.token}` },
    body: ReadableStream.from(body()),
    duplex: 'half',
  });
  assert.equal(response.status, 200, await response.clone().text());
  const job = (await response.json()) as { id: string; counts: { objects: number } };
  assert.equal(job.counts.objects, COUNT);
  const peak = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))![1]) / 1024;
  assert.ok(peak < 400, `${peak} MiB`);
  const { json } = await server.ask('GET', `/v1/jobs/${job.id}/files?limit=1000`);
  assert.equal(json.items.length, 1000);
});

test('lists with anything wrong in them leave nothing behind', async () => {
  using server = await ControlServer.start();
  await withTarget(server);
  const tries: readonly (readonly [unknown, RegExp])[] = [
    [{ ...FIELDS, 'origin-files': [] }, /origin-files\/0.*empty/],
    [{ ...FIELDS, 'origin-files': ['https://a.example/x', 'ftp://a.example/y'] }, /origin-files\/1.*no http or https/],
    [{ ...FIELDS, 'origin-files': ['https://u:p@a.example/x'] }, /credentials/],
    [{ ...FIELDS, 'origin-files': ['https://a.example/x', 'https://b.example/x'] }, /origin-files\/1.*another/],
    [{ ...FIELDS, 'origin-files': ['https://a.example/'] }, /names no object/],
    [{ ...FIELDS, 'origin-files': ['https://a.example/x'], other: 'y' }, /other/],
    [{ ...FIELDS, 'target-bucket': 'nowhere', 'origin-files': ['https://a.example/x'] }, /target-bucket/],
    [{ ...FIELDS, 'origin-files': { href: 'http://127.0.0.1:1/list' } }, /private, loopback/],
    [{ ...FIELDS, 'origin-files': { href: 'http://localhost:1/list' } }, /private, loopback/],
    [{ ...FIELDS, 'origin-files': { href: '/etc/passwd' } }, /not allowed here/],
    ['{"origin-files":["https://a.example/x"', /#/],
  ];
  for (const [body, why] of tries) {
    const { status, json } = await server.ask('PUT', '/jobs', body);
    assert.equal(status, 400, JSON.stringify(json));
    assert.match(JSON.stringify(json.errors), why);
  }
  assert.deepEqual(readdirSync(join(server.ferry.home, 'jobs')), []);
  const refused = await server.ask('PUT', '/jobs', { ...FIELDS, 'origin-files': ['http://127.0.0.1:1/x'] });
  const job = await server.until(`/v1/jobs/${refused.json.id}`, ({ state }) => state === 'finished' || state === 'failed'); // prettier-ignore
  assert.equal(job.complete, false);
  const { json } = await server.ask('GET', `/v1/jobs/${job.id}/files`);
  assert.equal(json.items[0].error.code, 'access-denied');
});

test('jobs are forgotten with all they left, and so is a list whose job was never accepted', async () => {
  await using origin = await httpServer((_request, response) => void response.end('x'));
  using server = await ControlServer.start({ allow_private_origins: true, jobs: { keep_days: 0.000001 } });
  await withTarget(server);
  const put = await server.ask('PUT', '/jobs', { ...FIELDS, 'origin-files': [`${origin.url}/a`] });
  const { id } = put.json;
  await server.until(`/v1/jobs/${id}`, ({ state }) => state === 'finished');
  const left = join(server.ferry.home, 'jobs', 'job-cut-off');
  mkdirSync(left);
  await server.kill('SIGTERM');
  await server.start();
  await server.until('/v1/jobs', ({ items }) => items.length === 0);
  await server.until('/v1/tasks', ({ items }) => items.length === 0);
  for (const folder of ['jobs', 'reports'])
    for (const end = Date.now() + 10_000; readdirSync(join(server.ferry.home, folder)).length > 0; await sleep(20))
      assert.ok(Date.now() < end, `${folder} stay`);
});
