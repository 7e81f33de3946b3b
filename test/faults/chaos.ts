/** A store that misbehaves by a seed: the same seed, the same faults, as long as the calls come in the same order. */
import { setImmediate } from 'node:timers/promises';
import type { ErrorCode } from '../../src/model/errors.ts';
import { FerryError } from '../../src/model/errors.ts';
import type { Call } from '../../src/store/layers/call.ts';
import type { Layer, Next } from '../../src/store/layers/layer.ts';
import { observeBody } from '../../src/store/layers/observed-body.ts';
import { collect } from '../../src/store/read-body.ts';
import type { ListPage, ReadBody, ReadResult } from '../../src/store/store.ts';

/** Rates from 0 to 1; those not given are 0. */
export interface ChaosRates {
  /** Calls that fail before the store hears of them. */
  readonly refused?: number;
  /** Calls the store carries out, but whose answer is lost. */
  readonly lost?: number;
  /** Bodies read that break off, or end early as if they were whole. */
  readonly cut?: number;
  /** Bodies written that break off on their way. */
  readonly broken?: number;
  /** Calls that take a few turns of the event loop more. */
  readonly delayed?: number;
  /** List pages that are those of the call before. */
  readonly repeated?: number;
}

/** What a fault of each kind was, by name, for tests to see that it happened. */
export type ChaosTally = Record<keyof ChaosRates, number>;

const CODES: readonly ErrorCode[] = ['network', 'unavailable', 'throttled', 'timeout', 'bad-response'];

/** To be put innermost. Chunks of bodies share a buffer that is wiped, as those of a socket are. */
export class Chaos implements Layer {
  readonly tally: ChaosTally = { refused: 0, lost: 0, cut: 0, broken: 0, delayed: 0, repeated: 0 };
  readonly #rates: ChaosRates;
  readonly #random: () => number;
  #page: ListPage | undefined;

  constructor(seed: number, rates: ChaosRates) {
    this.#random = seededRandom(seed);
    this.#rates = rates;
  }

  async run<T>(call: Call<T>, next: Next): Promise<T> {
    const { signal } = call;
    if (this.#strikes('delayed')) for (let turns = this.#random() * 5; turns > 0; turns--) await setImmediate();
    if (this.#strikes('refused')) throw this.#fault('refused before it began');
    if (call.body !== undefined && !(call.body instanceof Uint8Array) && this.#strikes('broken')) this.#break(call);
    call.signal = signal;
    const outcome = await next(call);
    if (this.#strikes('lost')) {
      call.wrapRead(outcome, cancelled);
      throw this.#fault('done, but the answer was lost');
    }
    call.inspectPage(outcome, (_, page) => this.#listed(page));
    return call.wrapRead(outcome, (result) => ({ meta: result.meta, body: this.#body(result.body) }));
  }

  #strikes(kind: keyof ChaosRates): boolean {
    if (this.#random() >= (this.#rates[kind] ?? 0)) return false;
    this.tally[kind]++;
    return true;
  }

  #fault(message: string): FerryError {
    const code = CODES[Math.floor(this.#random() * CODES.length)]!;
    return new FerryError(code, { message, retryAfter: code === 'throttled' ? 1 : undefined });
  }

  #break<T>(call: Call<T>): void {
    let left = Math.floor(this.#random() * call.bytes);
    call.body = observeBody(call.body!, {
      passed: (bytes) => {
        left -= bytes;
        if (left < 0) throw this.#fault('the connection broke while the body was sent');
        return undefined;
      },
    });
  }

  /** Pages are plain objects, so the entries of the one before can be put in the place of its own. */
  #listed(page: ListPage): void {
    if (this.#page && this.#strikes('repeated')) Object.assign(page, { entries: this.#page.entries });
    this.#page = { ...page };
  }

  #body(inner: ReadBody): ReadBody {
    const cutAt = this.#strikes('cut') ? Math.floor(this.#random() * (inner.size ?? 1)) : undefined;
    return new ChaoticBody(inner, cutAt, this.#random() < 0.5 ? undefined : this.#fault('the body broke off'));
  }
}

class ChaoticBody implements ReadBody {
  readonly size: number | undefined;
  readonly #inner: ReadBody;
  readonly #cutAt: number | undefined;
  readonly #fault: FerryError | undefined;

  constructor(inner: ReadBody, cutAt: number | undefined, fault: FerryError | undefined) {
    this.size = inner.size;
    this.#inner = inner;
    this.#cutAt = cutAt;
    this.#fault = fault?.code === 'bad-response' ? undefined : fault;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    let buffer = Buffer.alloc(0);
    let left = this.#cutAt ?? Number.POSITIVE_INFINITY;
    for await (const chunk of this.#inner) {
      if (chunk.byteLength > buffer.byteLength) buffer = Buffer.alloc(chunk.byteLength);
      buffer.set(chunk);
      const length = Math.min(left, chunk.byteLength);
      left -= length;
      if (length > 0) yield buffer.subarray(0, length);
      buffer.fill(0xee);
      if (left > 0) continue;
      if (this.#fault) throw this.#fault;
      return;
    }
  }

  async bytes(limit: number): Promise<Uint8Array> {
    return collect(this, this.size, limit);
  }

  cancel(): void {
    this.#inner.cancel();
  }
}

/** Mulberry32: small, and good enough to scatter faults. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function cancelled(result: ReadResult): ReadResult {
  result.body.cancel();
  return result;
}
