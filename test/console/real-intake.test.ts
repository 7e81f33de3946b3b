// The console and what a real `ferry serve` takes in: jobs with their files and callbacks, and events of stores.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { buildConsole } from '../../scripts/lib/console.ts';
import { ControlServer } from '../e2e/control-server.ts';
import { openBrowser, Window, withoutBrowser } from './browser.ts';

const SECRET = 'sixteen-characters';

describe('the console at jobs and events', { skip: withoutBrowser, concurrency: true }, () => {
  let server: ControlServer;
  let browser: Browser;
  let origin: Server;
  let url: string;
  let broken = true;
  let refusals = 1;
  const calls: string[] = [];
  before(async () => {
    await buildConsole(join(import.meta.dirname, '../../dist/console'));
    origin = createServer((request, response) => {
      if (request.method === 'POST') {
        calls.push(String(request.headers['ferry-event']));
        request.resume().on('end', () => response.writeHead(refusals-- > 0 ? 500 : 204).end());
      } else if (request.url === '/files/bad' && broken) response.writeHead(403).end();
      else response.end(request.method === 'HEAD' ? '' : `body of ${request.url}`);
    });
    origin.listen(0, '127.0.0.1');
    await once(origin, 'listening');
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port.
    url = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
    server = await ControlServer.start({ allow_private_origins: true });
    for (const name of ['from', 'to', 'target']) {
      mkdirSync(at(name), { recursive: true });
      const made = await server.ask('POST', '/v1/stores', { name, type: 'file', path: at(name), options: {} });
      assert.equal(made.status, 201, JSON.stringify(made.json));
    }
    browser = await openBrowser();
  });
  after(async () => {
    await browser.close();
    server[Symbol.dispose]();
    origin.closeAllConnections();
    origin.close();
  });
  const at = (...names: string[]): string => join(server.ferry.dir, 'stores', ...names);
  const open = async (path: string): Promise<Window> => {
    const window = await Window.open(browser, server.url);
    await window.login(server.token, path);
    return window;
  };

  test('a job is given on the page; what failed is seen, and tried again; callbacks are seen and sent again', async () => {
    await using window = await open('/jobs');
    const { page } = window;
    await page.getByText('There is no job yet').waitFor();
    await page.getByRole('link', { name: 'New job' }).first().click();
    await page.getByLabel('URLs, one a line').fill(`${url}/files/a\n${url}/files/b\n${url}/files/bad\n`);
    await page.getByLabel('Store they are copied into').selectOption('target');
    await page.getByLabel('Callback URL').fill(`${url}/told`);
    await page.getByRole('button', { name: 'New job' }).click();
    await page.getByText('Incomplete', { exact: true }).waitFor();
    const files = page.getByRole('region', { name: 'Files of the job' });
    await files
      .getByRole('row', { name: /files\/bad/ })
      .getByText(/^failed: /)
      .waitFor();
    await files
      .getByRole('row', { name: /files\/a/ })
      .getByText('at the target')
      .waitFor();
    await files.getByLabel('Files', { exact: true }).selectOption('failed');
    await files.getByRole('row', { name: /files\/a/ }).waitFor({ state: 'detached' });
    await window.assertAccessible('a job that is not complete');
    broken = false;
    await page.getByRole('button', { name: 'Try again what failed' }).click();
    await page.getByText('Complete', { exact: true }).waitFor();
    assert.ok(existsSync(at('target', 'files/bad')));
    await page.reload();
    await page.getByRole('link', { name: 'Jobs' }).click();
    await page.getByRole('row', { name: /Complete/ }).waitFor();
    await page.getByRole('link', { name: 'Callbacks' }).click();
    const ended = page.getByRole('row', { name: /job\.ended/ }).first();
    await ended.getByText('Delivered').waitFor();
    const sent = calls.length;
    await ended.getByRole('button', { name: /^Send again/ }).click();
    await page
      .getByRole('row', { name: /job\.ended/ })
      .first()
      .getByRole('button', { name: /attempts of/ })
      .getByText('2')
      .waitFor();
    assert.ok(calls.slice(sent).includes('job.ended'));
    await page
      .getByRole('row', { name: /job\.started/ })
      .last()
      .getByRole('button', { name: /attempts of/ })
      .click();
    await page.getByRole('dialog').getByText(/500/).first().waitFor();
  });

  test('an event source is made; what it tells is carried out and counted; it is removed', async () => {
    await using window = await open('/events');
    const { page } = window;
    await page.getByRole('link', { name: 'New event source' }).first().click();
    await page.getByLabel('Name').fill('watched');
    await page.getByLabel('Secret').fill(SECRET);
    await page.getByLabel('Store whose changes are told').selectOption('from');
    await page.getByLabel('Store they are carried out at').selectOption('to');
    await page.getByRole('button', { name: 'New event source' }).click();
    await page.getByRole('heading', { level: 1, name: 'watched' }).waitFor();
    assert.ok(!(await page.content()).includes(SECRET));
    const address = await page.getByRole('main').getByText('/v1/events/watched').textContent();
    writeFileSync(at('from', 'told'), 'told');
    const s3 = { bucket: { name: 'from' }, object: { key: 'told', size: 4, sequencer: '01' } };
    const told = await fetch(address!, {
      method: 'POST',
      headers: { authorization: `Bearer ${SECRET}`, 'content-type': 'application/json' },
      body: JSON.stringify({ Records: [{ eventName: 'ObjectCreated:Put', s3 }] }),
    });
    assert.equal(told.status, 200);
    const figure = (name: string) => page.locator('.figures > div').filter({ hasText: name }).locator('dd').first();
    await figure('Transferred').getByText('1', { exact: true }).waitFor();
    assert.ok(existsSync(at('to', 'told')));
    writeFileSync(at('from', 'missed'), 'missed');
    await page.getByRole('button', { name: 'Compare now' }).click();
    const compared = page.locator('dt', { hasText: 'Last comparison' }).locator('+ dd');
    await compared.getByText(/^\d{4}/).waitFor();
    assert.ok(existsSync(at('to', 'missed')));
    await window.assertAccessible('an event source');
    await page.getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('dialog').getByRole('textbox').fill('watched');
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByText('No store tells of its changes').waitFor();
  });
});
