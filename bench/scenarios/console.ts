import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { BuiltConsole, openBrowser, Window, withoutBrowser } from '../../test/console/browser.ts';
import { FakeApi } from '../../test/console/fake-api.ts';
import { furnish } from '../../test/console/scenery.ts';
import { Controlled } from '../../test/unit/control/controlled.ts';
import type { Scenario } from './scenario.ts';

/** What the console weighs, and how long somebody waits until the overview shows its numbers. */
export const consolePage: Scenario = {
  name: 'console',
  summary: 'the console: size of what is loaded, and time until the overview shows its numbers, in Chromium',
  async run({ rounds }) {
    await using built = await BuiltConsole.make();
    console.log('| File | Bytes | Compressed |\n| --- | ---: | ---: |');
    for (const name of ['console.js', 'console.css', 'index.html']) {
      const bytes = readFileSync(join(built.folder, name));
      console.log(`| ${name} | ${bytes.length} | ${gzipSync(bytes, { level: 9 }).length} |`);
    }
    if (withoutBrowser !== undefined) return console.log(`left out: the time (${withoutBrowser})`);
    const times: number[] = [];
    const browser = await openBrowser();
    let fake: FakeApi | undefined;
    await using controlled = await Controlled.start(
      (_, hub) => (fake = new FakeApi(hub)).routes(),
      Date.now,
      built.folder,
    );
    furnish(fake!, Date.now());
    const token = await controlled.token('admin');
    // The first round warms the browser up.
    for (let i = 0; i <= rounds; i++) {
      await using window = await Window.open(browser, controlled.url);
      await window.page.request.post('/v1/session', { data: { token } });
      const started = performance.now();
      await window.page.goto('/');
      await window.page.locator('.figures').first().waitFor();
      if (i > 0) times.push(performance.now() - started);
    }
    await browser.close();
    times.sort((a, b) => a - b);
    const [least, middle, most] = [times[0]!, times[Math.floor(times.length / 2)]!, times.at(-1)!];
    console.log(`\nfirst useful paint: median ${middle.toFixed(0)} ms (${least.toFixed(0)} to ${most.toFixed(0)})`);
  },
};
