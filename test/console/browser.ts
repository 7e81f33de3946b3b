/** The console in a real browser: built once for a file of tests, served by a control plane of this process. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';
import { buildConsole } from '../../scripts/lib/console.ts';
import { unavailable } from '../peers/servers.ts';

export const withoutBrowser = unavailable('chromium');

export class BuiltConsole implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<BuiltConsole> {
    const folder = await mkdtemp(join(tmpdir(), 'ferry-console-'));
    await buildConsole(folder);
    return new BuiltConsole(folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true });
  }
}

export async function openBrowser(): Promise<Browser> {
  return await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--force-color-profile=srgb'],
  });
}

/** A page that may ask nobody but `url`, and whose errors fail the test that closes it. */
export class Window implements AsyncDisposable {
  readonly page: Page;
  readonly errors: string[] = [];
  readonly strangers: string[] = [];
  readonly #context: BrowserContext;

  private constructor(context: BrowserContext, page: Page, url: string) {
    this.#context = context;
    this.page = page;
    page.on('pageerror', (error) => this.errors.push(String(error)));
    page.on('console', (message) => {
      // What the server refuses, and a lost connection, the browser itself writes down.
      if (message.type() === 'error' && !/Failed to load resource|ERR_/.test(message.text()))
        this.errors.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(url) && !request.url().startsWith('data:')) this.strangers.push(request.url());
    });
  }

  static async open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Window> {
    const context = await browser.newContext({ baseURL: url, viewport: { width: 1280, height: 860 }, ...options });
    context.setDefaultTimeout(20_000);
    return new Window(context, await context.newPage(), url);
  }

  /** Begins a session with a token, and opens a page. */
  async login(token: string, path = '/'): Promise<void> {
    const begun = await this.page.request.post('/v1/session', { data: { token } });
    assert.equal(begun.status(), 201);
    await this.page.goto(path);
    await this.page.getByRole('heading', { level: 1 }).waitFor();
  }

  /** Fails with what axe-core finds. */
  async assertAccessible(about: string): Promise<void> {
    const found = await violations(this.page);
    assert.deepEqual(found, [], `${about}: ${found.join('\n')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
    assert.deepEqual(this.errors, []);
    assert.deepEqual(this.strangers, [], 'requests to elsewhere');
  }
}

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly failureSummary?: string; readonly html: string }[];
  }[];
}

/** Runs in a world of its own: the page's policy lets no script in. */
async function violations(page: Page): Promise<string[]> {
  const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  const session = await page.context().newCDPSession(page);
  try {
    const { frameTree } = await session.send('Page.getFrameTree');
    const { executionContextId } = await session.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id });
    const run = async (expression: string): Promise<unknown> => {
      const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
        expression,
        contextId: executionContextId,
        awaitPromise: true,
        returnByValue: true,
      });
      assert.equal(exceptionDetails, undefined, JSON.stringify(exceptionDetails));
      return result.value;
    };
    await run(`${axe};undefined`);
    const text = await run('axe.run(document, { resultTypes: ["violations"] }).then((found) => JSON.stringify(found))');
    const results = JSON.parse(String(text)) as AxeResults;
    return results.violations.flatMap(({ id, nodes }) =>
      nodes.map(({ failureSummary = '', html }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
    );
  } finally {
    await session.detach();
  }
}
