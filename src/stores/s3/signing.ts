/** Which signature a request gets, with which credentials. */
import { FerryError } from '../../model/errors.ts';
import { SigV2Signer } from '../../wire/sigv4/sigv2.ts';
import { SigV4Signer } from '../../wire/sigv4/signer.ts';
import type { CredentialChain } from './credentials/chain.ts';
import type { Credentials } from './credentials/credentials.ts';
import type { ServiceClock } from './clock.ts';

export interface Unsigned {
  readonly method: string;
  /** Encoded path. */
  readonly path: string;
  /** Canonical query, '' where there is none. */
  readonly query: string;
  /** `/bucket/key`, wherever the bucket is on the wire; for Signature Version 2. */
  readonly resource: string;
  /** Names and values in turn, `host` among them. */
  readonly headers: readonly string[];
  readonly payloadHash: string;
}

/** Signs for one bucket. Keeps one signer for as long as credentials and region stay the same. */
export class RequestSigner implements Disposable {
  readonly #chain: CredentialChain | undefined;
  readonly #version: 2 | 4;
  readonly #clock: ServiceClock;
  #region: string;
  #credentials: Credentials | undefined;
  #v4: SigV4Signer | undefined;
  #v2: SigV2Signer | undefined;

  /** Without a chain requests stay unsigned. */
  constructor(chain: CredentialChain | undefined, version: 2 | 4, region: string, clock: ServiceClock) {
    this.#chain = chain;
    this.#version = version;
    this.#region = region;
    this.#clock = clock;
  }

  get region(): string {
    return this.#region;
  }

  set region(region: string) {
    this.#region = region;
    this.#credentials = undefined;
  }

  /** Where the credentials in use come from, for people. */
  get source(): string | undefined {
    return this.#chain === undefined ? 'none (anonymous)' : this.#chain.source;
  }

  /** True where `sign` can be called at once; else `prepare` first. */
  get ready(): boolean {
    return this.#chain === undefined || this.#chain.fresh !== undefined;
  }

  /** Finds or renews credentials. */
  async prepare(): Promise<void> {
    await this.#chain?.load();
  }

  /** The service called the credentials expired. True where there may be new ones. */
  renew(): boolean {
    return this.#credentials !== undefined && this.#chain !== undefined && this.#chain.reject(this.#credentials);
  }

  /** Headers to add, names and values in turn. Only while `ready`. */
  sign(request: Unsigned): readonly string[] {
    if (this.#chain === undefined) return NONE;
    this.#use(this.#chain.fresh!);
    const now = this.#clock.now();
    if (this.#version === 4) return this.#v4!.sign({ ...request, now });
    return this.#v2!.sign({ ...request, query: [...new URLSearchParams(request.query)], now });
  }

  /** The query of a URL that works for `seconds` without credentials. */
  async presign(path: string, host: string, seconds: number): Promise<string> {
    if (this.#chain === undefined) return '';
    if (this.#version === 2) {
      throw new FerryError('unsupported', { message: 'presigned URLs need Signature Version 4' });
    }
    this.#use(this.#chain.fresh ?? (await this.#chain.load()));
    return this.#v4!.presign({ path, host, seconds, now: this.#clock.now() });
  }

  [Symbol.dispose](): void {
    this.#chain?.[Symbol.dispose]();
  }

  #use(credentials: Credentials): void {
    if (credentials === this.#credentials) return;
    this.#credentials = credentials;
    if (this.#version === 4) this.#v4 = new SigV4Signer({ ...credentials, region: this.#region, service: 's3' });
    else this.#v2 = new SigV2Signer(credentials);
  }
}

const NONE: readonly string[] = [];
