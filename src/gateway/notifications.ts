/**
 * Where stores tell of changes to their objects: `POST /.ferry/notifications/BUCKET`, which no client can mean, because no
 * bucket is called `.ferry`. Whoever tells shows the token of the bucket: `Authorization: Bearer TOKEN` (MinIO), or Basic
 * with the token as the password and any name (Ceph: `http://ferry:TOKEN@…` as its push endpoint).
 */
import { hash, timingSafeEqual } from 'node:crypto';
import { isFerryError } from '../model/errors.ts';
import type { Secret } from '../model/secret.ts';
import type { HttpAnswer, ServerRequest } from '../wire/http/server/server.ts';
import { LARGEST_NOTIFICATION, parseS3Notification, type ObjectEvent } from '../wire/s3/notification.ts';
import { empty } from './s3/answer.ts';
import { S3Error } from './s3/error.ts';

/** Of the gateway's bucket; what of it concerns its old side is the listener's to find out. */
export interface NotificationListener {
  readonly token: Secret;
  /** What is to be kept of the events is kept when this resolves. */
  readonly tell: (events: readonly ObjectEvent[]) => Promise<void>;
}

const PATH = '/.ferry/notifications/';

export class Notifications {
  readonly #listeners: ReadonlyMap<string, NotificationListener>;

  constructor(listeners: ReadonlyMap<string, NotificationListener>) {
    this.#listeners = listeners;
  }

  /** Whether the request, to no bucket of a host name, is for here. */
  takes({ target }: ServerRequest): boolean {
    return target.startsWith(PATH);
  }

  /** 200 once everything is kept. Throws `AccessDenied` also where nobody listens: that is not told to strangers. */
  async receive(http: ServerRequest): Promise<HttpAnswer> {
    const listener = this.#listeners.get(bucketOf(http.target));
    if (!shows(http.headers.get('authorization'), listener?.token) || listener === undefined)
      throw new S3Error('AccessDenied', { message: 'The token of the notifications is missing or wrong' });
    if (http.method !== 'POST') throw new S3Error('MethodNotAllowed');
    await listener.tell(await eventsOf(http));
    return empty(200);
  }
}

function bucketOf(target: string): string {
  const mark = target.indexOf('?');
  return target.slice(PATH.length, mark < 0 ? undefined : mark);
}

/** Takes as long whatever is shown. */
function shows(authorization: string | undefined, token: Secret | undefined): boolean {
  const shown = hash('sha256', tokenIn(authorization ?? '') ?? '', 'buffer');
  const equal = timingSafeEqual(shown, hash('sha256', token?.reveal() ?? '', 'buffer'));
  return equal && token !== undefined;
}

function tokenIn(authorization: string): string | undefined {
  const [, scheme, value] = /^([A-Za-z]+) +(\S+) *$/.exec(authorization) ?? [];
  if (scheme?.toLowerCase() === 'bearer') return value;
  if (scheme?.toLowerCase() !== 'basic') return undefined;
  const pair = Buffer.from(value!, 'base64').toString();
  return pair.slice(pair.indexOf(':') + 1);
}

async function eventsOf({ body }: ServerRequest): Promise<readonly ObjectEvent[]> {
  try {
    return parseS3Notification(await body.bytes(LARGEST_NOTIFICATION));
  } catch (thrown) {
    if (isFerryError(thrown, 'too-large')) throw new S3Error('EntityTooLarge', { cause: thrown });
    if (isFerryError(thrown, 'bad-response')) throw new S3Error('InvalidRequest', { message: thrown.message });
    throw thrown;
  }
}
