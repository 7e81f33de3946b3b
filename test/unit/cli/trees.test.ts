// What a tree is made of besides files arrives in another tree.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { Ferry } from './in-process.ts';

test('an empty directory keeps its mode and time', async () => {
  using ferry = new Ferry();
  fs.mkdirSync(ferry.at('from', 'empty'), { recursive: true });
  fs.chmodSync(ferry.at('from', 'empty'), 0o700);
  fs.utimesSync(ferry.at('from', 'empty'), 1e9, 1e9);
  const task = ferry.task(
    `type: copy\nsource: { type: file, path: ${ferry.at('from')} }\ndestination: { type: file, path: ${ferry.at('to')} }\n`,
  );
  const ran = await ferry.run('run', 'tree', '-t', task);
  assert.equal(ran.code, 0, ran.err);
  const { mode, mtimeMs } = fs.statSync(ferry.at('to', 'empty'));
  assert.deepEqual([mode & 0o777, mtimeMs], [0o700, 1e12]);
});
