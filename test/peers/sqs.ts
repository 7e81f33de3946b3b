/**
 * A queue of Amazon SQS as its documentation has it, strict about what is asked: the JSON protocol, signatures, receipts.
 * Written from the API reference (ReceiveMessage, DeleteMessageBatch) and the developer guide (AWS JSON protocol); no
 * real queue was at hand to compare it with.
 */
import assert from 'node:assert/strict';
import { createHash, createHmac, hash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

interface Message {
  readonly id: string;
  readonly body: string;
  receipt: string | undefined;
  hiddenUntil: number;
}

export interface FakeQueue extends AsyncDisposable {
  readonly url: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** What was asked that SQS would refuse. */
  readonly complaints: readonly string[];
  send(body: string): void;
  until(wanted: (left: number) => boolean, what: string): Promise<void>;
}

const ACCOUNT = '123456789012';

export async function startQueue(): Promise<FakeQueue> {
  const [accessKey, secretKey, region] = ['AKIAQUEUE', 'secret-of-the-queue', 'eu-west-1'];
  const messages: Message[] = [];
  const complaints: string[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => void serve(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const url = `http://${host}/${ACCOUNT}/events`;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const refuse = (status: number, type: string, message: string): void => {
      complaints.push(`${type}: ${message}`);
      reply(response, status, { __type: `com.amazonaws.sqs#${type}`, message });
    };
    const wrong = signatureFault(request, body, { accessKey, secretKey, region });
    if (wrong !== undefined) return refuse(403, 'InvalidSignatureException', wrong);
    if (request.method !== 'POST') return refuse(405, 'InvalidAction', 'only POST');
    if (request.headers['content-type'] !== 'application/x-amz-json-1.0')
      return refuse(400, 'InvalidAction', 'Content-Type must be application/x-amz-json-1.0');
    const [, action] = /^AmazonSQS\.(\w+)$/.exec(String(request.headers['x-amz-target'])) ?? [];
    const asked = JSON.parse(body.toString('utf8')) as Record<string, unknown>;
    if (asked['QueueUrl'] !== url) return refuse(400, 'QueueDoesNotExist', String(asked['QueueUrl']));
    if (action === 'ReceiveMessage') return await receive(asked, response, refuse);
    if (action === 'DeleteMessageBatch') return remove(asked, response, refuse);
    refuse(400, 'InvalidAction', String(action));
  }

  async function receive(
    asked: Record<string, unknown>,
    response: ServerResponse,
    refuse: (status: number, type: string, message: string) => void,
  ): Promise<void> {
    const most = within(asked['MaxNumberOfMessages'] ?? 1, 1, 10);
    const wait = within(asked['WaitTimeSeconds'] ?? 0, 0, 20);
    const hidden = within(asked['VisibilityTimeout'] ?? 30, 0, 43_200);
    if (most === undefined || wait === undefined || hidden === undefined)
      return refuse(400, 'InvalidParameterValue', JSON.stringify(asked));
    const end = Date.now() + 1000 * wait;
    for (;;) {
      const seen = messages.filter(({ hiddenUntil }) => hiddenUntil <= Date.now()).slice(0, most);
      if (seen.length > 0 || Date.now() >= end || response.destroyed) {
        for (const message of seen) {
          message.receipt = randomUUID();
          message.hiddenUntil = Date.now() + 1000 * hidden;
        }
        const told = seen.map(({ id, body, receipt }) => ({
          MessageId: id,
          ReceiptHandle: receipt,
          Body: body,
          MD5OfBody: hash('md5', body),
        }));
        return reply(response, 200, told.length === 0 ? {} : { Messages: told });
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      response.once('close', resolve);
      await Promise.race([promise, sleep(end - Date.now(), undefined, { ref: false })]);
      waiting.delete(resolve);
    }
  }

  function remove(
    asked: Record<string, unknown>,
    response: ServerResponse,
    refuse: (status: number, type: string, message: string) => void,
  ): void {
    const entries = asked['Entries'] as { Id: string; ReceiptHandle: string }[];
    if (!Array.isArray(entries) || entries.length === 0) return refuse(400, 'EmptyBatchRequest', 'no entries');
    if (entries.length > 10) return refuse(400, 'TooManyEntriesInBatchRequest', String(entries.length));
    if (new Set(entries.map(({ Id }) => Id)).size < entries.length)
      return refuse(400, 'BatchEntryIdsNotDistinct', 'ids');
    const failed: { Id: string; SenderFault: boolean; Code: string }[] = [];
    for (const { Id, ReceiptHandle } of entries) {
      const at = messages.findIndex(({ receipt }) => receipt === ReceiptHandle);
      if (at >= 0) messages.splice(at, 1);
      else failed.push({ Id, SenderFault: true, Code: 'ReceiptHandleIsInvalid' });
    }
    const done = entries.filter(({ Id }) => !failed.some((each) => each.Id === Id)).map(({ Id }) => ({ Id }));
    reply(response, 200, { Successful: done, Failed: failed });
    for (const wake of waiting) wake();
  }

  return {
    url,
    region,
    accessKey,
    secretKey,
    complaints,
    send(body) {
      messages.push({ id: randomUUID(), body, receipt: undefined, hiddenUntil: 0 });
      for (const wake of waiting) wake();
    },
    async until(wanted, what) {
      for (const end = Date.now() + 20_000; !wanted(messages.length);) {
        assert.ok(Date.now() < end, `${what}: ${messages.length} are left`);
        await sleep(20);
      }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function reply(response: ServerResponse, status: number, json: unknown): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(json));
}

function within(value: unknown, least: number, most: number): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most ? value : undefined;
}

/** Signature Version 4 worked out by itself, not by the code that is tested. */
function signatureFault(
  request: IncomingMessage,
  body: Buffer,
  { accessKey, secretKey, region }: { readonly accessKey: string; readonly secretKey: string; readonly region: string },
): string | undefined {
  const [, credential, signedHeaders, signature] =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      request.headers.authorization ?? '',
    ) ?? [];
  if (credential === undefined) return 'no signature';
  const time = String(request.headers['x-amz-date']);
  const scope = `${time.slice(0, 8)}/${region}/sqs/aws4_request`;
  if (credential !== `${accessKey}/${scope}`) return `credential ${credential}`;
  const names = signedHeaders!.split(';');
  for (const name of ['host', 'x-amz-date', 'x-amz-target']) if (!names.includes(name)) return `${name} is not signed`;
  const canonical = [
    'POST',
    request.url,
    '',
    ...names.map((name) => `${name}:${String(request.headers[name]).trim()}`),
    '',
    signedHeaders,
    createHash('sha256').update(body).digest('hex'),
  ].join('\n');
  const text = ['AWS4-HMAC-SHA256', time, scope, hash('sha256', canonical)].join('\n');
  let key: Buffer | string = `AWS4${secretKey}`;
  for (const step of scope.split('/')) key = createHmac('sha256', key).update(step).digest();
  return createHmac('sha256', key).update(text).digest('hex') === signature ? undefined : 'the signature is wrong';
}
