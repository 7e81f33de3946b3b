import type { Body } from '../../../src/model/body.ts';
import { FerryError } from '../../../src/model/errors.ts';
import type { Key } from '../../../src/model/key.ts';
import type { ObjectMeta, Tags } from '../../../src/model/object.ts';
import { abortable } from '../../../src/store/abort.ts';
import type {
  ListPage,
  ListRequest,
  Multipart,
  ReadOptions,
  ReadResult,
  Store,
  UploadRef,
  WriteOptions,
  WriteResult,
} from '../../../src/store/store.ts';
import type { MemoryStore } from '../../../src/stores/memory/store.ts';
import type { Process } from './process.ts';

export interface Faults {
  /** Probability that a request is refused, does not come through, or is carried out without an answer. */
  readonly rate: number;
  /** Milliseconds a request usually takes each way, at most. */
  readonly usual: number;
  /** Longest a request is on its way or carried out late, milliseconds. */
  readonly longest: number;
  /** Probability that it takes more than usual. */
  readonly slow: number;
}

/** A store over a network: slow now and then, and failing in every way that leaves it open what was done. */
export class ChaosStore implements Store {
  readonly info: Store['info'];
  readonly capabilities: Store['capabilities'];
  readonly multipart: Multipart;
  readonly #inner: MemoryStore;
  readonly #process: Process;
  readonly #faults: () => Faults;

  constructor(inner: MemoryStore, process: Process, faults: () => Faults) {
    this.#inner = inner;
    this.#process = process;
    this.#faults = faults;
    this.info = inner.info;
    this.capabilities = inner.capabilities;
    const multipart = inner.multipart!;
    // No two stores give the same id.
    const mine = ({ key, uploadId }: UploadRef): UploadRef => {
      if (!uploadId.startsWith(inner.info.name)) throw new FerryError('not-found', { key });
      return { key, uploadId: uploadId.slice(inner.info.name.length) };
    };
    this.multipart = {
      begin: (key, options, signal) =>
        this.#request(async () => inner.info.name + (await multipart.begin(key, options)), signal),
      put: (upload, part, body, options, signal) =>
        this.#request(async () => await multipart.put(mine(upload), part, body, options), signal),
      parts: (upload, after, limit, signal) =>
        this.#request(async () => await multipart.parts(mine(upload), after, limit), signal),
      complete: (upload, parts, options, signal) =>
        this.#request(async () => await multipart.complete(mine(upload), parts, options), signal),
      abort: (upload, signal) => this.#request(async () => await multipart.abort(mine(upload)), signal),
    };
  }

  list(request: ListRequest, signal?: AbortSignal): Promise<ListPage> {
    return this.#request(() => this.#inner.list(request), signal);
  }

  stat(key: Key, signal?: AbortSignal): Promise<ObjectMeta | undefined> {
    return this.#request(() => this.#inner.stat(key), signal);
  }

  read(key: Key, options?: ReadOptions, signal?: AbortSignal): Promise<ReadResult> {
    return this.#request(() => this.#inner.read(key, options), signal);
  }

  write(key: Key, body: Body, options?: WriteOptions, signal?: AbortSignal): Promise<WriteResult> {
    return this.#request(() => this.#inner.write(key, body, options), signal);
  }

  remove(key: Key, signal?: AbortSignal): Promise<void> {
    return this.#request(() => this.#inner.remove(key), signal);
  }

  copy(...[from, to, options, signal]: Parameters<NonNullable<Store['copy']>>): Promise<WriteResult> {
    const store = from.store instanceof ChaosStore ? from.store.#inner : from.store;
    return this.#request(() => this.#inner.copy({ ...from, store }, to, options), signal);
  }

  tags(key: Key, signal?: AbortSignal): Promise<Tags> {
    return this.#request(() => this.#inner.tags(key), signal);
  }

  setTags(key: Key, tags: Tags, signal?: AbortSignal): Promise<void> {
    return this.#request(() => this.#inner.setTags(key, tags), signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is open.
  }

  #request<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    return this.#process.call(() => abortable(this.#send(work, signal), signal));
  }

  async #send<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted();
    const { clock, random } = this.#process;
    const { rate, usual, longest, slow } = this.#faults();
    const fault = random.chance(rate) ? random.pick(['refused', 'lost', 'unanswered', 'late'] as const) : 'none';
    if (fault === 'late') {
      // The sender is told that it failed, and it is carried out some time after that.
      clock.after(random.next() * longest, () => void work().catch(() => undefined));
      await clock.sleep(random.delay(usual, longest / 4, slow));
      throw new FerryError('timeout');
    }
    await clock.sleep(random.delay(usual, longest, slow));
    if (fault === 'refused') throw new FerryError('throttled');
    if (fault === 'lost') throw new FerryError('network');
    const result = await work();
    await clock.sleep(random.delay(usual, longest / 4, slow));
    if (fault === 'unanswered') throw new FerryError('network');
    return result;
  }
}
