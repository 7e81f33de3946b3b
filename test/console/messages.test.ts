// Both languages say the same things.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFileSync } from 'node:fs';
import { fingerprint } from '../../console/src/i18n/fingerprint.ts';
import { CHECKS, PROBLEMS, serverTexts } from '../../console/src/i18n/server-texts.ts';
import { MESSAGES, translator, type MessageKey } from '../../console/src/i18n/translate.ts';
import { PROBLEM_KINDS } from '../../src/control/api/problem.ts';
import { ERROR_CATALOGUE } from '../../src/model/errors.ts';

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

test('every code of an error has its Chinese, of the English as it is now', () => {
  const english = Object.entries({ ...ERROR_CATALOGUE, ...PROBLEM_KINDS });
  assert.deepEqual(Object.keys(PROBLEMS).sort(), english.map(([code]) => code).sort());
  for (const [code, { remedy }] of english)
    assert.equal(PROBLEMS[code]![2], fingerprint(remedy), `the remedy of ${code} is another now: translate it anew`);
  for (const [title, remedy] of Object.values(PROBLEMS)) assert.match(title + remedy, /\p{Script=Han}/u);
});

test('every check has its Chinese name', () => {
  const source = (file: string): string => readFileSync(`${import.meta.dirname}/../../src/${file}`, 'utf8');
  const desk = [...source('gateway/migrate/desk.ts').matchAll(/what: '([^']+)'/g)];
  const steps = [
    ...source('engine/check.ts').matchAll(/new Step\((?:'\w+'|endpoint), '([^']+)'|^ {2}\['([^']+)', \[/gm),
  ];
  const names = [...desk, ...steps].map(([, one, other]) => one ?? other!);
  assert.ok(names.length > 20, `${names.length} names`);
  assert.deepEqual([...new Set(['open', ...names])].sort(), Object.keys(CHECKS).sort());
});

test('an error that knows a better remedy keeps it', () => {
  const zh = serverTexts('zh');
  assert.equal(zh.title('dns', 'The host name cannot be resolved.'), '无法解析主机名。');
  assert.equal(zh.remedy(ERROR_CATALOGUE['clock-skew'].remedy), '请同步时钟(NTP)后再次运行。');
  assert.equal(zh.remedy('Ask the owner of the bucket'), 'Ask the owner of the bucket');
  assert.equal(serverTexts('en').remedy(ERROR_CATALOGUE.dns.remedy), ERROR_CATALOGUE.dns.remedy);
});
