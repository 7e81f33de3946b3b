/** Whoever watches sees that events wait and nothing becomes of them. */
import assert from 'node:assert/strict';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { EventPump, type PumpContext } from '../../../src/control/intake/pump.ts';
import { FerryError } from '../../../src/model/errors.ts';
import type { EventSourceRecord } from '../../../src/state/control/event-book.ts';
import { openControl } from '../../../src/state/sqlite/control/open.ts';
import { allDrivers } from '../config/all-drivers.ts';
import { parseTaskFile } from '../../../src/config/task-file.ts';
import { compose } from '../../../src/store/compose.ts';
import { SocketHttpClient } from '../../../src/wire/http/socket-client.ts';

const SOURCE = { kind: 'http', source: 'a', destination: 'b', prefix: '', deletes: 'ignore', reconcile: 0, settings: {}, secrets: {} } as const; // prettier-ignore

test('events that wait count from when they began to, until nothing waits any more', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'ferry-events-'));
  await using state = await openControl(join(folder.path, 'control.db'));
  await using http = new SocketHttpClient();
  const book = state.events;
  await book.addSource({ name: 'photos', createdAt: 0, ...SOURCE });
  const record = (await book.source('photos')) as EventSourceRecord;
  let at = 1000;
  let warned = Promise.withResolvers<void>();
  let isDown = true;
  const registry = allDrivers();
  const text = JSON.stringify({ type: 'copy', source: memory('events-a'), destination: memory('events-b') });
  const { spec } = parseTaskFile(text, { file: 't', registry, env: {} });
  const open: PumpContext['open'] = async () => {
    if (isDown) throw new FerryError('network', { message: 'down' });
    const context = { http, env: {}, now: () => at, tmpdir };
    await using opened = new AsyncDisposableStack();
    const source = opened.use(compose(await registry.open(spec.source, context)));
    const destination = opened.use(compose(await registry.open(spec.destination, context)));
    const kept = opened.move();
    return { source, destination, spec, [Symbol.asyncDispose]: () => kept.disposeAsync() };
  };
  const stop = new AbortController();
  const pump = new EventPump(
    { book, open, now: () => at, random: () => 0, tmpdir, warn: () => warned.resolve(), stopping: stop.signal },
    record,
  );
  await warned.promise;
  await settle();
  assert.equal(pump.movedAt, undefined, 'nothing waits');
  await book.add('photos', [{ key: 'k', change: 'created', sequencer: '' }], at);
  warned = Promise.withResolvers();
  pump.wake();
  await warned.promise;
  await settle();
  assert.equal(pump.movedAt, 1000);
  at = 5000;
  warned = Promise.withResolvers();
  pump.wake();
  await warned.promise;
  await settle();
  assert.equal(pump.movedAt, 1000, 'it still waits');
  isDown = false;
  pump.wake();
  for (let i = 0; i < 1000 && pump.movedAt !== undefined; i++) await settle();
  assert.equal(pump.movedAt, undefined);
  assert.equal((await book.source('photos'))!.totals.passed, 1);
  await pump.stop();
});

function memory(name: string): object {
  return { type: 'memory', options: { name } };
}

/** What was begun comes to its end. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise(setImmediate);
}
