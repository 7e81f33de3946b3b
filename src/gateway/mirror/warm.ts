/**
 * Fetches what was never asked for: a sweep of HEAD requests over many keys, through the running gateway.
 *
 * Through it and not past it, so that one fetch per object, limits, counters and clients' deletes hold for the sweep as
 * for everybody. Each request waits until the object is stored, so what the sweep counts is stored. Memory: the keys
 * under way.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { FerryError, toFerryError } from '../../model/errors.ts';
import type { BucketSpec, MirrorRule, UserSpec } from '../../model/gateway.ts';
import { LineFile } from '../../store/line-file.ts';
import type { Store } from '../../store/store.ts';
import type { HttpClient, HttpResponse, Origin } from '../../wire/http/client.ts';
import { EMPTY_SHA256 } from '../../wire/sigv4/canonical.ts';
import { SigV4Signer } from '../../wire/sigv4/signer.ts';
import { keyOf, ruleOfMissing } from './rule-keys.ts';

const LINES = 1000;
/** A gateway that cannot answer is asked so often, with growing pauses. */
const ATTEMPTS = 4;
/** First pause, milliseconds. */
const PAUSE = 250;
/** Longer than a gateway makes who waits for storing wait, milliseconds. */
const PATIENCE = 60_000;

export interface WarmCounts {
  keys: number;
  /** Stored before. */
  there: number;
  /** Stored now. */
  stored: number;
  /** Of a dry run: not stored. */
  missing: number;
  /** The origins have no such object. */
  absent: number;
  failed: number;
}

export interface WarmOptions {
  readonly bucket: BucketSpec;
  readonly keys: AsyncIterable<string>;
  readonly gateway: WarmClient;
  readonly concurrency: number;
  /** Only look what is missing. */
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  /** Told of every key that is not stored and should be. */
  readonly onFailure: (key: string, reason: string) => void;
  /** Changes while it goes on. */
  readonly counts: WarmCounts;
}

/** Resolves when every key was dealt with. Rejects where the gateway cannot be reached, or with an abort. */
export async function warm({ bucket, keys, gateway, concurrency, dryRun, ...w }: WarmOptions): Promise<void> {
  const { signal, counts } = w;
  const wanted = keys[Symbol.asyncIterator]();
  const fail = (key: string, reason: string): void => {
    counts.failed++;
    w.onFailure(key, reason);
  };
  const worker = async (): Promise<void> => {
    for (let step = await wanted.next(); step.done !== true; step = await wanted.next()) {
      signal.throwIfAborted();
      const key = step.value;
      counts.keys++;
      const rule = ruleOfMissing(bucket.mirror, key);
      if (rule?.store !== true) {
        fail(key, rule === undefined ? 'no rule is for this key' : `rule "${rule.name}" stores nothing`);
        continue;
      }
      try {
        if (await gateway.isStored(key, signal)) counts.there++;
        else if (dryRun) counts.missing++;
        else if (await gateway.store(key, signal)) counts.stored++;
        else counts.absent++;
      } catch (thrown) {
        const error = toFerryError(thrown);
        // Nobody is there to ask for any other key either.
        if (signal.aborted || error.kind === 'network') throw error;
        fail(key, error.message);
      }
    }
  };
  try {
    // Generators take one question at a time: each worker's waits for the one before.
    await Promise.all(Array.from({ length: concurrency }, worker));
  } finally {
    await wanted.return?.();
  }
}

/** HEAD requests of one user to one bucket of a gateway. */
export class WarmClient {
  readonly #http: HttpClient;
  readonly #origin: Origin;
  readonly #host: string;
  readonly #bucket: string;
  readonly #signer: SigV4Signer | undefined;
  readonly #now: () => number;

  /** `user` undefined: without credentials. */
  constructor(options: {
    readonly http: HttpClient;
    readonly origin: Origin;
    readonly bucket: string;
    readonly region: string;
    readonly user: UserSpec | undefined;
    readonly now: () => number;
  }) {
    const { http, origin, bucket, region, user, now } = options;
    this.#http = http;
    this.#origin = { ...origin, timeouts: { connect: 10_000, read: PATIENCE, write: PATIENCE } };
    const name = origin.host.includes(':') ? `[${origin.host}]` : origin.host;
    this.#host = `${name}:${origin.port}`;
    this.#bucket = bucket;
    this.#now = now;
    this.#signer =
      user &&
      new SigV4Signer({
        accessKeyId: user.accessKeyId,
        secretAccessKey: user.secretAccessKey.reveal(),
        region,
        service: 's3',
      });
  }

  async isStored(key: string, signal: AbortSignal): Promise<boolean> {
    return (await this.#ask(key, 'look', signal)).status === 200;
  }

  /** Resolves once it is stored; false where the origins have no such object. Rejects with the reason otherwise. */
  async store(key: string, signal: AbortSignal): Promise<boolean> {
    return (await this.#ask(key, 'wait', signal)).status === 200;
  }

  /** Asks until there is an answer that says something about the object. */
  async #ask(key: string, wish: 'look' | 'wait', signal: AbortSignal): Promise<HttpResponse> {
    for (let attempt = 1; ;) {
      let failure: FerryError;
      try {
        const response = await this.#send(key, wish, signal);
        const { status, headers } = response;
        if (status === 200 || status === 404) return response;
        const told = headers.get('x-ferry-mirror');
        if (told === 'storing') continue;
        failure = refused(status, told);
        if (status < 500) throw failure;
      } catch (thrown) {
        failure = toFerryError(thrown);
        if (failure.retryable === 'never' || signal.aborted) throw failure;
      }
      if (attempt === ATTEMPTS) throw failure;
      await sleep(PAUSE * 2 ** attempt++, undefined, { signal });
    }
  }

  async #send(key: string, wish: string, signal: AbortSignal): Promise<HttpResponse> {
    const path = `/${this.#bucket}/${key.split('/').map(encoded).join('/')}`;
    const headers = ['Host', this.#host, 'x-ferry-mirror', wish];
    const now = this.#now();
    const request = { method: 'HEAD', path, query: '', headers, payloadHash: EMPTY_SHA256, now };
    const signed = this.#signer === undefined ? [] : this.#signer.sign(request);
    const all = [...headers, ...signed];
    const response = await this.#http.request(this.#origin, { method: 'HEAD', target: path, headers: all }, signal);
    await response.body.discard();
    return response;
  }
}

function refused(status: number, told: string | undefined): FerryError {
  if (told?.startsWith('failed ') === true)
    return new FerryError('unavailable', { message: `it came but was not stored: ${told.slice('failed '.length)}` });
  if (status === 403)
    return new FerryError('access-denied', { message: 'the gateway answers 403: the origin refuses it, or the user may not read the bucket' }); // prettier-ignore
  return new FerryError(status < 500 ? 'unsupported' : 'unavailable', { message: `the gateway answers ${status}` });
}

/** As SigV4 has paths. */
function encoded(part: string): string {
  return encodeURIComponent(part).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Keys of a file, one a line; a line that is a URL below the origin of a rule is the key that comes from there. */
export async function* listedKeys(path: string, rules: readonly MirrorRule[]): AsyncGenerator<string> {
  await using file = await LineFile.open(path, '--list');
  for (let position: number | undefined = 0; position !== undefined;) {
    const { lines, next }: Awaited<ReturnType<LineFile['read']>> = await file.read(position, LINES);
    for (const { text, problem } of lines) {
      if (problem !== undefined) throw new FerryError('configuration', { message: `${path}: ${problem}: ${text}` });
      yield keyOfUrl(text.trim(), rules) ?? text.trim();
    }
    position = next;
  }
}

function keyOfUrl(text: string, rules: readonly MirrorRule[]): string | undefined {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return undefined;
  const { href } = new URL(text);
  for (const rule of rules)
    for (const { options } of rule.origins) {
      const base = options['base_url'];
      if (typeof base !== 'string' || !URL.canParse(base)) continue;
      const url = new URL(base);
      const below = url.origin + (url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`);
      if (!href.startsWith(below)) continue;
      const key = keyOf(rule, decoded(href.slice(below.length).split(/[?#]/)[0]!));
      if (key !== undefined && ruleOfMissing(rules, key) === rule) return key;
    }
  return undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // No UTF-8 in it: the key is as it is.
  }
}

/**
 * Keys that the origins of the rules list and the rules ask them for; of each rule the first origin. Rejects with
 * `unsupported` where one cannot list.
 */
export async function* originKeys(
  rules: readonly MirrorRule[],
  open: (spec: MirrorRule['origins'][number]) => Promise<Store>,
  signal: AbortSignal,
): AsyncGenerator<string> {
  for (const rule of rules) {
    if (!rule.store || !rule.match.statuses.includes(404)) continue;
    await using origin = await open(rule.origins[0]!);
    if (origin.capabilities.list === undefined)
      throw new FerryError('unsupported', {
        message: `the origin of rule "${rule.name}" cannot be listed`,
        remedy: 'Give the keys with `--list FILE`.',
      });
    const [before = ''] = rule.rewrite.template.split('{key}');
    const prefix = before + rule.match.prefix.slice(rule.rewrite.strip.length);
    let after: string | undefined;
    let cursor: string | undefined;
    for (;;) {
      const page = await origin.list({ prefix, after, cursor }, signal);
      for (const entry of page.entries) {
        if (entry.directory || entry.irregular !== undefined || entry.badName !== undefined) continue;
        const key = keyOf(rule, entry.key);
        if (key !== undefined && ruleOfMissing(rules, key) === rule) yield key;
      }
      after = page.next;
      cursor = page.cursor;
      if (after === undefined && cursor === undefined) break;
    }
  }
}
