// Both languages say the same things.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MESSAGES, translator, type MessageKey } from '../../console/src/i18n/translate.ts';

const all = Object.entries(MESSAGES) as [MessageKey, readonly [string, string]][];
/** Names and abbreviations that are the same in both. */
const SAME = new Set(['app.name', 'app.who', 'view.time.utc']);

test('every message is there in English and in Chinese, with the same values to fill in', () => {
  const wrong = all.filter(([key, [en, zh]]) => {
    const places = (text: string): string => [...new Set(text.match(/\{\w+\}/g))].sort().join();
    return en.trim() === '' || zh.trim() === '' || places(en) !== places(zh) || (en === zh && !SAME.has(key));
  });
  assert.deepEqual(wrong, []);
});

test('Chinese messages hold Chinese, English ones none', () => {
  const han = /\p{Script=Han}/u;
  assert.deepEqual(
    all.filter(([key, [en, zh]]) => han.test(en) || (!han.test(zh) && !SAME.has(key))),
    [],
  );
});

test('values and plurals', () => {
  assert.equal(translator('en')('word.total', { n: 1 }), '1 row');
  assert.equal(translator('en')('word.total', { n: '1,000' }), '1,000 rows');
  assert.equal(translator('zh')('word.total', { n: 2 }), '2 行');
});
