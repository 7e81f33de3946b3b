// Tokens made on the command line, and what is left of them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseToken } from '../../../src/control/access/token.ts';
import { openControl } from '../../../src/state/sqlite/control/open.ts';
import { Ferry } from './in-process.ts';

test('a token is made with a role and an end, shown once, listed without its secret, and removed', async () => {
  using ferry = new Ferry();
  const made = await ferry.run('token', 'create', 'ci', '--role', 'operator', '--days', '90');
  assert.equal(made.code, 0, made.err);
  const token = made.out.trim();
  const { id, digest } = parseToken(token)!;
  const list = await ferry.run('token', 'list');
  assert.match(list.out, /^ci +operator +\d{4}-\d\d-\d\d +\d{4}-\d\d-\d\d$/m);
  {
    await using state = await openControl(ferry.at('home', 'control.db'));
    assert.equal(
      (await state.access.token(id))?.digest,
      digest,
      'a server finds it by its id and knows it by its digest',
    );
    const [entry] = await state.audit.entries({ limit: 1, before: undefined });
    assert.deepEqual([entry?.action, entry?.subject], ['createToken', 'ci']);
  }
  const kept = readFileSync(ferry.at('home', 'control.db'), 'latin1');
  for (const text of [list.out, kept]) assert.ok(!text.includes(token.slice(-43)));
  const again = await ferry.run('token', 'create', 'ci');
  assert.match(again.err, /already-exists/);
  assert.equal((await ferry.run('token', 'remove', 'ci')).code, 0);
  assert.match((await ferry.run('token', 'list')).err, /no tokens yet/);
});

test('one that nobody says more of is a viewer’s, and lives until it is removed', async () => {
  using ferry = new Ferry();
  const line: unknown = JSON.parse((await ferry.run('token', 'create', 'looks', '--json')).out);
  const { role, expiresAt, type } = Object(line);
  assert.deepEqual([type, role, expiresAt], ['token', 'viewer', undefined]);
});

test('what makes no sense is told with its remedy', async () => {
  using ferry = new Ferry();
  for (const [words, told] of [
    [['make', 'x'], /no action "make".*create, list, remove/s],
    [['create'], /no token is named/],
    [['create', 'a/b'], /is no name of a token/],
    [['remove', 'gone'], /there is no token "gone".*ferry token list/s],
    [['create', 'x', '--role', 'root'], /write one of viewer, operator, admin/],
    [['create', 'x', '--days', '0'], /whole number/],
  ] as const) {
    const { code, err } = await ferry.run('token', ...words);
    assert.notEqual(code, 0);
    assert.match(err, told);
  }
});
