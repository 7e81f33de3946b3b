import { setTimeout as delay } from 'node:timers/promises';
import { SigV4Signer } from '../../src/wire/sigv4/signer.ts';

const PAUSE_MS = 5;

/**
 * Somebody who writes, reads and deletes objects of a bucket all the time, one request after the other, and knows what each
 * read has to give.
 */
export class Application {
  readonly #url: URL;
  readonly #signer: SigV4Signer;
  readonly #bucket: string;
  readonly #name: string;
  readonly #known = new Map<string, string | undefined>();
  #stopped = false;
  requests = 0;
  /** Longest anybody waited for an answer, milliseconds. */
  longest = 0;
  /** What was read wrong, or answered with an error. */
  readonly wrong: string[] = [];

  constructor(name: string, endpoint: string, bucket: string, keys: { accessKeyId: string; secretAccessKey: string }) {
    this.#name = name;
    this.#url = new URL(endpoint);
    this.#bucket = bucket;
    this.#signer = new SigV4Signer({ ...keys, region: 'us-east-1', service: 's3' });
  }

  async work(): Promise<void> {
    for (let i = 0; !this.#stopped; i++) {
      const key = `${this.#name}/${i % 40}`;
      const what = (i * 7919) % 10;
      if (what < 3) await this.#write(key, `${key}, version ${i}`);
      else if (what < 5) await this.#remove(key);
      else await this.#read(key);
      await delay(PAUSE_MS);
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  async #write(key: string, text: string): Promise<void> {
    const { status } = await this.#ask('PUT', key, text);
    if (status === 200) this.#known.set(key, text);
    else this.wrong.push(`PUT ${key}: ${status}`);
  }

  async #remove(key: string): Promise<void> {
    const { status } = await this.#ask('DELETE', key);
    if (status === 204) this.#known.set(key, undefined);
    else this.wrong.push(`DELETE ${key}: ${status}`);
  }

  async #read(key: string): Promise<void> {
    const { status, text } = await this.#ask('GET', key);
    const expected = this.#known.get(key);
    if (expected === undefined ? status !== 404 : text !== expected)
      this.wrong.push(`GET ${key}: ${status} ${text.slice(0, 40)}, not ${expected ?? 'nothing'}`);
  }

  async #ask(method: string, key: string, body?: string): Promise<{ status: number; text: string }> {
    const path = `/${this.#bucket}/${key}`;
    const query = this.#signer.presign({ method, path, host: this.#url.host, seconds: 60, now: Date.now() });
    const began = performance.now();
    const answer = await fetch(new URL(`${path}?${query}`, this.#url), {
      method,
      ...(body === undefined ? {} : { body }),
    });
    const text = await answer.text();
    this.longest = Math.max(this.longest, performance.now() - began);
    this.requests++;
    return { status: answer.status, text };
  }
}
