import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allStores } from '../../../src/all-stores.ts';
import { commandGroups } from '../../../src/cli/commands/table.ts';
import { commandHelp, programHelp } from '../../../src/cli/help.ts';
import { TOPICS, topicHelp } from '../../../src/cli/help-topics.ts';
import { styleOf } from '../../../src/cli/output/terminal-io.ts';
import { textWidth } from '../../../src/cli/output/text.ts';

const plain = styleOf({ colour: false });
const topics = Object.keys(TOPICS);
const pages = (columns: number): readonly string[] => [
  programHelp(commandGroups(), topics, plain, columns),
  ...commandGroups().flatMap(({ commands }) => commands.map((command) => commandHelp(command, plain, columns))),
  ...topics.map((topic) => topicHelp(topic, allStores().drivers, plain, columns)!),
  topicHelp('access-denied', [], plain, columns)!,
];

test('every page of help fits the window, and says the same in a narrow one', () => {
  const words = (page: string): string => page.split(/\s+/).join(' ');
  const wide = pages(Number.POSITIVE_INFINITY);
  for (const columns of [80, 40]) {
    for (const [i, page] of pages(columns).entries()) {
      assert.equal(words(page), words(wide[i]!));
      // What is to be copied stays in one line.
      const prose = page.split('\n').filter((line) => !/# |\$schema|ferry .* -|ferry verify -|\$\{/.test(line));
      for (const line of prose) assert.ok(textWidth(line) <= columns, `${columns}: ${line}`);
    }
  }
  for (const line of wide.join('\n').split('\n')) assert.ok(textWidth(line) <= 100 || line.includes('$schema'), line);
});
