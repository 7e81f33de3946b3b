import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { makeDirectory } from '../../../src/host/make-directory.ts';

test('what is missing is made, what is there stays, and what cannot be is an error', (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferry-test-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const deep = path.join(folder, 'a', 'b', 'c');
  makeDirectory(deep, 0o700);
  assert.equal(fs.statSync(path.dirname(deep)).mode & 0o777, 0o700);
  makeDirectory(deep);
  makeDirectory('/');
  assert.equal(fs.statSync(deep).mode & 0o777, 0o700);
  const file = path.join(folder, 'file');
  fs.writeFileSync(file, '');
  fs.symlinkSync('nowhere', path.join(folder, 'dangling'));
  assert.throws(() => makeDirectory(file), { code: 'EEXIST' });
  assert.throws(() => makeDirectory(path.join(file, 'in')), { code: 'ENOTDIR' });
  assert.throws(() => makeDirectory(path.join(folder, 'dangling')), { code: 'EEXIST' });
});

test(
  'a place that takes no directories is an error at once',
  { skip: !fs.existsSync('/proc/self') && 'there is no /proc' },
  () => {
    assert.throws(() => makeDirectory('/proc/nope'), { code: 'ENOENT' });
    assert.throws(() => makeDirectory('/proc/nope/deep/er'), { code: 'ENOENT' });
  },
);
