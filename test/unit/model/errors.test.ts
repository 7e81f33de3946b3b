// The one error class.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FerryError } from '../../../src/model/errors.ts';

test('more knowledge, and giving up, keep what was known and where it came from', () => {
  const first = new FerryError('throttled', { message: 'slow down', operation: 'read', retryAfter: 5 });
  const limit = Error.stackTraceLimit;
  const later = first.with({ operation: 'other', key: 'k' }).exhausted();
  assert.equal(Error.stackTraceLimit, limit);
  assert.deepEqual(
    [later.code, later.message, later.operation, later.key, later.retryAfter, later.retryable],
    ['throttled', 'slow down', 'read', 'k', 5, 'exhausted'],
  );
  assert.equal(later.stack, first.stack);
  assert.match(later.stack!, /errors\.test/);
});
