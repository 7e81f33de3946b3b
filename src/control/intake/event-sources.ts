/** Event sources at work: what each sends is kept, carried out, and now and then compared with what is there. */
import { createPublicKey, hash, timingSafeEqual } from 'node:crypto';
import { FerryError, isFerryError, toFerryError } from '../../model/errors.ts';
import { Secret } from '../../model/secret.ts';
import { KiB } from '../../model/units.ts';
import type { EventBook, EventSourceRecord, NewEvent } from '../../state/control/event-book.ts';
import type { HttpClient } from '../../wire/http/client.ts';
import type { ServerRequest } from '../../wire/http/server/server.ts';
import { LARGEST_NOTIFICATION } from '../../wire/s3/notification.ts';
import { fromClient } from '../api/client-body.ts';
import { Problem } from '../api/problem.ts';
import type { BulkRunner } from '../jobs/runner.ts';
import type { SecretBox } from '../stores/secret-box.ts';
import { eventsOf } from './documents.ts';
import { poll } from './poller.ts';
import { EventPump } from './pump.ts';
import { reconcile } from './reconcile.ts';
import { confirmationUrl, parseSns, verifySns, type SnsEnvelope, type SnsTrust } from './sns.ts';
import { SqsQueue } from './sqs.ts';
import { SNS_SETTINGS, SQS_SETTINGS } from './settings.ts';
import type { OpenPair, StorePlace } from './stores.ts';

export interface EventSourcesContext {
  readonly book: EventBook;
  readonly box: SecretBox;
  readonly open: OpenPair;
  /** Rejects where there is no such store. */
  readonly place: (store: string) => Promise<StorePlace>;
  readonly runner: BulkRunner;
  /** For queues, which whoever runs Ferry names. */
  readonly client: HttpClient;
  /** The body of a short answer to GET. */
  readonly fetchText: (url: URL) => Promise<string>;
  /** Something changed; not more often than once a second for each. */
  readonly tell: (source: string) => void;
  readonly warn: (message: string, about: Readonly<Record<string, unknown>>) => void;
  readonly now: () => number;
  readonly random: () => number;
  readonly tmpdir: () => string;
  readonly stopping: AbortSignal;
}

/** What came is told no more often, milliseconds. */
const TELL_EVERY = 1000;
/** Doubles are told from new events for so long after they were carried out, milliseconds. */
const DONE_KEPT = 3_600_000;
const LOOK_EVERY = 10_000;
/** Certificates remembered. */
const CERTIFICATES = 20;

interface Running {
  record: EventSourceRecord;
  readonly place: StorePlace;
  readonly pump: EventPump;
  readonly stop: AbortController;
  polling: Promise<void> | undefined;
  reconciling: Promise<void> | undefined;
  /** When a comparison under way last went forward. */
  movedAt: number | undefined;
  told: boolean;
}

export class EventSources {
  readonly #c: EventSourcesContext;
  readonly #running = new Map<string, Running>();
  readonly #certificates = new Map<string, string>();
  readonly #timers: NodeJS.Timeout[] = [];
  #forgotAt = 0;

  constructor(context: EventSourcesContext) {
    this.#c = context;
  }

  /** Takes up what waits. */
  async start(): Promise<void> {
    for (const record of await this.#c.book.sources()) await this.restart(record.name);
    this.#timers.push(setInterval(() => this.#look(), LOOK_EVERY).unref());
    this.#timers.push(setInterval(() => this.#tell(), TELL_EVERY).unref());
  }

  async stopped(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all([...this.#running.keys()].map((name) => this.#end(name)));
  }

  /** Begins anew with the source as the book has it now; ends it where that has it no more. */
  async restart(name: string): Promise<void> {
    await this.#end(name);
    const record = await this.#c.book.source(name);
    if (record === undefined || this.#c.stopping.aborted) return;
    try {
      const place = await this.#c.place(record.source);
      const stop = new AbortController();
      this.#c.stopping.addEventListener('abort', () => stop.abort(), { once: true, signal: stop.signal });
      const pump = new EventPump({ ...this.#c, stopping: stop.signal }, record);
      const running: Running = {
        record,
        place,
        pump,
        stop,
        polling: undefined,
        reconciling: undefined,
        movedAt: undefined,
        told: true,
      };
      this.#running.set(name, running);
      if (record.kind === 'sqs') running.polling = this.#poll(record, place, stop.signal);
    } catch (error) {
      this.#c.warn('an event source cannot be begun', { source: name, error: toFerryError(error) });
    }
  }

  /** How long ago what waits last went forward, the source where that is longest; undefined where nothing waits. */
  sinceProgress(): number | undefined {
    const moments = [...this.#running.values()].flatMap(({ pump, movedAt }) =>
      [pump.movedAt ?? [], movedAt ?? []].flat(),
    );
    return moments.length === 0 ? undefined : this.#c.now() - Math.min(...moments);
  }

  /** 200 once everything is kept. Throws `unauthenticated` also where there is no such source: strangers are not told. */
  async receive(name: string, http: ServerRequest): Promise<void> {
    const record = await this.#c.book.source(name);
    if (record?.kind === 'sns') return await this.#receiveSns(record, http);
    const token = record?.kind === 'http' ? this.#secret(record, 'secret') : undefined;
    if (!shows(http.headers.get('authorization'), token) || record === undefined)
      throw new Problem('unauthenticated', { detail: 'The secret of the event source is missing or wrong' });
    await this.#keep(record, await bodyOf(http));
  }

  /** Compares both sides now. Throws `conflict` where that is being done. */
  reconcile(name: string): void {
    const running = this.#running.get(name);
    if (running === undefined) throw new Problem('no-such-resource');
    if (running.reconciling) throw new Problem('conflict', { detail: 'Both sides are being compared' });
    this.#reconcile(running);
  }

  /** Seals a secret for a source. */
  seal(name: string, secret: string, text: string): string {
    return this.#c.box.seal(secretOf(name, secret), text);
  }

  #secret({ name, secrets }: EventSourceRecord, secret: string): Secret | undefined {
    const sealed = secrets[secret];
    return sealed === undefined ? undefined : new Secret(this.#c.box.open(secretOf(name, secret), sealed));
  }

  async #receiveSns(record: EventSourceRecord, http: ServerRequest): Promise<void> {
    const settings = SNS_SETTINGS.parse(record.settings);
    const trust: SnsTrust = { topic: settings.topic, hosts: settings.hosts };
    let envelope: SnsEnvelope;
    try {
      envelope = parseSns(await bodyOf(http));
      await verifySns(envelope, trust, (url) => this.#certificate(url));
      if (envelope.Type === 'SubscriptionConfirmation') await this.#c.fetchText(confirmationUrl(envelope, trust));
    } catch (thrown) {
      if (!isFerryError(thrown, 'bad-response')) throw thrown;
      throw new Problem('unauthenticated', { detail: thrown.message, cause: thrown });
    }
    if (envelope.Type === 'Notification') await this.#keep(record, Buffer.from(envelope.Message, 'utf8'));
  }

  async #certificate(url: URL): Promise<string> {
    const known = this.#certificates.get(url.href);
    if (known !== undefined) return known;
    const pem = await this.#c.fetchText(url);
    expectKey(url, pem);
    if (this.#certificates.size >= CERTIFICATES) this.#certificates.clear();
    this.#certificates.set(url.href, pem);
    return pem;
  }

  async #keep(record: EventSourceRecord, document: Uint8Array): Promise<void> {
    const { book, now, place } = this.#c;
    const { name } = record;
    try {
      const where = this.#running.get(name)?.place ?? (await place(record.source));
      await this.#add(name, eventsOf(document, record, where));
    } catch (thrown) {
      if (!isFerryError(thrown, 'bad-response')) throw thrown;
      await book.malformed(name, now());
      const faults = [{ pointer: '#', detail: thrown.message }];
      throw new Problem('invalid-request', { faults, cause: thrown });
    }
  }

  async #add(name: string, events: readonly NewEvent[]): Promise<void> {
    const { book, now } = this.#c;
    await book.add(name, events, now());
    const running = this.#running.get(name);
    if (running === undefined) return;
    running.told = false;
    running.pump.wake();
  }

  #poll(record: EventSourceRecord, place: StorePlace, stopping: AbortSignal): Promise<void> {
    const { book, client, now, warn } = this.#c;
    const { name } = record;
    const { queue_url: queueUrl, region, access_key_id: accessKeyId } = SQS_SETTINGS.parse(record.settings);
    const secretAccessKey = this.#secret(record, 'secret_access_key');
    if (secretAccessKey === undefined)
      throw new FerryError('no-credentials', { message: `"${name}" has no secret key` });
    return poll({
      queue: new SqsQueue({ queueUrl, region, accessKeyId, secretAccessKey, client, now }),
      read: (document) => eventsOf(document, record, place),
      keep: (events) => this.#add(name, events),
      malformed: () => book.malformed(name, now()),
      warn: (message, about) => warn(message, { source: name, ...about }),
      stopping,
    });
  }

  async #end(name: string): Promise<void> {
    const running = this.#running.get(name);
    if (running === undefined) return;
    this.#running.delete(name);
    running.stop.abort();
    await Promise.allSettled([running.pump.stop(), running.polling, running.reconciling]);
  }

  #look(): void {
    const { book, now, warn } = this.#c;
    for (const running of this.#running.values()) {
      const { record, reconciling } = running;
      const { reconcile: minutes, reconciledAt = record.createdAt } = record;
      if (minutes > 0 && !reconciling && now() - reconciledAt >= minutes * 60_000) this.#reconcile(running);
    }
    if (now() - this.#forgotAt < DONE_KEPT / 10) return;
    this.#forgotAt = now();
    void book
      .forgetDone(now() - DONE_KEPT)
      .catch((error: unknown) => warn('old events could not be forgotten', { error }));
  }

  #reconcile(running: Running): void {
    running.reconciling = this.#compare(running)
      .catch((error: unknown) => this.#c.warn('a comparison cannot be kept', { error: toFerryError(error) }))
      .finally(() => (running.reconciling = undefined));
  }

  async #compare(running: Running): Promise<void> {
    const { book, now, warn } = this.#c;
    const { record, stop, pump } = running;
    const { name } = record;
    let failure: FerryError | undefined;
    try {
      const moved = (): void => void (running.movedAt = now());
      await reconcile({ ...this.#c, stopping: stop.signal, moved }, record);
    } catch (thrown) {
      failure = toFerryError(thrown);
    }
    if (stop.signal.aborted) return;
    if (failure) warn('the two sides of an event source cannot be compared', { source: name, error: failure });
    const at = now();
    await book.reconciled(name, at, failure?.message);
    running.record = { ...record, reconciledAt: at };
    running.told = false;
    pump.wake();
  }

  #tell(): void {
    for (const [name, running] of this.#running) {
      if (running.told) continue;
      running.told = true;
      this.#c.tell(name);
    }
  }
}

function secretOf(name: string, secret: string): string {
  return `${secret} of the event source ${name}`;
}

async function bodyOf(http: ServerRequest): Promise<Buffer> {
  try {
    return await http.body.bytes(LARGEST_NOTIFICATION);
  } catch (thrown) {
    if (!isFerryError(thrown, 'too-large')) throw fromClient(thrown);
    throw new Problem('body-too-large', { detail: `More than ${LARGEST_NOTIFICATION / KiB} KiB`, cause: thrown });
  }
}

/** Not the page of something on the way: the sender tries again, and nothing useless is remembered. */
function expectKey(url: URL, pem: string): void {
  try {
    createPublicKey(pem);
  } catch (cause) {
    throw new FerryError('unavailable', { message: `${url.host} gives no certificate`, cause });
  }
}

/** `Authorization: Bearer SECRET` (MinIO), or Basic with the secret as the password (Ceph). Takes as long whatever is shown. */
function shows(authorization: string | undefined, secret: Secret | undefined): boolean {
  const shown = hash('sha256', secretIn(authorization ?? '') ?? '', 'buffer');
  const equal = timingSafeEqual(shown, hash('sha256', secret?.reveal() ?? '', 'buffer'));
  return equal && secret !== undefined;
}

function secretIn(authorization: string): string | undefined {
  const [, scheme, value] = /^([A-Za-z]+) +(\S+) *$/.exec(authorization) ?? [];
  if (scheme?.toLowerCase() === 'bearer') return value;
  if (scheme?.toLowerCase() !== 'basic') return undefined;
  const pair = Buffer.from(value!, 'base64').toString();
  return pair.slice(pair.indexOf(':') + 1);
}
