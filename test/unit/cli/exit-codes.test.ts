import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exitOfError, type ExitName } from '../../../src/cli/exit-codes.ts';
import { ERROR_CATALOGUE, FerryError, type ErrorCode } from '../../../src/model/errors.ts';

/** Codes whose exit is not `failed`. */
const OTHERS: Partial<Record<ErrorCode, ExitName>> = {
  configuration: 'usage',
  'no-credentials': 'usage',
  'task-not-found': 'usage',
  'task-mismatch': 'usage',
  throttled: 'temporary',
  unavailable: 'temporary',
  timeout: 'temporary',
  network: 'temporary',
  dns: 'temporary',
  proxy: 'temporary',
  'task-running': 'temporary',
  interrupted: 'interrupted',
};

test('2 is for what has to be written otherwise, 75 for what may pass, 1 for all else: a guard that refused, too', () => {
  for (const code of Object.keys(ERROR_CATALOGUE) as ErrorCode[]) {
    const expected = OTHERS[code] ?? 'failed';
    const error = new FerryError(code);
    assert.equal(exitOfError(error), expected, code);
    if (error.retryable === 'later') assert.equal(exitOfError(error.exhausted()), expected, `${code}, tried often`);
  }
  assert.equal(exitOfError(new FerryError('network', { retryable: 'never' })), 'failed');
});
