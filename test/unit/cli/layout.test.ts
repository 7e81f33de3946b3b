import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hanging, titledRows, wrapText } from '../../../src/cli/output/layout.ts';
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
