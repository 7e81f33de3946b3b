/** Swift's own interface: what Ferry left there is judged by it, and it makes large objects that S3 cannot. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Swift } from './swift.ts';

export interface Native {
  readonly sha256: string;
  readonly contentType: string | null;
  /** A manifest of segments. */
  readonly segmented: boolean;
  readonly user: Readonly<Record<string, string>>;
}

export class SwiftNative {
  readonly #storage: string;
  readonly #token: string;

  private constructor(storage: string, token: string) {
    this.#storage = storage;
    this.#token = token;
  }

  static async login({ authUrl, accessKey, secretKey }: Swift): Promise<SwiftNative> {
    const headers = { 'x-storage-user': accessKey, 'x-storage-pass': secretKey };
    const answer = await fetch(authUrl, { headers });
    assert.ok(answer.ok, `Swift answers ${answer.status} to the login`);
    return new SwiftNative(answer.headers.get('x-storage-url')!, answer.headers.get('x-auth-token')!);
  }

  /** A manifest that names its segments: its ETag is made of theirs, and s3api lists it with `-N` behind. */
  async putStatic(container: string, key: string, segments: readonly Buffer[]): Promise<void> {
    await this.#putSegments(key, segments);
    const manifest = segments.map((body, i) => ({
      path: `/${SEGMENTS}/${key}/${i}`,
      etag: createHash('md5').update(body).digest('hex'),
      size_bytes: body.byteLength,
    }));
    await this.#put(`${container}/${key}?multipart-manifest=put`, JSON.stringify(manifest));
  }

  /** Names in a container; none where there is no such container. Up to 10,000. */
  async names(container: string): Promise<readonly string[]> {
    const answer = await this.#get(`${container}?format=json`);
    if (answer.status === 404) return [];
    assert.ok(answer.ok, `Swift answers ${answer.status} to a listing of ${container}`);
    return ((await answer.json()) as { name: string }[]).map(({ name }) => name);
  }

  /** An object as Swift's own clients see it: every byte, and user metadata without `X-Object-Meta-`. */
  async read(container: string, key: string): Promise<Native> {
    const answer = await this.#get(`${container}/${encodeURIComponent(key)}`);
    assert.equal(answer.status, 200, `GET of ${key}`);
    const meta = [...answer.headers].filter(([name]) => name.startsWith(META));
    return {
      sha256: createHash('sha256')
        .update(await answer.bytes())
        .digest('hex'),
      contentType: answer.headers.get('content-type'),
      segmented: answer.headers.get('x-static-large-object') !== null,
      user: Object.fromEntries(meta.map(([name, value]) => [name.slice(META.length), value])),
    };
  }

  async #putSegments(key: string, segments: readonly Buffer[]): Promise<void> {
    await this.#put(SEGMENTS, '');
    for (const [i, body] of segments.entries()) await this.#put(`${SEGMENTS}/${key}/${i}`, body);
  }

  #get(path: string): Promise<Response> {
    return fetch(`${this.#storage}/${path}`, { headers: { 'x-auth-token': this.#token } });
  }

  async #put(path: string, body: string | Buffer): Promise<void> {
    const headers = { 'x-auth-token': this.#token };
    const bytes = typeof body === 'string' ? body : new Uint8Array(body);
    const { ok, status } = await fetch(`${this.#storage}/${path}`, { method: 'PUT', headers, body: bytes });
    assert.ok(ok, `Swift answers ${status} to PUT ${path}`);
  }
}

const SEGMENTS = 'segments';
const META = 'x-object-meta-';
