/**
 * Amazon SQS by its JSON protocol. Source: "Making Query API requests using AWS JSON protocol", Amazon SQS Developer
 * Guide; ReceiveMessage and DeleteMessageBatch of its API reference.
 */
import { hash } from 'node:crypto';
import * as z from 'zod';
import { FerryError } from '../../model/errors.ts';
import type { Secret } from '../../model/secret.ts';
import { MiB } from '../../model/units.ts';
import type { HttpClient, Origin } from '../../wire/http/client.ts';
import { uriEncode } from '../../wire/sigv4/encode.ts';
import { SigV4Signer } from '../../wire/sigv4/signer.ts';

export interface SqsOptions {
  readonly queueUrl: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly client: HttpClient;
  readonly now: () => number;
}

export interface SqsMessage {
  readonly id: string;
  readonly receipt: string;
  readonly body: string;
}

/** Seconds a call waits for a message; the longest there is. */
const WAIT = 20;
const MOST = 10;
/** Seconds a message is hidden from others while it is taken. */
const HIDDEN = 60;
/** Ten messages of 1 MiB, and what is around them. */
const LARGEST = 12 * MiB;

const RECEIVED = z.object({
  Messages: z
    .array(z.object({ MessageId: z.string(), ReceiptHandle: z.string(), Body: z.string() }))
    .nullish()
    .transform((messages) => messages ?? []),
});
const DELETED = z.object({ Failed: z.array(z.object({ Id: z.string(), Code: z.string() })).nullish() });
const REFUSED = z.object({ __type: z.string(), message: z.string().optional() });

export class SqsQueue {
  readonly #o: SqsOptions;
  readonly #signer: SigV4Signer;
  readonly #url: URL;
  readonly #origin: Origin;

  constructor(options: SqsOptions) {
    const { queueUrl, region, accessKeyId, secretAccessKey } = options;
    this.#o = options;
    this.#signer = new SigV4Signer({
      accessKeyId,
      secretAccessKey: secretAccessKey.reveal(),
      region,
      service: 'sqs',
    });
    this.#url = new URL(queueUrl);
    const secure = this.#url.protocol === 'https:';
    this.#origin = {
      secure,
      host: this.#url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: this.#url.port === '' ? (secure ? 443 : 80) : Number(this.#url.port),
      timeouts: { connect: 10_000, read: (WAIT + 10) * 1000, write: 10_000 },
    };
  }

  /** Waits for messages up to 20 seconds; none is no failure. They come again where they are not deleted. */
  async receive(signal: AbortSignal): Promise<readonly SqsMessage[]> {
    const asked = { MaxNumberOfMessages: MOST, WaitTimeSeconds: WAIT, VisibilityTimeout: HIDDEN };
    const { Messages } = RECEIVED.parse(await this.#call('ReceiveMessage', asked, signal));
    return Messages.map(({ MessageId: id, ReceiptHandle: receipt, Body: body }) => ({ id, receipt, body }));
  }

  /** At most ten. Rejects where one of them could not be: it comes again, which does no harm. */
  async remove(messages: readonly SqsMessage[], signal: AbortSignal): Promise<void> {
    const Entries = messages.map(({ receipt }, i) => ({ Id: String(i), ReceiptHandle: receipt }));
    const { Failed } = DELETED.parse(await this.#call('DeleteMessageBatch', { Entries }, signal));
    if (Failed && Failed.length > 0)
      throw new FerryError('bad-response', { message: `the queue kept a message: ${Failed[0]!.Code}` });
  }

  async #call(action: string, members: object, signal: AbortSignal): Promise<unknown> {
    const { client, now, queueUrl } = this.#o;
    const body = Buffer.from(JSON.stringify({ QueueUrl: queueUrl, ...members }), 'utf8');
    const path = uriEncode(decodeURIComponent(this.#url.pathname), true);
    const headers = [
      'Host',
      this.#url.host,
      'Content-Type',
      'application/x-amz-json-1.0',
      'X-Amz-Target',
      `AmazonSQS.${action}`,
    ];
    const payloadHash = hash('sha256', body, 'hex');
    const signed = this.#signer.sign({ method: 'POST', path, query: '', headers, payloadHash, now: now() });
    const request = { method: 'POST', target: path, headers: [...headers, ...signed], body };
    const answer = await client.request(this.#origin, request, signal);
    const text = (await answer.body.bytes(LARGEST)).toString('utf8');
    const json: unknown = parsed(text);
    if (answer.status === 200) return json;
    const why = REFUSED.safeParse(json);
    const denied = answer.status === 403 || /AccessDenied|InvalidClientTokenId|SignatureDoesNotMatch/.test(text);
    throw new FerryError(denied ? 'access-denied' : 'unavailable', {
      message: `the queue answers ${answer.status}${why.success ? ` ${why.data.__type}: ${why.data.message ?? ''}` : ''}`,
      remedy: 'The key needs sqs:ReceiveMessage and sqs:DeleteMessage; check queue_url and region.',
    });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FerryError('bad-response', { message: 'the queue answers no JSON', cause });
  }
}
