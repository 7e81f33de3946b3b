import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fit, formatCount, harmless, pad, textWidth } from '../../../src/cli/output/text.ts';

test('wide, combining and emoji characters take the columns a terminal gives them', () => {
  const widths: readonly (readonly [string, number])[] = [['abc', 3], ['日本', 4], ['한글', 4], ['ｆｕｌｌ', 8], ['e\u0301', 1], ['🦀', 2], ['👩‍👩‍👧', 2], ['❤️', 2], ['…', 1], ['', 0]]; // prettier-ignore
  for (const [text, width] of widths) assert.equal(textWidth(text), width, JSON.stringify(text));
});

test('no key can move the cursor, colour, hide or reorder what a terminal shows', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (key) => {
      assert.doesNotMatch(harmless(key), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    }),
  );
  assert.equal(harmless('a\x1b[31mb\n\u202ec\ud800'), String.raw`a\x1b[31mb\n\u202ec\ud800`);
});

test('fitted text never takes more columns than it may, and short text stays', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.integer({ min: 1, max: 50 }), (text, width) => {
      const fitted = fit(text, width);
      assert.ok(textWidth(fitted) <= width);
      if (textWidth(text) <= width) assert.equal(fitted, text);
    }),
  );
  assert.equal(fit('a/very/long/key.txt', 11), 'a/ver…y.txt');
});

test('padding and thousands', () => {
  assert.equal(pad('日', 4), '日  ');
  assert.equal(pad('7', 3, 'right'), '  7');
  assert.deepEqual([0, 999, 1000, 1234567].map(formatCount), ['0', '999', '1,000', '1,234,567']);
});
