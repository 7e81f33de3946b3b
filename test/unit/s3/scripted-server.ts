/** An HTTP server that answers what a test says, and stores of the S3 driver in front of it. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { SocketHttpClient } from '../../../src/wire/http/socket-client.ts';
import { s3Drivers } from '../../../src/stores/s3/driver.ts';
import { S3Store } from '../../../src/stores/s3/s3-store.ts';

export interface Seen {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Closes the connection after so many bytes of the body. */
  readonly cutAfter?: number;
}

export interface OpenOptions {
  readonly type?: string;
  readonly path?: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly now?: () => number;
}

export class ScriptedServer implements AsyncDisposable {
  readonly seen: Seen[] = [];
  /** The answer to each request; it may look at those before. */
  answer: (request: Seen, count: number) => Answer;
  readonly http = new SocketHttpClient();
  readonly #server: Server;

  private constructor(server: Server, answer: (request: Seen, count: number) => Answer) {
    this.#server = server;
    this.answer = answer;
  }

  static async start(answer: (request: Seen, count: number) => Answer): Promise<ScriptedServer> {
    const server = createServer();
    const scripted = new ScriptedServer(server, answer);
    server.on('request', (incoming, outgoing) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const { method = '', url = '', headers } = incoming;
        const request = { method, target: url, headers, body: Buffer.concat(chunks) };
        scripted.seen.push(request);
        const {
          status = 200,
          headers: more = {},
          body = '',
          cutAfter,
        } = scripted.answer(request, scripted.seen.length);
        const bytes = Buffer.from(body);
        outgoing.writeHead(status, { 'content-length': bytes.byteLength, ...more });
        if (cutAfter === undefined) outgoing.end(method === 'HEAD' ? undefined : bytes);
        else outgoing.write(bytes.subarray(0, cutAfter), () => outgoing.destroy());
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return scripted;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    return address.port;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async open({ type = 's3', path = '', options = {}, env = {}, now = Date.now }: OpenOptions = {}): Promise<S3Store> {
    const driver = s3Drivers().find((each) => each.type === type);
    if (driver === undefined) throw new Error(`there is no type ${type}`);
    const spec = { type, path, options: { bucket_name: 'bucket', endpoint: this.endpoint, ...KEYS, ...options } };
    const store = await driver.open(spec, { http: this.http, env, now, tmpdir });
    if (!(store instanceof S3Store)) throw new Error('not a store of this driver');
    return store;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.http[Symbol.asyncDispose]();
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

const KEYS = { access_key_id: 'AKID', secret_access_key: 'SECRET', region: 'us-east-1' };

export function errorBody(code: string, more = ''): string {
  return `<?xml version="1.0"?><Error><Code>${code}</Code><Message>as scripted</Message>${more}</Error>`;
}

export function listBody(keys: readonly string[], more = '<IsTruncated>false</IsTruncated>'): string {
  const contents = keys.map(
    (key) =>
      `<Contents><Key>${key}</Key><LastModified>2024-05-01T12:00:00.123Z</LastModified><ETag>&quot;0123&quot;</ETag>` +
      '<Size>3</Size><StorageClass>STANDARD</StorageClass></Contents>',
  );
  return `<ListBucketResult><EncodingType>url</EncodingType>${more}${contents.join('')}</ListBucketResult>`;
}

/** `Credential=AKID/20240501/us-east-1/s3/aws4_request` → `us-east-1`. */
export function signedRegion(request: Seen): string | undefined {
  return /Credential=[^/]+\/\d+\/([^/]+)\//.exec(request.headers.authorization ?? '')?.[1];
}
