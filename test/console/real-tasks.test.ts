// The console and a real `ferry serve`: by keyboard alone, with a destination that refuses, on a schedule, with limits that
// change while a task runs, and through the death of the server.
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { buildConsole } from '../../scripts/lib/console.ts';
import { Database } from '../../src/state/sqlite/database.ts';
import { ControlServer } from '../e2e/control-server.ts';
import { startFaultServer, type FaultServer } from '../faults/fault-server.ts';
import { openBrowser, Window, withoutBrowser } from './browser.ts';

const OBJECTS = 60;
const REFUSED = 7;

describe('the console at tasks', { skip: withoutBrowser }, () => {
  let server: ControlServer;
  let stores: FaultServer;
  let browser: Browser;
  before(async () => {
    await buildConsole(join(import.meta.dirname, '../../dist/console'));
    stores = await startFaultServer({ buckets: ['old', 'new', 'slow'] });
    for (let i = 0; i < OBJECTS; i++) {
      const body = Buffer.from(`value ${i}`);
      const key = `${i < REFUSED ? 'legal' : 'img'}/${String(i).padStart(3, '0')}`;
      const object = { body, etag: hash('md5', body), modified: 1_700_000_000_000, headers: {}, tags: new Map() };
      stores.bucket('old').put(key, object);
    }
    server = await ControlServer.start();
    const { endpoint, region, accessKey, secretKey } = stores;
    for (const name of ['old', 'new', 'slow']) {
      const keys = { access_key_id: accessKey, secret_access_key: secretKey };
      const store = { name, type: 's3', path: '', options: { endpoint, region, bucket_name: name, ...keys } };
      assert.equal((await server.ask('POST', '/v1/stores', store)).status, 201);
    }
    browser = await openBrowser();
  });
  after(async () => {
    await browser.close();
    server[Symbol.dispose]();
    await stores[Symbol.asyncDispose]();
  });
  const open = async (path: string): Promise<Window> => {
    const window = await Window.open(browser, server.url);
    await window.login(server.token, path);
    return window;
  };

  test('by keyboard alone a task is made, and what the destination refuses is repaired', async () => {
    stores.setRules([
      {
        op: ['PutObject', 'CopyObject'],
        bucket: 'new',
        key: /^legal/,
        fault: { do: 'refuse', status: 403, code: 'AccessDenied' },
      },
    ]);
    await using window = await open('/');
    const { page } = window;
    const press = async (...keys: string[]): Promise<void> => {
      for (const key of keys) await page.keyboard.press(key);
    };
    await reach(page, 'link', 'Tasks');
    await press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Tasks' }).waitFor();
    await reach(page, 'link', 'New task');
    await press('Enter');
    for (const [step, store] of [
      ['Source', 'old'],
      ['Destination', 'new'],
    ] as const) {
      await page.getByRole('heading', { name: new RegExp(`Step . of 5: ${step}`) }).waitFor();
      await reach(page, 'combobox', 'Store');
      await page.keyboard.type(store);
      await reach(page, 'button', 'Test and go on');
      await press('Enter');
    }
    await page.getByRole('heading', { name: 'Step 3' }).waitFor();
    await reach(page, 'button', 'Next');
    await press('Enter');
    await page.getByRole('heading', { name: 'Step 4' }).waitFor();
    await reach(page, 'button', 'Test and go on');
    await press('Enter');
    await page.getByRole('heading', { name: 'Step 5' }).waitFor();
    await page.getByRole('row', { name: new RegExp(`^Copy ${OBJECTS}`) }).waitFor();
    await reach(page, 'textbox', 'Name of the task');
    await page.keyboard.type('by-hand');
    await press('Enter');
    await page.getByRole('heading', { level: 1, name: 'by-hand' }).waitFor();
    await page.getByRole('link', { name: `Failures ${REFUSED}` }).waitFor();
    await reach(page, 'link', `Failures ${REFUSED}`);
    await press('Enter');
    const group = page.getByRole('listitem').filter({ has: page.getByRole('checkbox') });
    await group.getByText('access-denied').waitFor();
    await group.getByText('What to do').waitFor();
    assert.equal(await group.count(), 1);
    stores.setRules([]);
    await reach(page, 'button', 'Retry all');
    await press('Enter');
    await page.getByText('No object failed').waitFor();
    await page.getByRole('main').getByText('Finished').waitFor();
    assert.equal(stores.bucket('new').keys().length, OBJECTS);
  });

  test('a task runs when its schedule says, is switched off, and its schedule removed', async () => {
    const body = {
      name: 'nightly',
      type: 'copy',
      source: { store: 'old' },
      destination: { store: 'slow', path: 'n/' },
    };
    assert.equal((await server.ask('POST', '/v1/tasks', body)).status, 201);
    await using window = await open('/settings');
    const { page } = window;
    await page.getByRole('button', { name: 'New schedule' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Task').selectOption('nightly');
    await dialog.getByLabel('Times (cron)').fill('30 2 * * MON-FRI');
    await dialog.getByLabel('Time zone').fill('Atlantis/Sunken');
    await dialog.getByRole('button', { name: 'New schedule' }).click();
    await dialog.getByRole('alert').getByText('Atlantis/Sunken').waitFor();
    await dialog.getByLabel('Time zone').fill('Asia/Shanghai');
    await window.assertAccessible('form of a schedule');
    await page.keyboard.press('Enter');
    const row = page.getByRole('row', { name: /nightly/ });
    await row.getByText('Asia/Shanghai').waitFor();
    await row.getByText('on', { exact: true }).waitFor();
    await row.getByRole('button', { name: 'Edit' }).click();
    await dialog.getByLabel('May run from').fill('00:00');
    await dialog.getByLabel('until').fill('23:59');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await row.getByText('00:00–23:59').waitFor();
    // Its time has come.
    using database = new Database(join(server.ferry.home, 'control.db'));
    database.exec('UPDATE schedules SET next_at = 1');
    await server.until('/v1/tasks/nightly', ({ state }) => state === 'finished');
    await row
      .getByRole('cell')
      .nth(3)
      .getByText(/^\d{4}/)
      .waitFor();
    await row.getByRole('button', { name: 'Switch off' }).click();
    await row.getByText('off', { exact: true }).waitFor();
    await row.getByRole('button', { name: 'Remove' }).click();
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await page.getByText('Nothing is scheduled').waitFor();
  });

  test('limits of the whole server are set by a timetable, hold, and go back to the configuration', async () => {
    await using window = await open('/settings');
    const panel = window.page.getByRole('region', { name: 'Limits by timetable' });
    await panel.getByText('No limit at any time').waitFor();
    for (const [from, rate] of [
      ['Mon-Fri-00:00', '3MiB'],
      ['Sat-Sun-00:00', '3MiB'],
    ] as const) {
      await panel.getByRole('button', { name: 'Add an entry' }).click();
      await panel.getByLabel('From').last().fill(from);
      await panel.getByLabel('Rate').last().fill(rate);
    }
    await panel.getByLabel('Requests per second').fill('400');
    await window.page.keyboard.press('Enter');
    await panel.getByText('3.00 MiB/s').waitFor();
    const { json } = await server.ask('GET', '/v1/limits');
    assert.deepEqual([json.requestsPerSecond, json.now.bytesPerSecond], [400, 3 * 2 ** 20]);
    assert.equal(await panel.getByLabel('From').first().inputValue(), 'Mon-Fri-00:00');
    await panel.getByRole('button', { name: 'Back to the configuration' }).click();
    await panel.getByText('No limit at any time').waitFor();
  });

  test('limits hold while it runs; a dead server is said, and everything is fresh when it is back', async () => {
    const body = { name: 'long', type: 'copy', source: { store: 'old' }, destination: { store: 'slow' } };
    assert.equal((await server.ask('POST', '/v1/tasks', body)).status, 201);
    await server.ask('PATCH', '/v1/tasks/long/limits', { objectsPerSecond: 2 });
    await server.ask('POST', '/v1/tasks/long/run');
    await using window = await open('/tasks/long');
    const { page } = window;
    await page.getByText('The limit of objects per second (2)').waitFor();
    await page.getByText('Live', { exact: true }).last().waitFor();
    await server.kill('SIGKILL');
    await page.getByText('Connection lost').waitFor();
    assert.equal(await page.locator('main').getAttribute('data-stale'), '');
    await window.assertAccessible('without a server');
    await server.startAgain();
    await page.getByText('Connection lost').waitFor({ state: 'detached' });
    assert.equal(await page.locator('main').getAttribute('data-stale'), null);
    // What was running when it died goes on, and is told by events again.
    await page.getByText('The limit of objects per second (2)').waitFor();
    await page.getByRole('link', { name: 'Settings', exact: true }).last().click();
    await page.getByLabel('Objects per second').fill('');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('status').filter({ hasText: 'The limits hold' }).waitFor({ state: 'attached' });
    await page.getByRole('main').getByText('Finished').waitFor();
    assert.equal((await server.ask('GET', '/v1/tasks/long')).json.counters.failed, 0);
  });
});

/** Moves the focus with the tab key alone until it is there. */
async function reach(page: Page, role: 'link' | 'button' | 'combobox' | 'textbox', name: string): Promise<void> {
  const wanted = page.getByRole(role, { name, exact: true }).last();
  await wanted.waitFor();
  for (let i = 0; i < 60; i++) {
    if (await wanted.evaluate((element) => element === element.ownerDocument.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`the tab key never reaches ${role} ${name}`);
}
