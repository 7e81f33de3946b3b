// The console as somebody meets it: the login, the frame around every page, both languages, both themes.
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { Controlled } from '../unit/control/controlled.ts';
import { FakeApi } from './fake-api.ts';
import { BuiltConsole, openBrowser, Window, withoutBrowser } from './browser.ts';

/** Of script, compressed. */
const MOST_BYTES = 100_000;

test('the script is small', async () => {
  await using built = await BuiltConsole.make();
  const script = readFileSync(join(built.folder, 'console.js'));
  const packed = gzipSync(script, { level: 9 }).length;
  assert.ok(packed < MOST_BYTES, `${packed} bytes`);
  assert.ok(statSync(join(built.folder, 'console.css')).size < 60_000);
});

describe('the shell', { skip: withoutBrowser }, () => {
  let built: BuiltConsole;
  let browser: Browser;
  before(async () => {
    built = await BuiltConsole.make();
    browser = await openBrowser();
  });
  after(async () => {
    await browser.close();
    await built[Symbol.asyncDispose]();
  });
  const start = (): Promise<Controlled> =>
    Controlled.start((_, hub) => new FakeApi(hub).routes(), Date.now, built.folder);

  test('the printed address logs in once, and leaves no code in the address', async () => {
    await using controlled = await start();
    const token = await controlled.token('admin', 'console');
    const { json } = await controlled.ask('GET', '/v1/tokens', { token });
    const url = controlled.control.loginUrl((json as { items: { id: string }[] }).items[0]!.id);
    await using window = await Window.open(browser, controlled.url);
    await window.page.goto(url);
    await window.page.getByRole('button', { name: 'Log out' }).waitFor();
    assert.equal(new URL(window.page.url()).hash, '');
    await window.page.reload();
    await window.page.getByRole('button', { name: 'Log out' }).click();
    await window.page.getByRole('heading', { name: 'Log in' }).waitFor();

    await using second = await Window.open(browser, controlled.url);
    await second.page.goto(url);
    await second.page.getByRole('heading', { name: 'Log in' }).waitFor();
  });

  test('a wrong token is refused with a remedy, the right one is let in', async () => {
    await using controlled = await start();
    const token = await controlled.token('operator', 'hands');
    await using window = await Window.open(browser, controlled.url);
    const { page } = window;
    await page.goto('/nodes');
    await page.getByLabel('Token').fill('ferry_wrong');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('alert').getByText('Nobody is known by these credentials.').waitFor();
    await window.assertAccessible('login with a problem');
    await page.getByLabel('Token').fill(token);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Nodes' }).waitFor();
    await page.getByText('hands').waitFor();
  });

  test('a page in Chinese tells in Chinese what the server refuses', async () => {
    await using controlled = await start();
    await using window = await Window.open(browser, controlled.url, { locale: 'zh-CN' });
    const { page } = window;
    await page.goto('/nodes');
    await page.getByLabel('令牌').fill('ferry_wrong');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('凭证无人识别。').waitFor();
  });

  test('by keyboard alone: skip link, navigation, focus on the heading of the new page', async () => {
    await using controlled = await start();
    await using window = await Window.open(browser, controlled.url);
    const { page } = window;
    await window.login(await controlled.token('admin'), '/nodes');
    await page.getByRole('heading', { name: 'Nodes' }).waitFor();
    await page.evaluate('document.activeElement?.blur()');
    await page.keyboard.press('Tab');
    assert.equal(await page.locator(':focus').textContent(), 'Skip to content');
    await page.keyboard.press('Enter');
    assert.equal(await page.locator(':focus').getAttribute('id'), 'content');
    await page.getByRole('link', { name: 'Audit' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Audit' }).waitFor();
    await page.locator('h1:focus').waitFor();
    assert.equal(await page.locator(':focus').textContent(), 'Audit');
    assert.equal(await page.title(), 'Audit · Ferry');
    await page.goBack();
    await page.getByRole('heading', { name: 'Nodes' }).waitFor();
  });

  test('a token is made, shown once, and removed after asking', async () => {
    await using controlled = await start();
    await using window = await Window.open(browser, controlled.url);
    const { page } = window;
    await window.login(await controlled.token('admin'), '/settings');
    await page.getByRole('button', { name: 'New token' }).click();
    await page.getByLabel('Name').fill('backup');
    await page.getByLabel('Operator').check();
    await page.getByLabel('Good for days').fill('30');
    await page.keyboard.press('Enter');
    const shown = await page.locator('.secret code').textContent();
    const asked = await controlled.ask('GET', '/v1/session', { token: shown! });
    assert.deepEqual([asked.status, asked.json.role], [200, 'operator']);
    await page.getByRole('button', { name: 'Close' }).click();
    const row = page.getByRole('row', { name: /backup/ });
    await row.getByRole('button').click();
    await page.getByRole('dialog').getByText('is refused from now on').waitFor();
    await window.assertAccessible('confirmation');
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await row.waitFor({ state: 'detached' });
    assert.equal((await controlled.ask('GET', '/v1/session', { token: shown! })).status, 401);
  });

  test('Chinese and English, UTC, and dark, are remembered', async () => {
    await using controlled = await start();
    await using window = await Window.open(browser, controlled.url, { timezoneId: 'Asia/Shanghai', locale: 'en-GB' });
    const { page } = window;
    await window.login(await controlled.token('admin'), '/nodes');
    await page.getByLabel('Times').selectOption('utc');
    await page.getByRole('cell', { name: /\d\d:\d\d:\d\dZ$/ }).waitFor();
    await page.getByLabel('Colours').selectOption('dark');
    await page.getByLabel('Language').selectOption('zh');
    await page.getByRole('heading', { name: '节点' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: '节点' }).waitFor();
    assert.equal(await page.locator('html').getAttribute('lang'), 'zh-CN');
    assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');
  });

  test('who is logged out by the server is told so, and goes on where they were', async () => {
    await using controlled = await start();
    await using window = await Window.open(browser, controlled.url);
    const { page } = window;
    await window.login(await controlled.token('viewer', 'short'), '/nodes');
    await page.getByRole('row').last().waitFor();
    const admin = await controlled.token('admin');
    const { json } = await controlled.ask('GET', '/v1/tokens', { token: admin });
    const { id } = (json as { items: { id: string; name: string }[] }).items.find(({ name }) => name === 'short')!;
    const removed = await controlled.ask('DELETE', `/v1/tokens/${id}`, { token: admin });
    assert.equal(removed.status, 204);
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByText('The session has ended').waitFor();
    await page.getByLabel('Token').fill(await controlled.token('viewer', 'next'));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
  });

  test('a lost connection is said, and what is shown afterwards is fresh', async () => {
    await using controlled = await start();
    await using window = await Window.open(browser, controlled.url);
    const { page } = window;
    await window.login(await controlled.token('admin'), '/nodes');
    await page.getByText('Live', { exact: true }).last().waitFor();
    await page.context().setOffline(true);
    await page.getByText('Connection lost').waitFor();
    const read = page.waitForResponse(/\/v1\/nodes/);
    await page.context().setOffline(false);
    await page.getByText('Connection lost').waitFor({ state: 'detached' });
    assert.equal((await read).status(), 200);
  });

  for (const [name, options] of [
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['a phone', { colorScheme: 'light', viewport: { width: 375, height: 740 } }],
  ] as const)
    test(`pages are accessible in ${name}, and nothing is wider than the window`, async () => {
      await using controlled = await start();
      await using window = await Window.open(browser, controlled.url, options);
      const { page } = window;
      await window.login(await controlled.token('admin'), '/nodes');
      for (const [path, heading] of [
        ['nodes', 'Nodes'],
        ['audit', 'Audit'],
        ['settings', 'Settings'],
        ['nowhere', 'no such page'],
      ] as const) {
        await page.goto(`/${path}`);
        await page.getByRole('heading', { level: 1, name: heading }).waitFor();
        await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' });
        await window.assertAccessible(path);
        const widths = await page.evaluate<[number, number]>('[document.documentElement.scrollWidth, innerWidth]');
        assert.ok(widths[0] <= widths[1], `${path} is ${widths[0]} wide`);
      }
    });
});
