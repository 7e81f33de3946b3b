import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hanging, titledRows, wrapText } from '../../../src/cli/output/layout.ts';
import { table } from '../../../src/cli/output/table.ts';
import { styleOf } from '../../../src/cli/output/terminal-io.ts';
import { textWidth } from '../../../src/cli/output/text.ts';

const plain = styleOf({ colour: false });

test('words are never broken, lose nothing, and fit where they can', () => {
  const word = fc.stringMatching(/^[a-z日]{1,9}$/);
  fc.assert(
    fc.property(fc.array(word, { minLength: 1 }), fc.integer({ min: 18, max: 60 }), (words, width) => {
      const lines = wrapText(words.join(' '), width);
      assert.deepEqual(lines.join(' ').split(' '), words);
      for (const line of lines) assert.ok(textWidth(line) <= width, line);
    }),
  );
});

test('a path that is longer than the window is broken behind a slash', () => {
  assert.deepEqual(wrapText('/home/somebody/.ferry/reports/photos/report.html', 24), [
    '/home/somebody/.ferry/',
    'reports/photos/',
    'report.html',
  ]);
});

test('what has no room beside its title stands beneath it', () => {
  const rows = [
    { title: 'copied', text: '3,003 objects, 463 MiB (79.4 MiB/s)' },
    { title: 'report', text: '/home/me/.ferry/reports/a.html' },
  ];
  assert.deepEqual(titledRows(rows, 9, 40, plain), [
    '  copied    3,003 objects, 463 MiB',
    '            (79.4 MiB/s)',
    '  report    ',
    '    /home/me/.ferry/reports/a.html',
  ]);
  assert.deepEqual(
    titledRows(rows, 9, Number.POSITIVE_INFINITY, plain),
    ['  copied    3,003 objects, 463 MiB (79.4 MiB/s)', '  report    /home/me/.ferry/reports/a.html'],
    'a pipe gets one line for each',
  );
  assert.deepEqual(hanging('', '', 40), ['']);
});

test('a table leaves out what a narrow window has no room for, and cuts the first column last', () => {
  const columns = [
    { title: 'NAME', cells: ['letters', 'photos-of-the-year-2024'] },
    { title: 'STATE', cells: ['finished', 'running'] },
    { title: 'LISTED', right: true, spare: 1, cells: ['3', '1,200'] },
    { title: 'LAST', spare: 2, cells: ['2 min ago', 'now\x1b[2J'] },
  ];
  const shown = (width: number): string[] => table(columns, width, plain).trimEnd().split('\n');
  assert.deepEqual(shown(Number.POSITIVE_INFINITY), [
    'NAME                     STATE     LISTED  LAST',
    'letters                  finished       3  2 min ago',
    'photos-of-the-year-2024  running    1,200  now\\x1b[2J',
  ]);
  assert.deepEqual(shown(45), [
    'NAME                     STATE     LISTED',
    'letters                  finished       3',
    'photos-of-the-year-2024  running    1,200',
  ]);
  assert.deepEqual(shown(26), ['NAME              STATE', 'letters           finished', 'photos-o…ar-2024  running']);
});
