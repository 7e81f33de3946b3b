/**
 * A topic of Amazon SNS as its documentation has it: it signs what it posts, has its certificate fetched, and wants each
 * subscription confirmed with the token it was sent. Written from the developer guide ("Using Amazon SNS for system to
 * system messaging with an HTTP/S endpoint as a subscriber"); no real topic was at hand to compare it with.
 */
import { createSign, generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificate } from '../unit/http/certificates.ts';

type Members = Readonly<Record<string, string>>;

/** Members changed before the message is signed, and after. */
interface Changes {
  readonly before?: Members;
  readonly after?: Members;
}

const CONFIRMATION = ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'];
const NOTIFICATION = ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'];
const CERTIFICATE = '/SimpleNotificationService-0123456789abcdef.pem';

export class FakeTopic implements AsyncDisposable {
  readonly topic = 'arn:aws:sns:eu-west-1:123456789012:photos';
  /** `authority.pem` in it is who vouches for the address. */
  readonly folder: string;
  /** What was asked that SNS would refuse. */
  readonly complaints: string[] = [];
  /** Requests that came. */
  asked = 0;
  confirmed = 0;
  /** Status and text in place of the certificate. */
  certificates: readonly [status: number, text: string] | undefined;
  readonly #server;
  readonly #authority = certificate('Test authority', { authority: true });
  readonly #keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  readonly #pem = certificate('sns.amazonaws.com', { issuer: this.#authority, keys: this.#keys }).cert;
  readonly #tokens = new Set<string>();

  constructor(folder: string) {
    this.folder = folder;
    writeFileSync(join(folder, 'authority.pem'), this.#authority.cert);
    const { cert, key } = certificate('localhost', { issuer: this.#authority, names: ['localhost'] });
    this.#server = createServer({ cert, key }, (request, response) => this.#answer(request, response));
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get host(): string {
    return `localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Posts the request for confirmation; gives the status it is answered with. */
  async subscribe(endpoint: string, changes: Changes = {}): Promise<number> {
    const token = randomUUID();
    this.#tokens.add(token);
    const query = new URLSearchParams({ Action: 'ConfirmSubscription', TopicArn: this.topic, Token: token });
    const members = {
      Type: 'SubscriptionConfirmation',
      Token: token,
      Message: `You have chosen to subscribe to the topic ${this.topic}.`,
      SubscribeURL: `https://${this.host}/?${query.toString()}`,
    };
    return await this.#post(endpoint, members, CONFIRMATION, changes);
  }

  /** Posts a message as S3 has it published. */
  async publish(endpoint: string, message: string, changes: Changes = {}): Promise<number> {
    const members = { Type: 'Notification', Subject: 'Amazon S3 Notification', Message: message };
    return await this.#post(endpoint, members, NOTIFICATION, changes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await rm(this.folder, { recursive: true });
  }

  async #post(endpoint: string, own: Members, names: readonly string[], { before, after }: Changes): Promise<number> {
    const members: Record<string, string> = {
      MessageId: randomUUID(),
      TopicArn: this.topic,
      Timestamp: new Date().toISOString(),
      SignatureVersion: '2',
      SigningCertURL: `https://${this.host}${CERTIFICATE}`,
      ...own,
      ...before,
    };
    const text = names.filter((name) => name in members).map((name) => `${name}\n${members[name]}\n`).join(''); // prettier-ignore
    const Signature = createSign('RSA-SHA256').update(text).sign(this.#keys.privateKey, 'base64');
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'text/plain; charset=UTF-8',
        'user-agent': 'Amazon Simple Notification Service Agent',
        'x-amz-sns-message-type': members['Type']!,
        'x-amz-sns-topic-arn': this.topic,
      },
      body: JSON.stringify({ ...members, Signature, ...after }),
    });
    await response.arrayBuffer();
    return response.status;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.asked++;
    const url = new URL(request.url!, `https://${request.headers.host}`);
    const refuse = (why: string): void => {
      this.complaints.push(`${request.method} ${request.url}: ${why}`);
      response.writeHead(400).end();
    };
    if (request.method !== 'GET') return refuse('only GET is known');
    if (url.host !== this.host) return refuse('another host is meant');
    if (url.pathname === CERTIFICATE) {
      const [status, text] = this.certificates ?? [200, this.#pem];
      response.writeHead(status, { 'content-type': 'binary/octet-stream' }).end(text);
      return;
    }
    const { Action, TopicArn, Token = '' } = Object.fromEntries(url.searchParams);
    if (url.pathname !== '/' || Action !== 'ConfirmSubscription') return refuse('no such action');
    if (TopicArn !== this.topic || !this.#tokens.delete(Token)) return refuse('the token is of no subscription');
    this.confirmed++;
    response.writeHead(200, { 'content-type': 'text/xml' }).end('<ConfirmSubscriptionResponse/>');
  }
}

export async function startTopic(): Promise<FakeTopic> {
  const topic = new FakeTopic(await mkdtemp(join(tmpdir(), 'ferry-sns-')));
  await topic.listen();
  return topic;
}
