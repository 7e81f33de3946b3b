/** The suite is worth something only if it catches stores that lie; here are some that do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Body } from '../../src/model/body.ts';
import type { ObjectMeta } from '../../src/model/object.ts';
import type {
  ListPage,
  ListRequest,
  ReadOptions,
  ReadResult,
  WriteOptions,
  WriteResult,
} from '../../src/store/store.ts';
import { abortable } from '../../src/store/abort.ts';
import { MEMORY_CAPABILITIES, MemoryStore } from '../../src/stores/memory/store.ts';
import { BEHAVIOURS } from './store-suite.ts';
import { Bench, drain } from './suite/bench.ts';

const options = { capabilities: { multipart: { ...MEMORY_CAPABILITIES.multipart!, minPart: 4096 } } };

class SortsByUtf16 extends MemoryStore {
  override async list(request: ListRequest, signal?: AbortSignal): Promise<ListPage> {
    const page = await super.list(request, signal);
    return { ...page, entries: page.entries.toSorted((a, b) => (a.key < b.key ? -1 : 1)) };
  }
}

class BeginsAtTheKey extends MemoryStore {
  override async list(request: ListRequest, signal?: AbortSignal): Promise<ListPage> {
    const page = await super.list(request, signal);
    const meta = request.after === undefined ? undefined : await this.stat(request.after);
    return meta ? { ...page, entries: [{ key: request.after!, size: meta.size }, ...page.entries] } : page;
  }
}

class ForgetsTheCondition extends MemoryStore {
  override write(key: string, body: Body, { ifAbsent: _, ...rest }: WriteOptions = {}): Promise<WriteResult> {
    return super.write(key, body, rest);
  }
}

class StoresWhatCame extends MemoryStore {
  override async write(key: string, body: Body, more?: WriteOptions, signal?: AbortSignal): Promise<WriteResult> {
    return super.write(
      key,
      body instanceof Uint8Array ? body : await abortable(drain(body.open()), signal),
      more,
      signal,
    );
  }
}

class KeepsTheChunks extends MemoryStore {
  override async write(key: string, body: Body, more?: WriteOptions, signal?: AbortSignal): Promise<WriteResult> {
    if (body instanceof Uint8Array) return super.write(key, body, more, signal);
    const chunks: Uint8Array[] = [];
    const taken = (async () => {
      for await (const chunk of body.open()) chunks.push(chunk);
    })();
    await abortable(taken, signal);
    return super.write(key, Buffer.concat(chunks), more, signal);
  }
}

class EndsRangesOneTooLate extends MemoryStore {
  override async read(key: string, range: ReadOptions = {}, signal?: AbortSignal): Promise<ReadResult> {
    const { length } = range;
    const size = (await this.stat(key))?.size ?? 0;
    const end = (range.offset ?? 0) + (length ?? 0);
    return super.read(key, length === undefined || end >= size ? range : { ...range, length: length + 1 }, signal);
  }
}

class QuotesETags extends MemoryStore {
  override async stat(key: string, signal?: AbortSignal): Promise<ObjectMeta | undefined> {
    const meta = await super.stat(key, signal);
    return meta && { ...meta, etag: `"${meta.etag}"` };
  }
}

class DecodesKeys extends MemoryStore {
  override write(key: string, body: Body, more?: WriteOptions, signal?: AbortSignal): Promise<WriteResult> {
    return super.write(key.replaceAll('+', ' '), body, more, signal);
  }
}

for (const Liar of [
  SortsByUtf16,
  BeginsAtTheKey,
  ForgetsTheCondition,
  StoresWhatCame,
  KeepsTheChunks,
  EndsRangesOneTooLate,
  QuotesETags,
  DecodesKeys,
]) {
  test(`a store that lies is caught: ${Liar.name}`, async () => {
    const fixture = { store: new Liar(options) };
    let caught = 0;
    for (const [index, behaviour] of BEHAVIOURS.entries()) {
      if (behaviour.needs && !behaviour.needs(fixture.store.capabilities, fixture)) continue;
      await behaviour.run(new Bench(fixture, `t${index}/`)).catch(() => caught++);
    }
    assert.ok(caught > 0, 'no behaviour noticed');
    assert.ok(caught < BEHAVIOURS.length / 2, 'one lie does not fail everything');
  });
}
