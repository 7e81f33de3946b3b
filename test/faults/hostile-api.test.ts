// Requests nobody should send, made from the API's own document: whatever comes, the answer says what is wrong with it,
// tells nothing of the inside, and the server goes on.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { RunningFerry } from '../unit/control/running.ts';

type Json = Readonly<Record<string, unknown>>;

interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly role: 'anybody' | 'viewer' | 'operator' | 'admin';
  readonly statuses: readonly number[];
  readonly body: Json | undefined;
  readonly query: readonly { readonly name: string; readonly schema: Json }[];
}

interface Sent {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const NAMES = [
  '..%2f..%2f..%2fetc%2fpasswd',
  '%2e%2e',
  '%2e',
  '%00',
  'a%00b',
  '%0d%0aX-Injected:%20yes',
  '%ff%fe',
  '%',
  '%zz',
  '%ed%a0%80',
  '%F0%9F%9A%A2',
  '%E2%80%AEgnp.exe',
  '__proto__',
  'constructor',
  "'%20OR%201=1--",
  '%3Cscript%3Ealert(1)%3C%2Fscript%3E',
  '*',
  'a'.repeat(300),
  'a'.repeat(6000),
];

const TEXTS = [
  '',
  'x'.repeat(100_000),
  '\u0000',
  '\ud800',
  '\u202e\u200b\ufeff',
  '../../../etc/passwd',
  'a\r\nX-Injected: yes',
  '<script>alert(1)</script>',
  "'; DROP TABLE tokens; --",
  '${env:HOME}',
  '__proto__',
  '�',
  '😀'.repeat(300),
];

const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  Number.MAX_SAFE_INTEGER + 2,
  [],
  [[]],
  {},
  { a: { b: [null] } },
];

const BODIES = [
  '',
  'null',
  'true',
  '[]',
  '"text"',
  '{',
  '{"a":1,}',
  '\u0000',
  '{"__proto__":{"role":"admin"},"constructor":{"prototype":{}}}',
  '['.repeat(50_000),
  `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
  '{"name":"a","name":"b"}',
  '{"n":1e999}',
  '{"n":NaN}',
];

/** Requests at once. */
const LANES = 8;

/** Its failures make its own address wait, whatever else that asks for. */
const LOGIN = 'createSession';

test(
  'whatever is sent is refused with a reason, and nothing of the inside is told',
  { timeout: 170_000 },
  async (t) => {
    await using ferry = await RunningFerry.start();
    const all = operationsOf((await ferry.ask('GET', '/v1/openapi.json')).json);
    await tried(t, ferry, all.filter(({ id }) => id !== LOGIN)); // prettier-ignore
  },
);

test('so it is with who tries to log in', { timeout: 60_000 }, async () => {
  await using ferry = await RunningFerry.start({ gateway: false });
  const [login] = operationsOf((await ferry.ask('GET', '/v1/openapi.json')).json).filter(({ id }) => id === LOGIN);
  using client = new Client(ferry.url);
  const asked = { method: login!.method, path: login!.path };
  const statuses = new Set<number>();
  for (const variant of [...variantsOf(login!.body!), { code: 'x' }]) {
    const answer = await client.send({ ...asked, body: JSON.stringify(variant) });
    check(JSON.stringify(variant).slice(0, 60), login!, answer, ferry.folder);
    statuses.add(answer.status);
  }
  for (const body of BODIES) check(body.slice(0, 20), login!, await client.send({ ...asked, body }), ferry.folder);
  assert.ok(statuses.has(400) && statuses.has(429), [...statuses].join());
  assert.ok(!statuses.has(201));
});

async function tried(t: TestContext, ferry: RunningFerry, operations: readonly Operation[]): Promise<void> {
  assert.ok(operations.length > 20, 'the document has what is tried');
  using client = new Client(ferry.url);
  const [viewer, operator, admin] = [
    await ferry.token('viewer'),
    await ferry.token('operator'),
    await ferry.token('admin'),
  ];
  const tokens = { viewer, operator, admin };
  let sent = 0;
  const expectSound = async (operation: Operation, what: string, asked: Asked): Promise<Sent> => {
    const answer = await client.send(asked);
    sent++;
    assert.notEqual(answer.status, 429, 'nobody fails to say who it is, so nobody has to wait');
    check(`${operation.method} ${operation.path} (${what})`, operation, answer, ferry.folder);
    return answer;
  };

  await t.test('without a token, with one that is none, or with one of a lesser role', async () => {
    for (const operation of operations) {
      if (operation.role === 'anybody') continue;
      const asked = { method: operation.method, path: filled(operation.path, 'photos') };
      assert.equal((await expectSound(operation, 'nobody', asked)).status, 401, operation.path);
      const lesser = operation.role === 'admin' ? operator : operation.role === 'operator' ? viewer : undefined;
      if (lesser === undefined) continue;
      const { status } = await expectSound(operation, 'lesser role', { ...asked, token: lesser });
      assert.equal(status, 403, `${operation.method} ${operation.path} as a lesser role`);
    }
  });

  await t.test('names that are none', async () => {
    await everyOne(
      operations.filter(({ path }) => path.includes('{')),
      async (operation) => {
        for (const name of NAMES)
          await expectSound(operation, `name ${name.slice(0, 40)}`, {
            method: operation.method,
            path: filled(operation.path, name),
            token: tokens.admin,
            body: operation.body && '{}',
          });
      },
    );
  });

  await t.test('parameters that are none', async () => {
    await everyOne(operations, async (operation) => {
      const path = filled(operation.path, 'photos');
      const known = operation.query.map(({ name }) => name);
      const queries = ['unknown=1', '%00=%00', '=', '&&&', 'a=1&a=2', 'x'.repeat(9000), '%ff=%ff', '__proto__=1'];
      for (const name of [...known, 'cursor', 'limit'])
        for (const value of [
          '',
          '-1',
          '99999999999999999999',
          '%00',
          'x'.repeat(5000),
          '%27%20OR%201=1',
          '[]',
          '1e3',
          'AAAA',
        ])
          queries.push(`${name}=${value}`, `${name}=${value}&${name}=${value}`);
      for (const query of queries)
        await expectSound(operation, `?${query.slice(0, 40)}`, {
          method: operation.method,
          path: `${path}?${query}`,
          token: tokens.admin,
          body: operation.body && '{}',
        });
    });
  });

  await t.test('bodies that are none', async () => {
    await everyOne(
      operations.filter(({ body }) => body !== undefined),
      async (operation) => {
        const asked = { method: operation.method, path: filled(operation.path, 'photos'), token: tokens.admin };
        for (const body of BODIES) await expectSound(operation, `body ${body.slice(0, 20)}`, { ...asked, body });
        for (const type of [
          'text/plain',
          'application/x-www-form-urlencoded',
          'multipart/form-data; boundary=x',
          'application/json; charset=utf-16',
        ])
          await expectSound(operation, type, { ...asked, body: '{}', headers: { 'content-type': type } });
        await expectSound(operation, 'no UTF-8', {
          ...asked,
          body: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
        });
        await expectSound(operation, 'large', { ...asked, body: `{"a":"${'x'.repeat(2 * 1024 * 1024)}"}` });
        for (const variant of variantsOf(operation.body!))
          await expectSound(operation, `body ${JSON.stringify(variant).slice(0, 60)}`, {
            ...asked,
            body: JSON.stringify(variant),
          });
      },
    );
  });

  await t.test('headers that are none', async () => {
    await everyOne(operations, async (operation) => {
      const asked = {
        method: operation.method,
        path: filled(operation.path, 'photos'),
        token: tokens.admin,
        body: operation.body && '{}',
      };
      for (const headers of [
        { 'if-match': 'x'.repeat(4000) },
        { 'if-match': '"' },
        { 'last-event-id': '-1' },
        { 'idempotency-key': 'x'.repeat(2000) },
        { 'content-encoding': 'gzip' },
        { accept: 'x'.repeat(2000) },
        { cookie: `ferry_session=${'%00'.repeat(500)}; a=b;;;=` },
        { 'x-forwarded-for': "1' OR 1", 'x-ferry-csrf': '\u00ff' },
        { range: 'bytes=5-1,0-,-9' },
      ])
        await expectSound(operation, JSON.stringify(headers).slice(0, 60), { ...asked, headers });
    });
  });

  await t.test('paths that lead elsewhere', async () => {
    for (const path of [
      '//',
      '//v1/tasks',
      '/v1//tasks',
      '/v1/../metrics',
      '/%2e%2e/%2e%2e/etc/passwd',
      '/..%2f..%2fetc/passwd',
      '/v1/tasks/',
      '/V1/TASKS',
      '/.git/config',
      '/%00',
      '/index.html%00.js',
      '/console/../../package.json',
      '/\\..\\..\\package.json',
      '*',
    ]) {
      const { status, text } = await client.send({ method: 'GET', path, token: tokens.admin });
      assert.ok(status < 500, `${path}: ${status}`);
      assert.doesNotMatch(text, /root:|"dependencies"|\[core\]/, path);
    }
    for (const method of ['TRACE', 'CONNECTED', 'PROPFIND', 'OPTIONS', 'HEAD', 'A'.repeat(200)]) {
      const { status } = await client.send({ method, path: '/v1/tokens', token: tokens.admin });
      assert.ok(status >= 400 && status < 500, `${method}: ${status}`);
    }
  });

  await t.test('tokens that are none', async () => {
    for (const token of ['', 'x', 'ferry__', `ferry_${'a'.repeat(12)}_${'b'.repeat(43)}`, 'x'.repeat(5000), "' OR 1=1"])
      assert.ok([401, 429].includes((await client.send({ method: 'GET', path: '/v1/nodes', token })).status), token);
  });

  await t.test('clients that are slow, break off, or write no HTTP', async () => {
    const port = Number(new URL(ferry.url).port);
    const host = `Host: 127.0.0.1:${port}\r\n`;
    const authorization = `Authorization: Bearer ${tokens.admin}\r\n`;
    const slow = Array.from({ length: 100 }, (_, i) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(
        `POST /v1/tokens HTTP/1.1\r\n${host}${authorization}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"na`,
      );
      if (i % 2 === 0) socket.end();
      return socket;
    });
    for (const text of [
      `GET /v1/tasks HTTP/1.1\r\n${host}${authorization}X: a\r\n b\r\n\r\n`,
      `POST /v1/tokens HTTP/1.1\r\n${host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      `GET /v1/tasks HTTP/1.1\r\n${host}Host: elsewhere\r\n\r\n`,
      `GET /v1/tasks HTTP/1.1\r\nHost: attacker.example\r\n${authorization}\r\n`,
      `GET http://attacker.example/v1/tasks HTTP/1.1\r\n${host}${authorization}\r\n`,
      `GET /${'a'.repeat(100_000)} HTTP/1.1\r\n${host}\r\n`,
      `GET / HTTP/1.1\r\n${host}${'X-Y: z\r\n'.repeat(5000)}\r\n`,
      'GET / HTTP/9.9\r\n\r\n',
      '\u0016\u0003\u0001\u0002\u0000',
      '\r\n\r\n\r\n',
    ]) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.end(text, 'latin1');
      let answer = '';
      for await (const chunk of socket) answer += String(chunk);
      assert.match(answer, /^(?:$|HTTP\/1\.1 4\d\d )/, text.slice(0, 60));
      assert.doesNotMatch(answer, /node:internal|\.ts:\d/);
    }
    assert.equal((await ferry.ask('GET', '/healthz')).status, 200, 'others are served meanwhile');
    for (const socket of slow) socket.destroy();
  });

  assert.equal((await ferry.ask('GET', '/healthz')).status, 200, 'it lives');
  assert.equal((await ferry.ask('GET', '/v1/nodes')).json.items.length, 1);
  assert.ok(sent > 1000);
  t.diagnostic(`${sent} requests to ${operations.length} operations`);
}

function check(what: string, operation: Operation, { status, headers, text }: Sent, folder: string): void {
  const told = `${what}: ${status} ${text.slice(0, 500)}`;
  assert.ok(status < 500 || (status !== 500 && operation.statuses.includes(status)), told);
  assert.equal(headers['x-injected'], undefined, told);
  if (status < 400) return;
  assert.ok(operation.statuses.includes(status), `not in the document: ${told}`);
  assert.equal(headers['content-type'], 'application/problem+json', told);
  const problem: unknown = JSON.parse(text);
  const { code, title, remedy, status: said } = Object(problem);
  for (const field of [code, title, remedy]) assert.ok(typeof field === 'string' && field.length > 0, told);
  assert.equal(said, status, told);
  assert.doesNotMatch(text, /\bat \S+ \(|node:internal|\.ts:\d|node_modules|SQLITE|sqlite/, told);
  assert.ok(!text.includes(folder) && !text.includes(import.meta.dirname.split('/test/')[0]!), told);
}

function operationsOf(document: Json): Operation[] {
  const found: Operation[] = [];
  for (const [path, methods] of Object.entries(Object(document['paths']) as Record<string, Record<string, Json>>))
    for (const [method, operation] of Object.entries(methods)) {
      const content = Object(Object(operation['requestBody']).content);
      const parameters = (operation['parameters'] ?? []) as { name: string; in: string; schema: Json }[];
      found.push({
        id: String(operation['operationId']),
        method: method.toUpperCase(),
        path,
        role: operation['x-role'] as Operation['role'],
        statuses: Object.keys(Object(operation['responses'])).map(Number),
        body: Object(content['application/json']).schema as Json | undefined,
        query: parameters.filter((each) => each.in === 'query'),
      });
    }
  return found;
}

function filled(path: string, name: string): string {
  return path.replaceAll(/\{\w+\}/g, name);
}

/** A body that is nearly right, with one thing wrong each. */
function variantsOf(schema: Json): unknown[] {
  const base = Object(sampleOf(schema, schema)) as Record<string, unknown>;
  const variants: unknown[] = [{}, { ...base, extra: 1 }, [base]];
  for (const name of Object.keys(base)) {
    const { [name]: _, ...without } = base;
    variants.push(without);
    for (const value of [...VALUES, ...TEXTS]) variants.push({ ...base, [name]: value });
    if (typeof base[name] !== 'object' || base[name] === null || Array.isArray(base[name])) continue;
    for (const inner of Object.keys(base[name]))
      for (const value of [...VALUES, ...TEXTS]) variants.push({ ...base, [name]: { ...base[name], [inner]: value } });
  }
  return variants;
}

/** Something the schema takes, as far as its keywords tell. */
function sampleOf(schema: Json, root: Json, depth = 0): unknown {
  const reference = schema['$ref'];
  if (typeof reference === 'string') {
    let at: unknown = root;
    for (const step of reference.slice(2).split('/')) at = Object(at)[step];
    return depth > 4 ? null : sampleOf(Object(at), root, depth + 1);
  }
  const one = (schema['anyOf'] ?? schema['oneOf'] ?? schema['allOf']) as readonly Json[] | undefined;
  if (one !== undefined) return sampleOf(one[0]!, root, depth + 1);
  if ('const' in schema) return schema['const'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  switch (schema['type']) {
    case 'object':
      return Object.fromEntries(
        Object.entries(Object(schema['properties']) as Record<string, Json>).map(([name, each]) => [
          name,
          depth > 4 ? null : sampleOf(each, root, depth + 1),
        ]),
      );
    case 'array':
      return [];
    case 'string':
      return 'sample';
    case 'integer':
    case 'number':
      return typeof schema['minimum'] === 'number' ? schema['minimum'] : 1;
    case 'boolean':
      return false;
    default:
      return {};
  }
}

async function everyOne<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const lane = async (): Promise<void> => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

interface Asked {
  readonly method: string;
  /** As it is sent, whatever it is. */
  readonly path: string;
  readonly token?: string | undefined;
  readonly body?: string | Buffer | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

class Client implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 2 * LANES });
  readonly #url: URL;

  constructor(url: string) {
    this.#url = new URL(url);
  }

  /** A stream of events is left when it begins. */
  async send({ method, path, token, body, headers = {} }: Asked): Promise<Sent> {
    const { hostname, port } = this.#url;
    const sending = request({
      agent: this.#agent,
      hostname,
      port,
      method,
      path,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        ...headers,
      },
      timeout: 20_000,
    });
    sending.on('timeout', () => sending.destroy(new Error(`${method} ${path.slice(0, 100)} was not answered`)));
    // A server that refuses a large body need not read it to its end.
    sending.on('error', () => undefined);
    sending.end(body);
    const [response] = await once(sending, 'response');
    if (String(response.headers['content-type']).startsWith('text/event-stream')) {
      response.destroy();
      return { status: response.statusCode, headers: response.headers, text: '' };
    }
    let text = '';
    response.setEncoding('utf8');
    for await (const chunk of response) text += chunk;
    return { status: response.statusCode, headers: response.headers, text };
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
