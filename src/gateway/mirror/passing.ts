/** Requests to origins that pass the store by: looks, ranges wanted at once, objects that are not to be stored. */
import { FerryError } from '../../model/errors.ts';
import type { ObjectMeta } from '../../model/object.ts';
import type { ReadBody, ReadOptions, ReadResult } from '../../store/store.ts';
import type { HttpHeaders } from '../../wire/http/client.ts';
import { AnswerAs } from '../answer-as.ts';
import { askInTurn, refuseTooLarge, unavailable } from './origin.ts';
import type { Rule } from './rule.ts';

/** A URL a client is sent to is good for so long, seconds. */
const REDIRECT_LASTS = 3600;

/** What the origin tells of an object. Rejects as `askInTurn` does. */
export async function lookAtOrigin(
  rule: Rule,
  key: string,
  client: HttpHeaders | undefined,
  signal: AbortSignal | undefined,
): Promise<ObjectMeta> {
  const { answer } = await askInTurn(rule, key, async ({ store }, originKey) => {
    if (!rule.asksWithHeaders || store.capabilities.readHeaders !== true) return await store.stat(originKey, signal);
    const { meta, body } = await store.read(originKey, { headers: rule.originHeaders(client) }, signal);
    body.cancel();
    return meta;
  });
  refuseTooLarge(rule, answer.size);
  return rule.kept(answer);
}

/** Bytes of an object straight from the origin. Rejects as `askInTurn` does, with `changed` for another version. */
export async function readFromOrigin(
  rule: Rule,
  key: string,
  options: ReadOptions,
  client: HttpHeaders | undefined,
  signal: AbortSignal | undefined,
): Promise<ReadResult> {
  const { answer } = await askInTurn(rule, key, ({ store }, originKey) => {
    const { readHeaders, readIfMatch } = store.capabilities;
    const headers = readHeaders === true ? rule.originHeaders(client) : undefined;
    return store.read(originKey, { ...options, ifMatch: readIfMatch ? options.ifMatch : undefined, headers }, signal);
  });
  const { body } = answer;
  try {
    const meta = rule.kept(answer.meta);
    refuseTooLarge(rule, meta.size);
    if (options.ifMatch !== undefined && meta.etag !== options.ifMatch)
      throw new FerryError('changed', { key, operation: 'read' });
    return { meta, body: new CountedBody(body, rule) };
  } catch (thrown) {
    body.cancel();
    throw thrown;
  }
}

/** The 302 that sends a client to the origin. */
export async function redirection(rule: Rule, key: string): Promise<AnswerAs> {
  const originKey = rule.originKey(key);
  for (const { store, breaker } of rule.origins) {
    if (originKey === undefined || breaker.closedFor > 0) continue;
    const url = await store.presign!(originKey, REDIRECT_LASTS);
    return new AnswerAs('Found', 'not-found', { key, message: 'It is at the origin' }, ['Location', url]);
  }
  return unavailable(rule, key, undefined);
}

/** Counts what comes, and ends what is too much. */
class CountedBody implements ReadBody {
  readonly size: number | undefined;
  readonly #body: ReadBody;
  readonly #rule: Rule;

  constructor(body: ReadBody, rule: Rule) {
    this.#body = body;
    this.#rule = rule;
    this.size = body.size;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    const chunks = this.#body[Symbol.asyncIterator]();
    const rule = this.#rule;
    let bytes = 0;
    return {
      async next() {
        const step = await chunks.next();
        if (step.done === true) return step;
        bytes += step.value.byteLength;
        rule.tally.add('bytes', step.value.byteLength);
        refuseTooLarge(rule, bytes);
        return step;
      },
      async return() {
        await chunks.return?.();
        return { done: true, value: undefined };
      },
    };
  }

  async bytes(limit: number): Promise<Uint8Array> {
    const bytes = await this.#body.bytes(limit);
    this.#rule.tally.add('bytes', bytes.byteLength);
    return bytes;
  }

  cancel(): void {
    this.#body.cancel();
  }
}
