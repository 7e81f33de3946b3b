/** A task between two stores in memory, with a real journal on disk. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { override } from '../../../src/engine/override.ts';
import type { JournaledContext } from '../../../src/engine/engine.ts';
import type { RunEvent } from '../../../src/engine/progress.ts';
import type { ObjectEntry } from '../../../src/model/object.ts';
import type { TaskSpec } from '../../../src/model/task.ts';
import { copySpec } from '../../peers/task-spec.ts';
import { compose } from '../../../src/store/compose.ts';
import type { Store } from '../../../src/store/store.ts';
import { memoryDriver } from '../../../src/stores/memory/driver.ts';
import { openState } from '../../../src/state/sqlite/open.ts';

export const SPEC = copySpec('memory');

/** Layers that do not wait as long as they would for a store far away. */
const QUICK = { retry: { base: 1, cap: 5 } };

export interface Bench extends AsyncDisposable {
  readonly source: Store;
  readonly destination: Store;
  readonly events: RunEvent[];
  /** A context for one run; each call is like a new process. `around` wraps the stores as layers would. */
  context(spec?: Partial<TaskSpec>, options?: ContextOptions): Promise<JournaledContext & AsyncDisposable>;
}

export interface ContextOptions {
  readonly signal?: AbortSignal;
  /** Of this name; `task` where absent. */
  readonly task?: string;
  readonly source?: (store: Store) => Store;
  readonly destination?: (store: Store) => Store;
  /** The two stores copy by themselves; where absent they are two services. */
  readonly sameServer?: boolean;
}

export async function bench(
  sourceOptions: Record<string, unknown> = {},
  destinationOptions: Record<string, unknown> = {},
): Promise<Bench> {
  const dir = await mkdtemp(join(tmpdir(), 'ferry-engine-'));
  const driver = memoryDriver();
  const unused = {
    request: () => Promise.reject(new Error('no network')),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const open = (name: string, options: Record<string, unknown>): Promise<Store> =>
    driver.open(
      { type: 'memory', path: '', options: { name, ...options } },
      { http: unused, env: {}, now: Date.now, tmpdir: () => dir },
    );
  const source = await open('source', sourceOptions);
  const destination = await open('destination', destinationOptions);
  const state = await openState(join(dir, 'ferry.db'));
  await state.createTask({ name: 'task', file: '', identity: 'x', createdAt: Date.now() });
  const events: RunEvent[] = [];
  return {
    source,
    destination,
    events,
    async context(spec = {}, options = {}) {
      const { task = 'task' } = options;
      if (task !== 'task') await state.createTask({ name: task, file: '', identity: 'y', createdAt: Date.now() });
      const lease = await state.lease(task, 'test');
      const journal = await state.journal(lease);
      return {
        task,
        spec: { ...SPEC, ...spec },
        source: compose(options.source?.(source) ?? source, QUICK),
        destination: compose(
          override(options.destination?.(destination) ?? destination, {
            sameServer: () => options.sameServer === true,
          }),
          QUICK,
        ),
        signal: options.signal ?? new AbortController().signal,
        emit: (event) => events.push(event),
        now: Date.now,
        random: Math.random,
        tmpdir: () => dir,
        baseline: journal.task.baseline,
        doubted: (page) => journal.doubted(page),
        journal,
        [Symbol.asyncDispose]: () => lease[Symbol.asyncDispose](),
      };
    },
    async [Symbol.asyncDispose]() {
      await state[Symbol.asyncDispose]();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Every entry of a store by key. */
export async function contents(store: Store): Promise<Map<string, ObjectEntry>> {
  const all = new Map<string, ObjectEntry>();
  let after: string | undefined;
  do {
    const page = await store.list({ after });
    for (const entry of page.entries) all.set(entry.key, entry);
    after = page.next;
  } while (after !== undefined);
  return all;
}

/** Both stores hold the same keys with the same bytes. */
export async function assertSame(a: Store, b: Store): Promise<void> {
  const digest = async (store: Store): Promise<[string, number | undefined, string | undefined][]> =>
    [...(await contents(store)).values()].map(({ key, size, etag }) => [key, size, etag]);
  assert.deepEqual(await digest(b), await digest(a));
}
