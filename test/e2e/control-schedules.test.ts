// Schedules of a real server: what was missed while nobody served runs once, and windows pause and release.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { ControlledServer } from './controlled-server.ts';

const HOUR = 3_600_000;

/** As `HH:MM` of UTC. */
function clock(at: number): string {
  return new Date(at).toISOString().slice(11, 16);
}

test('a schedule begins its task, also when its time passed while nobody served, and keeps it to its window', { timeout: 60_000 }, async () => {
  await using server = await ControlledServer.start();
  const options = { count: 100_000, max_size: 0 };
  const made = await server.ask('POST', '/v1/tasks', {
    name: 'nightly',
    type: 'copy',
    source: { type: 'generated', options },
    destination: { type: 'generated', options: { count: 0, discard: true } },
    rate_limit: 20,
  });
  assert.equal(made.status, 201, made.text);
  // Next in half a year: what follows is not its time by chance.
  const month = ((new Date().getUTCMonth() + 6) % 12) + 1;
  const schedule = { task: 'nightly', cron: `0 0 1 ${month} *` };
  const { json: added } = await server.ask('POST', '/v1/schedules', schedule);
  const one = `/v1/schedules/${added.id}`;
  assert.ok(added.nextAt > Date.now());
  await server.stop();
  const missed = new DatabaseSync(join(server.ferry.home, 'control.db'));
  missed.prepare('UPDATE schedules SET next_at = ? WHERE id = ?').run(Date.now() - HOUR, added.id);
  missed.close();
  await server.start();
  await server.reaches('nightly', 'running');
  const ran = await server.ask('GET', one);
  assert.ok(ran.json.lastAt > Date.now() - HOUR / 2, ran.text);
  assert.equal(ran.json.nextAt, added.nextAt, 'once for all that was missed');
  assert.equal(ran.json.lastError, undefined);

  const now = Date.now();
  const put = async (window: object): Promise<void> => {
    const { headers } = await server.ask('GET', one);
    const changed = await server.ask('PUT', one, { ...schedule, window }, { 'if-match': headers.get('etag')! });
    assert.equal(changed.status, 200, changed.text);
  };
  await put({ from: clock(now + 2 * HOUR), to: clock(now + 4 * HOUR) });
  await server.reaches('nightly', 'paused');
  assert.equal((await server.ask('GET', one)).json.held, true);
  await server.stop();
  await server.start();
  await server.reaches('nightly', 'paused');
  await put({ from: clock(now - 2 * HOUR), to: clock(now + 4 * HOUR) });
  await server.reaches('nightly', 'running');
  assert.equal((await server.ask('GET', one)).json.held, false);
  assert.equal((await server.ask('POST', '/v1/tasks/nightly/stop')).status, 202);
}); // prettier-ignore
