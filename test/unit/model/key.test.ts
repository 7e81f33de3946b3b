import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { afterPrefix, compareKeys, inRange } from '../../../src/model/key.ts';

const key = fc.string({ unit: 'binary', minLength: 0, maxLength: 12 });
const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');

test('keys order as their UTF-8 bytes do', () => {
  fc.assert(
    fc.property(key, key, (a, b) => {
      assert.equal(Math.sign(compareKeys(a, b)), Buffer.compare(bytes(a), bytes(b)));
    }),
  );
  assert.ok(
    compareKeys('\u{1F600}', '\uFFFD') > 0,
    'an emoji comes after U+FFFD although its first UTF-16 unit does not',
  );
});

test('afterPrefix is greater than every key with the prefix and no greater than any other that follows', () => {
  fc.assert(
    fc.property(key, key, (prefix, rest) => {
      const after = afterPrefix(prefix);
      if (after === undefined) return;
      assert.ok(compareKeys(prefix + rest, after) < 0);
      if (!rest.startsWith(prefix) && compareKeys(rest, prefix) > 0) assert.ok(compareKeys(rest, after) >= 0);
    }),
  );
});

test('cutting a range puts every key in exactly one half', () => {
  fc.assert(
    fc.property(key, key, (cut, probe) => {
      assert.notEqual(inRange(probe, { through: cut }), inRange(probe, { after: cut }));
    }),
  );
});
