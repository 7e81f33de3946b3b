// What is told where removing would take too much, and how to let it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { openState } from '../../../src/state/sqlite/open.ts';
import { Ferry } from './in-process.ts';

for (const [what, source, expected] of [
  ['no', 0, /the source lists no object; 1,200 of the 1,200 objects at the destination would be removed/],
  ['little', 300, /900 of the 1,200 objects at the destination \(75%\) are not at the source, which lists 300/],
] as const) {
  test(`where the source lists ${what} objects, numbers, cause and the way on are told`, async () => {
    using ferry = new Ferry();
    for (const side of ['from', 'to']) fs.mkdirSync(ferry.at(side));
    for (let i = 0; i < 1200; i++) fs.writeFileSync(ferry.at('to', `${i}`), 'x');
    for (let i = 0; i < source; i++) fs.writeFileSync(ferry.at('from', `${i}`), 'x');
    const task = ferry.task(
      `type: copy\nsource: { type: file, path: ${ferry.at('from')} }\ndestination: { type: file, path: ${ferry.at('to')} }\ndelete_extraneous: true\n`,
    );
    const refused = await ferry.run('run', 'mirror', '-t', task);
    assert.equal(refused.code, 1, refused.err);
    assert.match(refused.err, expected);
    assert.match(refused.err, /cause +The source lists nothing, or so little/);
    assert.match(refused.err, /remedy +Nothing was deleted\.[^]*--without-guard/);
    assert.equal(fs.readdirSync(ferry.at('to')).length, 1200);
    const allowed = await ferry.run('run', 'mirror', '--without-guard');
    assert.equal(allowed.code, 0, allowed.err);
    assert.equal(fs.readdirSync(ferry.at('to')).length, source);
  });
}

test('repair removes no more than a run would, and does not work beside one', async () => {
  using ferry = new Ferry();
  for (const side of ['from', 'to']) fs.mkdirSync(ferry.at(side));
  fs.writeFileSync(ferry.at('to', 'a'), 'x');
  const task = ferry.task(
    `type: copy\nsource: { type: file, path: ${ferry.at('from')} }\ndestination: { type: file, path: ${ferry.at('to')} }\ndelete_extraneous: true\n`,
  );
  assert.equal((await ferry.run('run', 'mirror', '-t', task)).code, 1);
  const refused = await ferry.run('verify', 'mirror', '--repair');
  assert.equal(refused.code, 1, refused.err);
  assert.match(refused.err, /the source lists no object/);
  assert.deepEqual(fs.readdirSync(ferry.at('to')), ['a']);
  {
    await using state = await openState(ferry.at('home', 'ferry.db'));
    await using _ = await state.lease('mirror', 'somebody');
    const beside = await ferry.run('verify', 'mirror', '--repair', '--without-guard');
    assert.match(beside.err, /task-running/);
    assert.deepEqual(fs.readdirSync(ferry.at('to')), ['a']);
  }
  const allowed = await ferry.run('verify', 'mirror', '--repair', '--without-guard');
  assert.equal(allowed.code, 0, allowed.err);
  assert.deepEqual(fs.readdirSync(ferry.at('to')), []);
});
