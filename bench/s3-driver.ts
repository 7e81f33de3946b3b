/**
 * What the S3 driver costs in CPU for a GET and a PUT of 4 KiB, without any network: building, signing, reading headers.
 * `node bench/s3-driver.ts [objects]`.
 */
import { hash } from 'node:crypto';
import type { HttpClient, HttpRequest, HttpResponse, Origin } from '../src/wire/http/client.ts';
import { KiB } from '../src/model/units.ts';
import { s3Drivers } from '../src/stores/s3/driver.ts';

const OBJECTS = Number(process.argv[2] ?? 100_000);
const CONCURRENCY = 32;
const BYTES = Buffer.alloc(4 * KiB, 'ferry');

/** About what a service answers to a GET. */
const HEADERS = new Map([
  ['content-length', String(BYTES.byteLength)],
  ['etag', '"900150983cd24fb0d6963f7d28e17f72"'],
  ['last-modified', 'Wed, 01 May 2024 12:00:00 GMT'],
  ['content-type', 'application/octet-stream'],
  ['accept-ranges', 'bytes'],
  ['x-amz-meta-mtime', '1714564800.123'],
  ['x-amz-request-id', 'tx00000000000000000001-0066300000-1000-default'],
  ['date', 'Wed, 01 May 2024 12:00:00 GMT'],
]);

/** Answers at once. */
class NoNetwork implements HttpClient {
  readonly #get: HttpResponse = answer(BYTES);
  readonly #put: HttpResponse = answer(Buffer.alloc(0));

  request(_origin: Origin, request: HttpRequest): Promise<HttpResponse> {
    return Promise.resolve(request.method === 'GET' ? this.#get : this.#put);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is open.
  }
}

function answer(bytes: Buffer): HttpResponse {
  return {
    status: 200,
    headers: { get: (name) => HEADERS.get(name), entries: () => HEADERS.entries() },
    body: {
      length: bytes.byteLength,
      bytes: () => Promise.resolve(bytes),
      discard: () => Promise.resolve(),
      cancel: () => undefined,
      async *[Symbol.asyncIterator]() {
        yield bytes;
      },
    },
  };
}

const [driver] = s3Drivers();
const options = {
  bucket_name: 'b',
  endpoint: 'http://h',
  access_key_id: 'A',
  secret_access_key: 'S',
  provider: 'ceph',
};
const context = { http: new NoNetwork(), env: {}, now: Date.now, tmpdir: () => '' };
const store = await driver!.open({ type: 's3', path: '', options }, context);
const md5 = hash('md5', BYTES, 'hex');
const meta = { contentType: 'application/octet-stream', modified: 1_714_564_800_123 };

for (let round = 1; round <= 3; round++) {
  await measure('GET', async (key) => {
    const { body } = await store.read(key);
    await body.bytes(8 * KiB);
  });
  await measure('PUT', async (key) => {
    await store.write(key, BYTES, { md5, meta });
  });
}

async function measure(name: string, work: (key: string) => Promise<void>): Promise<void> {
  let next = 0;
  const before = process.cpuUsage();
  const worker = async (): Promise<void> => {
    while (next < OBJECTS) await work(`some/prefix/object-${next++}`);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  const { user, system } = process.cpuUsage(before);
  console.log(`${name} ${((user + system) / OBJECTS).toFixed(1)} µs of CPU`);
}
