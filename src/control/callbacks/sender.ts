/** Sends what waits in the book of callbacks, and tries again what does not arrive, for up to a day. */
import { FerryError, toFerryError } from '../../model/errors.ts';
import { KiB } from '../../model/units.ts';
import type { AfterAttempt, CallbackBook, Delivery, DeliveryAttempt } from '../../state/control/callback-book.ts';
import type { HttpClient } from '../../wire/http/client.ts';
import { signatureOf } from './signature.ts';

export interface SenderContext {
  readonly book: CallbackBook;
  /** Goes to public addresses only, unless private ones are allowed. */
  readonly client: HttpClient;
  /** What messages are signed with. */
  readonly secret: () => Promise<string>;
  readonly version: string;
  readonly now: () => number;
  readonly random: () => number;
  readonly warn: (message: string, about: Readonly<Record<string, unknown>>) => void;
  readonly stopping: AbortSignal;
}

const AT_ONCE = 8;
/** No progress for so long, and all of an attempt, milliseconds. */
const PATIENCE = 10_000;
const WHOLE = 30_000;
/** Waits double from the first to the longest; what did not arrive for so long is given up. Milliseconds. */
const FIRST_WAIT = 5_000;
const LONGEST_WAIT = 3_600_000;
const GIVEN_UP = 86_400_000;
/** Of an answer, which nobody needs. */
const ANSWER = 4 * KiB;
/** The book is looked at anew after so long, whatever it said, milliseconds. */
const LOOK_AGAIN = 60_000;

export class CallbackSender {
  readonly #c: SenderContext;
  readonly #sending = new Map<number, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #lookAgain = false;

  constructor(context: SenderContext) {
    this.#c = context;
    context.stopping.addEventListener('abort', () => clearTimeout(this.#timer), { once: true });
  }

  /** Something was added, or is to be sent again. Also begins it all. */
  wake(): void {
    this.#lookAgain = true;
    this.#looking ??= this.#look()
      .catch((error: unknown) => this.#c.warn('callbacks cannot be read', { error: toFerryError(error) }))
      .finally(() => {
        this.#looking = undefined;
        // Said after the last look, and before this.
        if (this.#lookAgain && !this.#c.stopping.aborted) this.wake();
      });
  }

  /** Resolves when nothing is under way; what was not sent waits in the book. */
  async stopped(): Promise<void> {
    await this.#looking;
    await Promise.all(this.#sending.values());
  }

  async #look(): Promise<void> {
    const { book, now, stopping } = this.#c;
    clearTimeout(this.#timer);
    while (this.#lookAgain && !stopping.aborted) {
      this.#lookAgain = false;
      const room = AT_ONCE - this.#sending.size;
      if (room <= 0) return;
      // Those under way are still in the book.
      const due = await book.due(now(), AT_ONCE + room);
      for (const delivery of due.filter(({ id }) => !this.#sending.has(id)).slice(0, room)) this.#begin(delivery);
    }
    if (stopping.aborted || this.#sending.size > 0) return;
    const nextAt = await book.nextAt();
    if (nextAt === undefined) return;
    this.#timer = setTimeout(() => this.wake(), Math.min(Math.max(nextAt - now(), 1), LOOK_AGAIN));
    this.#timer.unref();
  }

  #begin(delivery: Delivery): void {
    const sent = this.#send(delivery)
      .catch((error: unknown) => this.#c.warn('a callback cannot be kept', { id: delivery.id, error: toFerryError(error) }))
      .finally(() => {
        this.#sending.delete(delivery.id);
        this.wake();
      }); // prettier-ignore
    this.#sending.set(delivery.id, sent);
  }

  async #send(delivery: Delivery): Promise<void> {
    const { book, now, stopping } = this.#c;
    const at = now();
    const result = await this.#post(delivery).catch((thrown: unknown) => toFerryError(thrown));
    // Cut by our own end: it waits as before.
    if (stopping.aborted && result instanceof FerryError) return;
    const attempt: DeliveryAttempt =
      result instanceof FerryError
        ? { at, milliseconds: now() - at, error: result.message }
        : { at, milliseconds: now() - at, status: result };
    await book.attempted(delivery.id, attempt, this.#after(delivery, attempt));
  }

  /** The status of the answer. */
  async #post({ id, event, url: href, body }: Delivery): Promise<number> {
    const { client, secret, version, now, stopping } = this.#c;
    const url = new URL(href);
    const secure = url.protocol === 'https:';
    const origin = {
      secure,
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
      timeouts: { connect: PATIENCE, read: PATIENCE, write: PATIENCE },
    };
    const signature = signatureOf(await secret(), body, now());
    // prettier-ignore
    const headers = [
      'Content-Type', 'application/json',
      'User-Agent', `Ferry/${version}`,
      'Ferry-Event', event,
      'Ferry-Delivery', String(id),
      'Ferry-Signature', signature,
    ];
    const request = { method: 'POST', target: url.pathname + url.search, headers, body: Buffer.from(body, 'utf8') };
    const answer = await client.request(origin, request, AbortSignal.any([stopping, AbortSignal.timeout(WHOLE)]));
    await answer.body.bytes(ANSWER).catch(() => answer.body.cancel());
    return answer.status;
  }

  #after({ tries, since }: Delivery, { at, status }: DeliveryAttempt): AfterAttempt {
    if (status !== undefined && status >= 200 && status < 300) return { state: 'delivered' };
    const longest = Math.min(FIRST_WAIT * 2 ** tries, LONGEST_WAIT);
    const nextAt = at + longest * (0.5 + this.#c.random() / 2);
    // Gone: nobody is there to listen any more.
    return status === 410 || nextAt - since > GIVEN_UP ? { state: 'failed' } : { state: 'waiting', nextAt };
  }
}
