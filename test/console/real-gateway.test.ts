// The console and a real gateway: from the page buckets are moved while an application uses them, a mirror is watched and
// warmed, and users are made whose keys work.
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import type { Browser, Locator, Page } from 'playwright-core';
import { buildConsole } from '../../scripts/lib/console.ts';
import { ControlServer } from '../e2e/control-server.ts';
import { Application, BUCKET, clientOf, contentsBy, put } from '../e2e/moving-bucket.ts';
import { startFaultServer, type FaultServer } from '../faults/fault-server.ts';
import { sdkFor } from '../peers/sdk.ts';
import { openBrowser, Window, withoutBrowser } from './browser.ts';

const OTHERS = ['back', 'one', 'two'];
const BUCKETS = [BUCKET, ...OTHERS];
/** Objects of the bucket that is moved with its reads and writes. */
const OBJECTS = 250;

interface World {
  readonly server: ControlServer;
  readonly old: FaultServer;
  readonly next: FaultServer;
  readonly origin: Server;
}

async function startWorld(): Promise<World> {
  await buildConsole(join(import.meta.dirname, '../../dist/console'));
  const [old, next] = await Promise.all([
    startFaultServer({ buckets: BUCKETS }),
    startFaultServer({ buckets: BUCKETS }),
  ]);
  const origin = createServer(({ url }, response) => {
    if (url?.startsWith('/movie/') !== true) response.writeHead(404).end();
    else response.writeHead(200, { etag: '"v1"', 'content-length': 5 }).end('movie');
  });
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port.
  const { port } = origin.address() as AddressInfo;
  const moved = (bucket: string): unknown => ({
    tenant: 'acme',
    store: sideOf(old, bucket),
    migrate: { to: sideOf(next, bucket), linger: 1 },
  });
  const server = await ControlServer.with({
    gateway: {
      listen: '127.0.0.1:0',
      users: [{ name: 'app', tenant: 'acme', access_key_id: 'APPKEY', secret_access_key: 'app-secret-1' }],
      buckets: {
        ...Object.fromEntries(BUCKETS.map((bucket) => [bucket, moved(bucket)])),
        plain: { tenant: 'acme', store: { type: 'memory', path: 'plain' } },
        media: {
          tenant: 'acme',
          anonymous_read: true,
          store: { type: 'memory', path: 'media' },
          mirror: [{ name: 'movies', match: { prefix: 'movie/' }, origin: `http://127.0.0.1:${port}/` }],
        },
      },
    },
  });
  return { server, old, next, origin };
}

function sideOf({ endpoint, accessKey, secretKey, region }: FaultServer, bucket: string): unknown {
  const keys = { access_key_id: accessKey, secret_access_key: secretKey };
  return { type: 's3', options: { bucket_name: bucket, endpoint, region, etag: 'md5', ...keys } };
}

// They wait for a gateway most of the time, each for another bucket.
describe('the console at a gateway', { skip: withoutBrowser, concurrency: true }, () => {
  let world: World;
  let browser: Browser;
  before(async () => {
    world = await startWorld();
    browser = await openBrowser();
  });
  after(async () => {
    await browser.close();
    world.server[Symbol.dispose]();
    world.origin.close();
    await world.old[Symbol.asyncDispose]();
    await world.next[Symbol.asyncDispose]();
  });
  const open = async (path: string): Promise<Window> => {
    const window = await Window.open(browser, world.server.url);
    await window.login(world.server.token, path);
    return window;
  };

  test('a bucket is moved to the end from the page while an application reads and writes it', async () => {
    const { server, old, next } = world;
    const known = new Map<string, string>();
    for (let i = 0; i < OBJECTS; i++) known.set(`other/${String(i).padStart(4, '0')}`, `other ${i}`);
    const keys = Array.from({ length: 12 }, (_, i) => `theirs/${i}`);
    for (const key of keys.slice(4)) known.set(key, `${key} of before`);
    for (const [key, text] of known) put(old, key, text);
    const application = new Application(1, keys, known, () => [server.gateway]);
    const stop = new AbortController();
    const working = application.run(stop.signal);
    working.catch(() => undefined);
    try {
      await using window = await open('/migrations');
      const { page } = window;
      await page.getByRole('main').getByRole('link', { name: BUCKET }).last().click();
      await page.getByRole('heading', { level: 1, name: BUCKET }).waitFor();
      const readiness = page.getByRole('region', { name: 'Ready for the next step?' });
      await readiness.getByText('ready', { exact: true }).waitFor();
      assert.ok((await readiness.getByRole('listitem').count()) > 0);
      await window.assertAccessible('before the move');
      await step(page, 'Start', 'Tracking');
      next.latency = 300;
      await step(page, 'Switch', 'Copying');
      await page.getByText(/of 2\d\d listed/).waitFor();
      await page.getByRole('button', { name: 'Pause' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
      await badge(page, 'Copying · paused').waitFor();
      assert.equal(await stepButton(page, 'Verify').getAttribute('aria-disabled'), 'true');
      await window.assertAccessible('paused');
      next.latency = 0;
      await page.getByRole('button', { name: 'Resume' }).click();
      await badge(page, 'Copying').or(badge(page, 'Moved')).waitFor();
      await ready(page, 'Verify');
      await step(page, 'Verify', 'Moved');
      const comparison = page.getByRole('region', { name: 'Last comparison' });
      await comparison.getByText('Not repaired').waitFor();
      assert.match((await comparison.textContent()) ?? '', /Not repaired0/);
      await ready(page, 'Finalise');
      await page.getByRole('button', { name: 'Finalise' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText('This cannot be undone').waitFor();
      assert.equal(
        await dialog.getByRole('button', { name: 'Finalise' }).getAttribute('aria-disabled'),
        'true',
        'not before the name is typed',
      );
      await dialog.getByRole('textbox').fill(BUCKET);
      await dialog.getByRole('button', { name: 'Finalise' }).click();
      await badge(page, 'Final').waitFor();
      await page.getByText('Nothing follows from here').waitFor();
    } finally {
      stop.abort();
      await working;
    }
    assert.ok(application.requests > 100, `${application.requests} requests`);
    const found = await contentsBy(sdkFor(next));
    for (const [key, values] of application.possible()) assert.ok(values.has(found.get(key)), key);
    for (const [key, text] of known) if (key.startsWith('other/')) assert.equal(found.get(key), text);
  });

  test('several are started and switched together, and one of them is taken back', async () => {
    const client = clientOf(world.server.gateway);
    const write = async (Bucket: string, Body: string): Promise<unknown> =>
      await client.send(new PutObjectCommand({ Bucket, Key: 'key', Body }));
    for (const bucket of OTHERS) await write(bucket, 'before');
    await using window = await open('/migrations');
    const { page } = window;
    for (const name of OTHERS) await page.getByRole('checkbox', { name: `Select ${name}` }).check();
    for (const [verb, phase] of [
      ['Start', 'Tracking'],
      ['Switch', 'Copying'],
    ] as const) {
      await page.getByRole('group', { name: 'Next step' }).getByRole('button', { name: verb }).click();
      await page.getByRole('dialog').getByRole('button', { name: verb }).click();
      for (const name of OTHERS) await page.getByRole('row', { name }).getByText(phase).waitFor();
    }
    for (const bucket of OTHERS) await write(bucket, 'after');
    await page.getByRole('main').getByRole('link', { name: 'back' }).last().click();
    await ready(page, 'Roll back');
    await step(page, 'Roll back', 'Back on old');
    assert.equal(world.old.bucket('back').get('key')?.body.toString(), 'after');
    const { Body } = await client.send(new GetObjectCommand({ Bucket: 'back', Key: 'key' }));
    assert.equal(await Body!.transformToString(), 'after');
  });

  test('a mirror shows what was served and fetched, and is warmed', async () => {
    await using window = await open('/mirror');
    const { page } = window;
    const row = page.getByRole('row', { name: /^movies/ });
    await row.getByText('movie/*').waitFor();
    for (let i = 0; i < 4; i++) {
      const got = await fetch(`${world.server.gateway}/media/movie/a`);
      assert.equal(await got.text(), 'movie');
    }
    await row.getByText('75.0 %').waitFor();
    await page.getByRole('button', { name: 'Warm up' }).click();
    await page.getByRole('dialog').getByLabel('Keys').fill('movie/a\nmovie/b\nmovie/c\n');
    await page.getByRole('dialog').getByRole('button', { name: 'Warm up' }).click();
    await page.getByText('3 keys: 2 stored, 1 there before').waitFor();
    await page.getByText('Warmed up', { exact: true }).waitFor();
    assert.equal(await (await fetch(`${world.server.gateway}/media/movie/c`)).text(), 'movie');
    await window.assertAccessible('mirror');
  });

  test('a user is made, its secret shown once, its key works, and stops working when it is removed', async () => {
    await using window = await open('/settings');
    const { page } = window;
    await page.getByRole('button', { name: 'New user' }).click();
    await page.getByLabel('Name').fill('reports');
    await page.getByLabel('Tenant').fill('acme');
    await page.getByLabel('Reads only').check();
    await page.keyboard.press('Enter');
    const [accessKey, secretKey] = await shown(page, 2);
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('row', { name: /reports/ }).waitFor();
    assert.ok(!(await page.content()).includes(secretKey!), 'the secret is gone');
    using client = sdkFor({
      endpoint: world.server.gateway,
      region: 'us-east-1',
      accessKey: accessKey!,
      secretKey: secretKey!,
    });
    const list = new ListObjectsV2Command({ Bucket: 'plain' });
    assert.equal((await client.send(list)).KeyCount, 0);
    const refused = client.send(new PutObjectCommand({ Bucket: 'plain', Key: 'mine', Body: 'mine' }));
    await assert.rejects(refused, { name: 'AccessDenied' });
    await page.getByRole('button', { name: 'Remove the user reports?' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('row', { name: /reports/ }).waitFor({ state: 'detached' });
    await assert.rejects(client.send(list), { name: 'InvalidAccessKeyId' });
  });

  test('a token is made with a role, and what it may is what its page offers', async () => {
    await using window = await open('/settings');
    const { page } = window;
    await page.getByRole('button', { name: 'New token' }).click();
    await page.getByLabel('Name').fill('onlooker');
    await page.keyboard.press('Enter');
    const [token] = await shown(page, 1);
    await using theirs = await Window.open(browser, world.server.url);
    await theirs.login(token!, '/settings');
    await theirs.page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' });
    const problems = theirs.page.getByRole('alert').filter({ hasText: /\S/ });
    for (const path of ['/', '/migrations/one', '/mirror', '/audit', '/settings']) {
      await theirs.page.goto(path);
      await theirs.page.locator('.content .panel').first().waitFor();
      await theirs.page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' });
      assert.deepEqual(await problems.allTextContents(), [], path);
    }
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'Remove the token onlooker?' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('row', { name: /onlooker/ }).waitFor({ state: 'detached' });
    await theirs.page.goto('/tasks');
    await theirs.page.getByRole('heading', { name: 'Log in' }).waitFor();
  });
});

function badge(page: Page, phase: string): Locator {
  return page.locator('.page-head .state').getByText(phase, { exact: true });
}

function stepButton(page: Page, verb: string): Locator {
  return page.locator('.page-head').getByRole('button', { name: verb, exact: true });
}

async function ready(page: Page, verb: string): Promise<void> {
  await page.locator(`.page-head button:not([aria-disabled])`, { hasText: verb }).waitFor({ timeout: 20_000 });
}

/** Takes it, after having been told what it does, and waits for where it leads. */
async function step(page: Page, verb: string, phase: string): Promise<void> {
  await stepButton(page, verb).click();
  await page.getByRole('dialog').getByRole('button', { name: verb, exact: true }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await badge(page, phase).waitFor({ timeout: 20_000 });
}

async function shown(page: Page, count: number): Promise<readonly string[]> {
  await page
    .locator('.secret code')
    .nth(count - 1)
    .waitFor();
  return await page.locator('.secret code').allTextContents();
}
