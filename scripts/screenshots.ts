// `node scripts/screenshots.ts [NAME…]`: pictures of the console's pages in docs/screenshots, of made-up data.
import { mkdirSync } from 'node:fs';
import { BuiltConsole, openBrowser, Window } from '../test/console/browser.ts';
import { FakeApi } from '../test/console/fake-api.ts';
import { furnish } from '../test/console/scenery.ts';
import { Controlled } from '../test/unit/control/controlled.ts';

type Look = 'light' | 'dark' | 'phone' | 'zh';

const SHOTS: readonly { readonly name: string; readonly path: string; readonly looks: readonly Look[] }[] = [
  { name: 'audit', path: '/audit', looks: ['light'] },
  { name: 'overview', path: '/', looks: ['light', 'dark', 'phone', 'zh'] },
  { name: 'tasks', path: '/tasks', looks: ['light', 'dark', 'phone'] },
  { name: 'task', path: '/tasks/photos-archive', looks: ['light', 'dark', 'phone', 'zh'] },
  { name: 'task-failures', path: '/tasks/photos-archive/failures', looks: ['light'] },
  { name: 'task-files', path: '/tasks/photos-archive/files', looks: ['light'] },
  { name: 'task-settings', path: '/tasks/photos-archive/settings', looks: ['light'] },
  { name: 'new-task', path: '/new/task', looks: ['light', 'phone'] },
  { name: 'jobs', path: '/jobs', looks: ['light', 'phone'] },
  { name: 'job', path: '/jobs/job-mh2x81-4k', looks: ['light', 'dark', 'zh'] },
  { name: 'callbacks', path: '/callbacks', looks: ['light'] },
  { name: 'events', path: '/events', looks: ['light', 'phone'] },
  { name: 'event', path: '/events/photos', looks: ['light'] },
  { name: 'migrations', path: '/migrations', looks: ['light', 'dark', 'phone', 'zh'] },
  { name: 'migration', path: '/migrations/photos', looks: ['light', 'dark', 'phone', 'zh'] },
  { name: 'mirror', path: '/mirror', looks: ['light', 'phone'] },
  { name: 'stores', path: '/stores', looks: ['light'] },
  { name: 'store', path: '/stores/photos-old', looks: ['light'] },
  { name: 'nodes', path: '/nodes', looks: ['light'] },
  { name: 'settings', path: '/settings', looks: ['light', 'dark', 'zh', 'phone'] },
];

const FOLDER = 'docs/screenshots';
const wanted = process.argv.slice(2);
mkdirSync(FOLDER, { recursive: true });
await using built = await BuiltConsole.make();
const browser = await openBrowser();
let fake: FakeApi | undefined;
await using controlled = await Controlled.start((_, hub) => (fake = new FakeApi(hub)).routes(), Date.now, built.folder);
furnish(fake!, Date.now());
const token = await controlled.token('admin', 'wei.chen');
for (const [method, path] of [
  ['POST', '/v1/tasks/cctv-week-46/pause'],
  ['POST', '/v1/migrations/invoices/switch'],
  ['DELETE', '/v1/users/nobody-knows'],
  ['POST', '/v1/tasks/photos-archive/retry-failures'],
  ['DELETE', '/v1/stores/never-made'],
] as const)
  await controlled.ask(method, path, { token });
for (const { name, path, looks } of SHOTS.filter((shot) => wanted.length === 0 || wanted.includes(shot.name))) {
  for (const look of looks) {
    await using window = await Window.open(browser, controlled.url, {
      viewport: look === 'phone' ? { width: 390, height: 844 } : { width: 1280, height: 800 },
      colorScheme: look === 'dark' ? 'dark' : 'light',
      locale: look === 'zh' ? 'zh-CN' : 'en-GB',
      timezoneId: 'UTC',
    });
    await window.login(token, path);
    await window.page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' });
    await window.page.waitForLoadState('load');
    await window.page.locator('.content .panel').first().waitFor();
    const file = `${FOLDER}/${name}${look === 'light' ? '' : `-${look}`}.png`;
    const { width, height } = window.page.viewportSize()!;
    const whole = await window.page.evaluate<number>('document.documentElement.scrollHeight');
    if (look !== 'phone') await window.page.setViewportSize({ width, height: Math.max(height, whole) });
    await window.page.screenshot({ path: file });
    console.log(file);
  }
}
await browser.close();
