import { FerryError } from '../../model/errors.ts';
import type { AbortGroups, Abortable } from './abort-groups.ts';
import type { HttpRequest, HttpResponse } from './client.ts';

/** Where an exchange is at the moment, so that it can be called off there. */
export interface ExchangePlace {
  callOff(exchange: Exchange, error: FerryError): void;
}

/**
 * One request from the call to the last byte of its answer. The promise settles with the head of the answer; the
 * signal counts until the body has arrived.
 */
export class Exchange implements Abortable {
  readonly request: HttpRequest;
  readonly head: string;
  readonly answer: Promise<HttpResponse>;
  /** It was sent once on a connection that turned out to be dead. */
  replayed = false;
  #place: ExchangePlace | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #groups: AbortGroups;
  #resolve!: (response: HttpResponse) => void;
  #reject!: (error: FerryError) => void;

  constructor(request: HttpRequest, head: string, signal: AbortSignal | undefined, groups: AbortGroups) {
    this.request = request;
    this.head = head;
    this.#signal = signal;
    this.#groups = groups;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (signal !== undefined) groups.join(signal, this);
  }

  at(place: ExchangePlace): void {
    this.#place = place;
  }

  answered(response: HttpResponse): void {
    this.#resolve(response);
  }

  /** Nothing more comes; without effect on the promise where it is settled. */
  failed(error: FerryError): void {
    this.finished();
    this.#reject(error);
  }

  /** The answer is here whole. */
  finished(): void {
    this.#place = undefined;
    if (this.#signal !== undefined) this.#groups.leave(this.#signal, this);
  }

  aborted(reason: unknown): void {
    this.#place?.callOff(this, interruption(reason));
  }
}

/** A `FerryError` given as the reason of an abort is what the caller gets. */
export function interruption(reason: unknown): FerryError {
  return reason instanceof FerryError ? reason : new FerryError('interrupted', { cause: reason });
}
