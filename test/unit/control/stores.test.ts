// Stores registered through the API: their secrets are kept sealed and are never told again.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { RegisteredStores } from '../../../src/control/stores/registered-stores.ts';
import { storeRoutes } from '../../../src/control/stores/routes.ts';
import { SecretBox } from '../../../src/control/stores/secret-box.ts';
import { parseTaskFile } from '../../../src/config/task-file.ts';
import { findStores } from '../../../src/config/named-store.ts';
import { FerryError } from '../../../src/model/errors.ts';
import { compose } from '../../../src/store/compose.ts';
import { StoreRegistry } from '../../../src/store/registry.ts';
import { fileDriver } from '../../../src/stores/file/driver.ts';
import { httpDriver } from '../../../src/stores/http/driver.ts';
import { memoryDriver } from '../../../src/stores/memory/driver.ts';
import { SocketHttpClient } from '../../../src/wire/http/socket-client.ts';
import { Controlled } from './controlled.ts';

const SECRET = 'correct-horse-battery';
const REGISTRY = new StoreRegistry([fileDriver(), httpDriver(), memoryDriver()]);

class Stores implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'ferry-stores-'));
  server!: Controlled;
  stores!: RegisteredStores;
  admin!: string;
  readonly #http = new SocketHttpClient();

  static async start(): Promise<Stores> {
    const made = new Stores();
    await made.box().ready(async () => false);
    const context = { http: made.#http, env: {}, now: Date.now, tmpdir: () => made.folder };
    made.server = await Controlled.start((state) => {
      made.stores = new RegisteredStores({ book: state.stores, box: made.box(), registry: REGISTRY, now: Date.now });
      return storeRoutes({
        stores: made.stores,
        open: async (endpoint, role) => compose(await REGISTRY.open(endpoint, { ...context, role })),
        conceal: () => undefined,
      });
    });
    made.admin = await made.server.token('admin');
    return made;
  }

  box(fromEnvironment?: string): SecretBox {
    return new SecretBox({ file: join(this.folder, 'secret.key'), fromEnvironment });
  }

  ask(
    method: string,
    path: string,
    json?: unknown,
    headers: Record<string, string> = {},
  ): ReturnType<Controlled['ask']> {
    return this.server.ask(method, path, { token: this.admin, ...(json === undefined ? {} : { json }), headers });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.#http[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true });
  }
}

const WEB = { name: 'web', type: 'http', path: '', options: { base_url: 'http://localhost/', bearer_token: SECRET } };

test('a registered store is told without its secrets, and nothing on disk has them', async () => {
  await using api = await Stores.start();
  const headers = { Authorization: `Basic ${SECRET}`, Accept: 'text/plain' };
  const json = { ...WEB, options: { ...WEB.options, headers } };
  const made = await api.ask('POST', '/v1/stores', json);
  assert.equal(made.status, 201);
  assert.equal(made.headers.get('location'), '/v1/stores/web');
  assert.deepEqual(made.json.options, { base_url: 'http://localhost/', bearer_token: '***', headers: '***' });
  assert.equal((await api.ask('POST', '/v1/stores', json)).json.code, 'already-exists');
  const listed = await api.ask('GET', '/v1/stores');
  assert.deepEqual(listed.json.items, [made.json]);
  const audited = await api.ask('GET', '/v1/stores/web');
  assert.ok(!JSON.stringify([made.json, listed.json, audited.json]).includes(SECRET));
  for (const file of readdirSync(api.server.file('')))
    if (file.startsWith('control.db')) assert.ok(!readFileSync(api.server.file(file)).includes(SECRET), file);
  const key = join(api.folder, 'secret.key');
  assert.equal(statSync(key).mode & 0o777, 0o600);
  assert.deepEqual(await api.stores.named('web'), {
    type: 'http',
    path: '',
    options: { base_url: 'http://localhost/', bearer_token: SECRET, headers },
  });
});

test('whoever changes a store has seen it; secrets given as *** stay', async () => {
  await using api = await Stores.start();
  const made = await api.ask('POST', '/v1/stores', WEB);
  const etag = made.headers.get('etag')!;
  const json = { ...made.json, options: { ...made.json.options, base_url: 'http://127.0.0.1/' } };
  assert.equal((await api.ask('PUT', '/v1/stores/web', json)).status, 428);
  const changed = await api.ask('PUT', '/v1/stores/web', json, { 'if-match': etag });
  assert.equal(changed.status, 200);
  assert.notEqual(changed.headers.get('etag'), etag);
  assert.equal((await api.ask('PUT', '/v1/stores/web', json, { 'if-match': etag })).status, 412);
  assert.deepEqual((await api.stores.named('web')).options, { base_url: 'http://127.0.0.1/', bearer_token: SECRET });
  const unknown = { ...json, options: { ...json.options, password: '***' } };
  const refused = await api.ask('PUT', '/v1/stores/web', unknown, { 'if-match': changed.headers.get('etag')! });
  assert.equal(refused.status, 400);
  assert.equal(refused.json.errors[0].pointer, '#/options/password');
  assert.equal((await api.ask('DELETE', '/v1/stores/web')).status, 428);
  const gone = await api.ask('DELETE', '/v1/stores/web', undefined, { 'if-match': changed.headers.get('etag')! });
  assert.equal(gone.status, 204);
  assert.equal((await api.ask('GET', '/v1/stores/web')).status, 404);
});

test('wrong options are told with their places', async () => {
  await using api = await Stores.start();
  const { status, json } = await api.ask('POST', '/v1/stores', {
    name: 'x',
    type: 'file',
    path: '/',
    options: { fsync: 'sometimes', bucket: 'b' },
  });
  assert.equal(status, 400);
  assert.deepEqual(json.errors.map(({ pointer }: { pointer: string }) => pointer).toSorted(), [
    '#/options',
    '#/options/fsync',
  ]);
  const type = await api.ask('POST', '/v1/stores', { name: 'x', type: 'floppy' });
  assert.equal(type.json.errors[0].pointer, '#/type');
});

test('a test tries the store and measures it; what it found is remembered', async () => {
  await using api = await Stores.start();
  const folder = join(api.folder, 'tree');
  mkdirSync(folder);
  writeFileSync(join(folder, 'a'), 'a');
  const store = { type: 'file', path: folder };
  const before = await api.ask('POST', '/v1/stores/test', store);
  assert.equal(before.json.ok, true, JSON.stringify(before.json));
  assert.equal(before.json.capabilities.writeIfAbsent, true);
  assert.deepEqual(readdirSync(folder), ['a'], 'nothing is left behind');
  await api.ask('POST', '/v1/stores', { name: 'tree', ...store });
  const tested = await api.ask('POST', '/v1/stores/tree/test?use=source');
  assert.deepEqual((await api.ask('GET', '/v1/stores/tree')).json.tested, tested.json);
  const below = await api.ask('POST', '/v1/stores/tree/test?use=source&path=gone');
  assert.equal(below.json.ok, false, 'as a task has it, below its path');
  assert.deepEqual((await api.ask('GET', '/v1/stores/tree')).json.tested, tested.json, 'that of the store stays');
  const nowhere = await api.ask('POST', '/v1/stores/test', { type: 'file', path: join(api.folder, 'nowhere') });
  assert.equal(nowhere.json.ok, false);
  assert.ok(nowhere.json.checks.at(-1).remedy);
});

test('store types come with the schema of their options, and without values', async () => {
  await using api = await Stores.start();
  const { json } = await api.ask('GET', '/v1/store-types');
  const http = json.items.find(({ type }: { type: string }) => type === 'http');
  assert.equal(http.options.properties.bearer_token.type, 'string');
  assert.deepEqual(http.roles, { source: true, destination: false });
  assert.ok(http.secrets.includes('bearer_token'));
});

test('sealed secrets need the key they were sealed with, and stay where they belong', async () => {
  await using api = await Stores.start();
  await api.ask('POST', '/v1/stores', WEB);
  const record = await api.server.state.stores.store('web');
  await api.server.state.stores.add({ ...record!, name: 'other' });
  await assert.rejects(api.stores.named('other'), /damaged, or sealed for something else/);
  const with_ = (box: SecretBox): RegisteredStores =>
    new RegisteredStores({ book: api.server.state.stores, box, registry: REGISTRY, now: Date.now });
  const another = with_(api.box(Buffer.alloc(32, 7).toString('hex')));
  await assert.rejects(another.named('web'), /another key than FERRY_SECRET_KEY/);
  await assert.rejects(with_(api.box('short')).named('web'), /no key of 32 bytes/);
  rmSync(join(api.folder, 'secret.key'));
  const lost = api.box();
  const without = with_(lost);
  await assert.rejects(without.named('web'), /their key is missing/);
  await assert.rejects(
    without.create('more', WEB),
    (error) => error instanceof FerryError && error.code === 'configuration',
    'no second key is made beside secrets of the first',
  );
  await assert.rejects(
    lost.ready(() => api.server.state.hasSealed()),
    /their key is missing/,
  );
});

test('a task file may name a registered store and a path below its own', async () => {
  const stores = new Map([['home', { type: 'file', path: '/data/', options: { fsync: 'never' } }]]);
  const read = (source: string): ReturnType<typeof parseTaskFile> =>
    parseTaskFile(`type: copy\nsource: ${source}\ndestination: {type: memory}\n`, {
      file: 't.yaml',
      registry: REGISTRY,
      env: {},
      stores,
    });
  const { spec, text } = read('{store: home, path: /photos}');
  assert.equal(spec.source.path, '/data/photos');
  assert.equal(spec.source.options['fsync'], 'never');
  assert.match(text, /store: home/);
  assert.throws(() => read('{store: home, path: ../etc}'), /source\.path: leads out of the store/);
  assert.throws(() => read('{store: home, type: file}'), /source\.type: cannot go with `store`/);
  assert.throws(() => read('{store: attic}'), /no registered store "attic"/);
  const asked: string[] = [];
  await findStores('source: {store: one}\ndestination: {store: two}', async (name) => {
    asked.push(name);
    return stores.get('home')!;
  });
  assert.deepEqual(asked, ['one', 'two']);
});

test('secrets written into a task that came without a file are kept sealed', () => {
  const options = { file: 'task t', registry: REGISTRY, env: {} };
  const sealing = {
    seal: (path: readonly unknown[], secret: string) =>
      `${path.join('.')}.${Buffer.from(secret).toString('base64url')}`,
    unseal: (path: readonly unknown[], sealed: string) =>
      Buffer.from(sealed.slice(path.join('.').length + 1), 'base64url').toString(),
  };
  const text = `type: copy\nsource: {type: http, options: {urls: [http://h/a], bearer_token: ${SECRET}}}\ndestination: {type: memory}\n`;
  const made = parseTaskFile(text, { ...options, sealing });
  assert.ok(!made.text.includes(SECRET));
  assert.match(made.text, /\$\{sealed:source\.options\.bearer_token\./);
  const again = parseTaskFile(made.text, { ...options, sealing: { unseal: sealing.unseal } });
  assert.equal(again.secrets[0]!.reveal(), SECRET);
});
