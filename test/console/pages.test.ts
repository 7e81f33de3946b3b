// Every page: what it shows, what it does, by keyboard, in both themes and on a phone, with hostile names, under load.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import type { Role } from '../../src/control/access/role.ts';
import { Controlled } from '../unit/control/controlled.ts';
import { BuiltConsole, openBrowser, Window, withoutBrowser } from './browser.ts';
import { aTask, FakeApi } from './fake-api.ts';
import { furnish, HOSTILE, progressOf } from './scenery.ts';

/** A furnished place, and a page of it. */
class Place implements AsyncDisposable {
  readonly fake: FakeApi;
  readonly controlled: Controlled;
  readonly window: Window;

  private constructor(fake: FakeApi, controlled: Controlled, window: Window) {
    this.fake = fake;
    this.controlled = controlled;
    this.window = window;
  }

  static async open(
    [built, browser]: readonly [BuiltConsole, Browser],
    path: string,
    options: Parameters<typeof Window.open>[2] = {},
    role: Role = 'admin',
    change: (fake: FakeApi) => void = () => undefined,
  ): Promise<Place> {
    let fake: FakeApi | undefined;
    const controlled = await Controlled.start((_, hub) => (fake = new FakeApi(hub)).routes(), Date.now, built.folder);
    furnish(fake!, Date.now());
    change(fake!);
    const window = await Window.open(browser, controlled.url, options);
    await window.login(await controlled.token(role), path);
    return new Place(fake!, controlled, window);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.window[Symbol.asyncDispose]();
    await this.controlled[Symbol.asyncDispose]();
    assert.deepEqual(this.controlled.defects, []);
  }
}

const PAGES = [
  '/',
  '/tasks',
  '/tasks/photos-archive',
  '/tasks/photos-archive/failures',
  '/tasks/photos-archive/files',
  '/tasks/photos-archive/settings',
  '/tasks/photos-archive/log',
  '/tasks/photos-archive/report',
  '/tasks/tape-2019',
  '/new/task',
  '/jobs',
  '/jobs/job-mh2x81-4k',
  '/jobs/job-mgzz03-1d',
  '/new/job',
  '/callbacks',
  '/events',
  '/events/photos',
  '/events/invoices',
  '/new/event',
  '/migrations',
  '/migrations/photos',
  '/migrations/thumbnails',
  '/mirror',
  '/stores',
  '/stores/photos-old',
  '/stores/photos-old/edit',
  '/new/store',
  '/nodes',
  '/audit',
  '/settings',
];

describe('pages', { skip: withoutBrowser }, () => {
  let built: BuiltConsole;
  let browser: Browser;
  const at = (): readonly [BuiltConsole, Browser] => [built, browser];
  before(async () => {
    built = await BuiltConsole.make();
    browser = await openBrowser();
  });
  after(async () => {
    await browser.close();
    await built[Symbol.asyncDispose]();
  });

  for (const [name, options] of [
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['a phone', { colorScheme: 'light', viewport: { width: 375, height: 740 } }],
    ['Chinese', { locale: 'zh-CN', colorScheme: 'light' }],
  ] as const)
    test(`all are accessible in ${name}, and nothing is wider than the window`, async () => {
      await using place = await Place.open(at(), '/', options);
      const { window } = place;
      const { page } = window;
      for (const path of PAGES) {
        await page.goto(path);
        await page.locator('.content .panel').first().waitFor();
        await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' });
        await window.assertAccessible(path);
        const widths = await page.evaluate<[number, number]>('[document.documentElement.scrollWidth, innerWidth]');
        assert.ok(widths[0] <= widths[1], `${path} is ${widths[0]} wide in ${widths[1]}`);
      }
    });

  test('empty places say what would be there', async () => {
    await using place = await Place.open(at(), '/', {}, 'admin', (fake) => {
      fake.tasks = [];
      fake.stores = [];
      fake.migrations = [];
      fake.mirrors = [];
      fake.jobs = [];
      fake.deliveries = [];
      fake.eventSources = [];
    });
    const { page } = place.window;
    for (const [path, text] of [
      ['/', 'Nothing needs you'],
      ['/tasks', 'There is no task yet'],
      ['/jobs', 'There is no job yet'],
      ['/callbacks', 'No message was sent'],
      ['/events', 'No store tells of its changes'],
      ['/migrations', 'No bucket is being moved'],
      ['/mirror', 'No bucket is a mirror'],
      ['/stores', 'No store is registered'],
    ] as const) {
      await page.goto(path);
      await page.getByText(text).waitFor();
    }
  });

  test('the overview says what needs a human, and leads there', async () => {
    await using place = await Place.open(at(), '/');
    const { page } = place.window;
    await page.getByText('3,204 objects failed').waitFor();
    await page.getByText('did not pass its last test').waitFor();
    await page.getByText('changes can no longer be compared: the source does not answer').waitFor();
    await page.getByRole('region', { name: 'Needs a human' }).getByRole('link', { name: 'photos-archive' }).click();
    await page.getByRole('heading', { name: 'Failures by cause' }).waitFor();
  });

  test('tasks are found, chosen and paused together', async () => {
    await using place = await Place.open(at(), '/tasks');
    const { page } = place.window;
    await page.getByRole('checkbox', { name: 'Select photos-archive' }).check();
    await page.getByRole('checkbox', { name: 'Select invoices-nightly' }).check();
    await page.getByRole('checkbox', { name: 'Select web-assets' }).check();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page
      .getByRole('row', { name: /photos-archive/ })
      .getByText('Paused')
      .waitFor();
    assert.deepEqual(place.fake.asked.map(({ id, name }) => `${id} ${name}`).sort(), [
      'pauseTask invoices-nightly',
      'pauseTask photos-archive',
    ]);
    await page.getByRole('searchbox').fill('web');
    await page.getByRole('row', { name: /photos-archive/ }).waitFor({ state: 'detached' });
    await page.getByRole('row', { name: /web-assets/ }).waitFor();
  });

  test('failures are retried by cause, and one by one', async () => {
    await using place = await Place.open(at(), '/tasks/photos-archive/failures');
    const { page } = place.window;
    await page.getByRole('checkbox', { name: 'Select access-denied' }).check();
    await page.getByRole('button', { name: 'Show the objects' }).first().click();
    await page.getByRole('checkbox', { name: 'Select legal/2019/0003.pdf' }).check();
    await page.getByRole('button', { name: 'Retry selected' }).click();
    await page.getByRole('button', { name: 'Retry selected' }).waitFor({ state: 'detached' });
    assert.deepEqual(place.fake.asked.at(-1), {
      id: 'retryFailures',
      name: 'photos-archive',
      body: { codes: ['access-denied'], keys: ['legal/2019/0003.pdf'] },
    });
  });

  test('limits of a running task are changed', async () => {
    await using place = await Place.open(at(), '/tasks/photos-archive/settings');
    const { page } = place.window;
    await page.getByLabel('Bandwidth').fill('08:00,10MiB 19:00,off');
    await page.getByLabel('Objects in flight').fill('32');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('status').filter({ hasText: 'The limits hold' }).waitFor({ state: 'attached' });
    assert.deepEqual(place.fake.asked.at(-1)?.body, {
      concurrency: 32,
      bandwidth: '08:00,10MiB 19:00,off',
      objectsPerSecond: null,
    });
  });

  test('a million files scroll, and few rows are in the document', async () => {
    await using place = await Place.open(at(), '/tasks/photos-archive/files');
    const { page } = place.window;
    await page.getByText('img/000000.jpg').waitFor();
    await page.getByText('img/000014.jpg').waitFor();
    const box = page.getByRole('group', { name: 'Objects with what became of them' });
    for (let thousands = 1; thousands <= 12; thousands++) {
      await page.getByText(`${thousands},000+ rows`).waitFor();
      await box.press('End');
    }
    assert.ok((await page.locator('tbody tr').count()) < 80);
    await box.press('Home');
    await page.getByText('img/000000.jpg').waitFor();
  });

  test('a task is made in five steps by keyboard alone, and copied as YAML', async () => {
    await using place = await Place.open(at(), '/new/task', { permissions: ['clipboard-read', 'clipboard-write'] });
    const { page } = place.window;
    const press = async (...keys: string[]): Promise<void> => {
      for (const key of keys) await page.keyboard.press(key);
    };
    await page.getByLabel('Store', { exact: true }).focus();
    await page.keyboard.type('photos-old');
    await press('Tab', 'Tab', 'Enter');
    await page.getByRole('heading', { name: 'Step 2 of 5: Destination' }).waitFor();
    assert.match((await page.locator(':focus').textContent()) ?? '', /Step 2/);
    await page.getByLabel('Store', { exact: true }).focus();
    await page.keyboard.type('photos-new');
    await press('Tab');
    await page.keyboard.type('in/');
    await press('Tab', 'Tab', 'Enter');
    await page.getByRole('heading', { name: 'Step 3 of 5: What' }).waitFor();
    await page.getByLabel('Prefix').fill('img/');
    await page.getByRole('button', { name: 'Next' }).press('Enter');
    await page.getByRole('heading', { name: 'Step 4 of 5: How' }).waitFor();
    await page.getByRole('button', { name: 'Test and go on' }).press('Enter');
    await page.getByRole('heading', { name: 'Step 5 of 5: Review' }).waitFor();
    await page.getByText('118,020').waitFor();
    await page.getByText('the destination keeps no tags').waitFor();
    await place.window.assertAccessible('review');
    await page.getByRole('button', { name: 'Copy as YAML' }).press('Enter');
    const yaml = await page.evaluate<string>('navigator.clipboard.readText()');
    assert.match(
      yaml,
      /type: copy\nsource:\n {2}store: photos-old\ndestination:\n {2}store: photos-new\n {2}path: in\/\nfilters:\n {2}prefix: img\/\n/,
    );
    await page.getByLabel('Name of the task').fill('made-here');
    await press('Enter');
    await page.getByRole('heading', { level: 1, name: 'made-here' }).waitFor();
    const made = place.fake.asked.find(({ id }) => id === 'createTask');
    assert.deepEqual(made?.body, {
      type: 'copy',
      source: { store: 'photos-old' },
      destination: { store: 'photos-new', path: 'in/' },
      filters: { prefix: 'img/' },
      name: 'made-here',
      start: true,
    });
  });

  test('a store that does not work stops the wizard with a remedy, until one goes on all the same', async () => {
    await using place = await Place.open(at(), '/new/task', {}, 'admin', (fake) => {
      fake.storeTest = {
        ok: false,
        checks: [{ name: 'connect', ok: false, detail: 'no route to host', remedy: 'Check the endpoint.' }],
      };
    });
    const { page } = place.window;
    await page.getByLabel('Store', { exact: true }).selectOption('photos-old');
    await page.getByRole('button', { name: 'Test and go on' }).click();
    await page.getByText('Check the endpoint.').waitFor();
    await page.getByRole('button', { name: 'Go on all the same' }).click();
    await page.getByRole('heading', { name: 'Step 2 of 5: Destination' }).waitFor();
  });

  test('a store is registered; its secret is sent once and shown nowhere', async () => {
    await using place = await Place.open(at(), '/new/store');
    const { page } = place.window;
    await page.getByLabel('Name', { exact: true }).fill('fresh');
    await page.getByLabel('Type').selectOption('s3');
    await page.getByLabel('bucket_name').fill('fresh-bucket');
    await page.getByLabel('secret_access_key').fill('hush-hush');
    await page.getByRole('button', { name: 'Test', exact: true }).click();
    await page.getByText('1,000 keys in 84 ms').waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { level: 1, name: 'fresh' }).waitFor();
    assert.deepEqual(place.fake.asked.at(-1)?.body, {
      name: 'fresh',
      type: 's3',
      path: '',
      options: { bucket_name: 'fresh-bucket', secret_access_key: 'hush-hush' },
    });
    assert.ok(!(await page.content()).includes('hush-hush'));
  });

  test('a move is switched after one has read what that does; what is not ready cannot be pressed', async () => {
    await using place = await Place.open(at(), '/migrations/invoices', {}, 'admin', (fake) => {
      fake.migrations = fake.migrations.map((each) =>
        each.name === 'invoices' ? { ...each, next: [{ step: 'switch', allowed: true, checks: [] }] } : each,
      );
    });
    const { page } = place.window;
    await page.getByRole('button', { name: 'Switch' }).click();
    await page.getByRole('dialog').getByText('Writes wait until those on the old side have ended').waitFor();
    await place.window.assertAccessible('switch');
    await page.getByRole('dialog').getByRole('button', { name: 'Switch' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(place.fake.asked.at(-1)?.id, 'switchMigration');
    await page.goto('/migrations/photos');
    const verify = page.getByRole('button', { name: 'Verify' });
    await verify.waitFor();
    assert.equal(await verify.getAttribute('aria-disabled'), 'true');
    await page.getByText('12 ranges are open').waitFor();
  });

  test('several buckets take a step they share; finalising asks for the name', async () => {
    await using place = await Place.open(at(), '/migrations');
    const { page } = place.window;
    await page.getByRole('checkbox', { name: 'Select photos' }).check();
    await page.getByRole('checkbox', { name: 'Select thumbnails' }).check();
    await page.getByRole('group', { name: 'Next step' }).getByRole('button', { name: 'Roll back' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Roll back' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.deepEqual(
      place.fake.asked.map(({ id, name }) => `${id} ${name}`),
      ['rollbackMigration photos', 'rollbackMigration thumbnails'],
    );
    await page.getByRole('link', { name: 'thumbnails' }).first().click();
    await page.getByRole('button', { name: 'Finalise' }).click();
    const sure = page.getByRole('dialog').getByRole('button', { name: 'Finalise' });
    assert.equal(await sure.getAttribute('aria-disabled'), 'true');
    await page.getByRole('dialog').getByRole('textbox').fill('thumbnails');
    await sure.click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(place.fake.asked.at(-1)?.id, 'finaliseMigration');
  });

  test('a viewer sees everything and is offered no change', async () => {
    await using place = await Place.open(at(), '/tasks/photos-archive', {}, 'viewer');
    const { page } = place.window;
    await page.getByText('2,640,118').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Pause' }).count(), 0);
    await page.goto('/tasks');
    await page.getByRole('row', { name: /photos-archive/ }).waitFor();
    assert.equal(await page.getByRole('checkbox').count(), 0);
    assert.equal(await page.getByRole('link', { name: 'Audit' }).count(), 0);
    for (const path of ['/audit', '/new/task', '/new/store', '/stores/photos-old/edit']) {
      await page.goto(path);
      await page.getByText(/This needs the role (Administrator|Operator)/).waitFor();
    }
    for (const path of ['/settings', '/stores', '/migrations/photos', '/mirror']) {
      await page.goto(path);
      await page.locator('.content .panel').first().waitFor();
      await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' });
      const buttons = page.getByRole('main').getByRole('button').filter({ visible: true });
      assert.deepEqual(await buttons.allTextContents(), [], path);
    }
  });

  test('an operator is told which steps are an administrator’s', async () => {
    await using place = await Place.open(at(), '/migrations/photos', {}, 'operator');
    const { page } = place.window;
    const back = page.getByRole('button', { name: 'Roll back' });
    await back.waitFor();
    assert.equal(await back.getAttribute('title'), 'This needs the role Administrator.');
    await back.click({ force: true });
    assert.equal(await page.getByRole('dialog').count(), 0);
  });

  test('markup in keys, names and messages is text', async () => {
    const evil = 'x-"><script>document.title="owned"</script>';
    await using place = await Place.open(at(), '/tasks/photos-archive/failures', {}, 'admin', (fake) => {
      fake.stores.push({ name: evil, type: HOSTILE, path: HOSTILE, options: { bucket_name: HOSTILE }, createdAt: 1 });
      fake.tasks.push(aTask(evil, { state: 'failed', source: HOSTILE, error: { code: 'x', message: HOSTILE } }));
    });
    const { page } = place.window;
    await page.getByText(HOSTILE).first().waitFor();
    for (const path of [
      '/',
      '/tasks',
      `/tasks/${encodeURIComponent(evil)}`,
      '/stores',
      `/stores/${encodeURIComponent(evil)}`,
      '/new/task',
    ]) {
      await page.goto(path);
      await page.locator('.content .panel').first().waitFor();
      await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' });
      assert.equal(await page.locator('#console script, img[src=x]').count(), 0);
      assert.doesNotMatch(await page.title(), /^owned/);
    }
  });

  test('what cannot be seen in a key is shown, and one that turns letters round does not', async () => {
    const keys = ['\u202Egnp.exe', 'two\nlines', '  blanks', 'zero\u200Bwidth'];
    await using place = await Place.open(at(), '/tasks/photos-archive/files', {}, 'admin', (fake) => {
      const { row } = fake.files;
      fake.files = { count: keys.length, row: (i) => ({ ...row(i), key: keys[i]! }) };
    });
    const { page } = place.window;
    await page.getByRole('row', { name: /⟨U\+202E⟩gnp\.exe/ }).waitFor();
    const shown = await page.locator('tbody code').allTextContents();
    assert.deepEqual(shown, ['⟨U+202E⟩gnp.exe', 'two⟨U+000A⟩lines', '  blanks', 'zero⟨U+200B⟩width']);
    await place.window.assertAccessible('keys');
  });

  test('a task that was removed elsewhere is not shown as if it were there', async () => {
    await using place = await Place.open(at(), '/tasks/tape-2019');
    const { page } = place.window;
    await page.getByRole('button', { name: 'Remove' }).waitFor();
    place.fake.remove(place.fake.tasks.find(({ name }) => name === 'tape-2019')!);
    await page.getByText('It may have been removed meanwhile.').waitFor();
    assert.equal(await page.locator('.page-head').getByRole('button').count(), 0);
    assert.equal(await page.locator('.content .panel').count(), 0);
  });

  test('what happens is shown without reloading; after a break everything is read anew', async () => {
    await using place = await Place.open(at(), '/tasks/photos-archive');
    const { page } = place.window;
    const task = place.fake.tasks[0]!;
    await page.getByText('2,640,118').waitFor();
    await page.locator('summary', { hasText: 'Ranges that are not done' }).click();
    const open = page.getByRole('group', { name: 'Ranges that are not done' }).locator('tbody tr').first();
    assert.match((await open.getByRole('rowheader').textContent()) ?? '', /^(img|…)/);
    place.fake.update({ ...task, counters: { ...task.counters, copied: 2_700_000 } });
    await page.getByText('2,700,000').waitFor();
    await page.context().setOffline(true);
    await page.getByText('Connection lost').waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('Whether it was done is not known').waitFor();
    assert.equal(await page.getByText('tries again by itself').count(), 0, 'the banner says it once');
    place.fake.update({ ...task, state: 'finished', counters: { ...task.counters, copied: 4_812_330 } });
    assert.equal(await page.locator('main').getAttribute('data-stale'), '');
    await page.context().setOffline(false);
    await page.getByText('Connection lost').waitFor({ state: 'detached' });
    await page.getByRole('main').getByText('Finished').waitFor();
    await page.getByText('4,812,330').first().waitFor();
  });

  test('10,000 tasks and 100 events a second: the list answers at once and stays small', async () => {
    await using place = await Place.open(at(), '/tasks', {}, 'admin', (fake) => {
      fake.tasks = Array.from({ length: 10_000 }, (_, i) =>
        aTask(`task-${String(i).padStart(5, '0')}`, { state: 'running', progress: progressOf() }),
      );
    });
    const { page } = place.window;
    const { fake } = place;
    await page.getByText('task-00000').waitFor();
    let sent = 0;
    const { promise: stormed, resolve } = Promise.withResolvers<void>();
    const storm = setInterval(() => {
      const old = fake.tasks[sent % 10_000]!;
      fake.update({ ...old, counters: { ...old.counters, copied: ++sent } });
      if (sent === 300) resolve();
    }, 10);
    try {
      await page.evaluate(
        'window.longest = 0; window.last = performance.now(); setInterval(() => { const now = performance.now(); longest = Math.max(longest, now - last); last = now; }, 20)',
      );
      await page.getByRole('searchbox').fill('task-0999');
      await page.getByText('task-09990').waitFor();
      await page.getByRole('checkbox', { name: 'Select task-09991' }).check();
      await page.getByRole('searchbox').fill('');
      await page.getByText('task-00000').waitFor();
      await stormed;
      const longest = await page.evaluate<number>('longest');
      assert.ok(longest < 1000, `the page stood still for ${longest} ms`);
      assert.ok((await page.locator('tbody tr').count()) < 80);
    } finally {
      clearInterval(storm);
    }
  });
});
