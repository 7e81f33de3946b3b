// The console and a real `ferry serve`: what it asks for is there, and a task is made, run, broken and repaired from the page.
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PATHS } from '../../console/src/api/operations.ts';
import { buildConsole } from '../../scripts/lib/console.ts';
import { ControlServer } from '../e2e/control-server.ts';
import { openBrowser, Window, withoutBrowser } from './browser.ts';

test('every request of the console is an operation of the server', async () => {
  using server = await ControlServer.start();
  const { json } = await server.ask('GET', '/v1/openapi.json');
  const { paths } = json as { paths: Record<string, Record<string, unknown>> };
  const missing = Object.values(PATHS).filter(([method, path]) => paths[path]?.[method.toLowerCase()] === undefined);
  assert.deepEqual(missing, []);
});

test('a task is made in the wizard, runs, fails, and is repaired from the page', { skip: withoutBrowser }, async () => {
  await buildConsole(join(import.meta.dirname, '../../dist/console'));
  using server = await ControlServer.start();
  const root = server.ferry.dir;
  const [from, to] = [join(root, 'from'), join(root, 'to')];
  for (const folder of [from, to]) mkdirSync(folder);
  for (let i = 0; i < 50; i++) writeFileSync(join(from, `object-${i}`), `content ${i}`);
  // Where a directory has to be there is a file.
  mkdirSync(join(from, 'deep'));
  writeFileSync(join(from, 'deep/one'), 'one');
  writeFileSync(join(to, 'deep'), 'in the way');
  const browser = await openBrowser();
  try {
    await using window = await Window.open(browser, server.url);
    const { page } = window;
    await window.login(server.token, '/');
    await page.getByText('Nothing needs you').waitFor();
    for (const [name, path] of [
      ['old', from],
      ['new', to],
    ] as const) {
      await page.goto('/new/store');
      await page.getByLabel('Name', { exact: true }).fill(name);
      await page.getByLabel('Type').selectOption('file');
      await page.getByLabel('Path').fill(path);
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('heading', { level: 1, name }).waitFor();
      await page.getByRole('button', { name: `Test ${name}` }).click();
      await page.getByRole('heading', { name: 'What it can do' }).waitFor();
    }
    await page.goto('/new/task');
    await page.getByLabel('Store', { exact: true }).selectOption('old');
    await page.getByRole('button', { name: 'Test and go on' }).click();
    await page.getByRole('heading', { name: 'Step 2' }).waitFor();
    await page.getByLabel('Store', { exact: true }).selectOption('new');
    await page.getByRole('button', { name: 'Test and go on' }).click();
    await page.getByRole('heading', { name: 'Step 3' }).waitFor();
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByRole('heading', { name: 'Step 4' }).waitFor();
    await page.getByLabel('Name every object in the report').check();
    await page.getByRole('button', { name: 'Test and go on' }).click();
    await page.getByRole('heading', { name: 'Step 5' }).waitFor();
    await page.getByRole('row', { name: /^Copy 5[01]/ }).waitFor();
    const name = page.getByLabel('Name of the task');
    assert.equal(await name.inputValue(), 'old-to-new');
    await name.fill('first.move');
    await page.getByRole('button', { name: 'Create the task' }).click();
    await page.getByRole('heading', { level: 1, name: 'first.move' }).waitFor();
    await page.getByRole('link', { name: /^Failures 1/ }).click();
    await page.getByRole('button', { name: 'Show the objects' }).click();
    await page.getByText('deep/one').first().waitFor();
    renameSync(join(to, 'deep'), join(root, 'out-of-the-way'));
    await page.getByRole('button', { name: 'Retry all' }).click();
    await page.getByText('No object failed').waitFor();
    for (const [tab, text] of [
      ['Files', 'deep/one'],
      ['Settings', 'type: copy'],
      ['Log', 'run starts'],
      ['Report', 'Open'],
      ['Overview', 'Throughput'],
    ] as const) {
      await page.getByRole('link', { name: tab, exact: true }).last().click();
      await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' });
      await page.getByRole('main').getByText(text).first().waitFor();
      assert.equal(await page.getByRole('alert').filter({ hasText: /\S/ }).count(), 0, tab);
    }
    renameSync(from, join(root, 'gone'));
    await page.getByRole('button', { name: 'Run again' }).click();
    await page.getByRole('link', { name: 'Overview', exact: true }).last().click();
    await page.getByText('What to do: Check `path`').waitFor();
    renameSync(join(root, 'gone'), from);
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByText('Finished').first().waitFor();
    await page.getByRole('link', { name: 'Settings', exact: true }).last().click();
    await page.getByLabel('Bandwidth').fill('08:00,10MiB 19:00,off');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('status').filter({ hasText: 'The limits hold' }).waitFor({ state: 'attached' });
    for (const path of ['/', '/tasks', '/stores', '/migrations', '/mirror', '/nodes', '/audit', '/settings']) {
      await page.goto(path);
      await page.locator('.content .panel').first().waitFor();
      await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' });
      await window.assertAccessible(path);
    }
  } finally {
    await browser.close();
  }
});
