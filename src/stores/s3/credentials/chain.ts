/**
 * Where credentials are looked for, first found first used: options, environment, web identity, profile files, container,
 * instance. The order is that of the AWS SDKs (of those that differ, of the one for Java), so that what works with their
 * tools works here.
 */
import { FerryError } from '../../../model/errors.ts';
import { containerSource } from './container.ts';
import type { Credentials, CredentialSource, Surroundings } from './credentials.ts';
import { environmentSource } from './environment.ts';
import { instanceSource } from './instance.ts';
import { profileSource } from './profile.ts';
import { webIdentitySource } from './web-identity.ts';

export interface ChainOptions {
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
  readonly sessionToken?: string | undefined;
  /** Only this profile is looked at. */
  readonly profile?: string | undefined;
}

/** Credentials are fetched again this long before they expire, milliseconds. */
const EARLY = 5 * 60_000;
/** After an attempt that failed they are used on for so long before the next. */
const PAUSE = 10_000;

/** Finds credentials once, keeps them, and gets new ones before they expire. One per store. */
export class CredentialChain implements Disposable {
  readonly #sources: readonly CredentialSource[];
  readonly #now: () => number;
  readonly #stop = new AbortController();
  #found: CredentialSource | undefined;
  #current: Credentials | undefined;
  /** From when on newer ones are to be had. */
  #renewAt = Number.POSITIVE_INFINITY;
  #loading: Promise<Credentials> | undefined;

  constructor(sources: readonly CredentialSource[], now: () => number) {
    this.#sources = sources;
    this.#now = now;
  }

  /** Where the credentials in use come from; undefined before the first `load`. */
  get source(): string | undefined {
    return this.#found?.name;
  }

  /** What is at hand and still good; undefined means `load`. Spares the hot path a promise. */
  get fresh(): Credentials | undefined {
    return this.#now() < this.#renewAt ? this.#current : undefined;
  }

  /** Callers at the same time share one attempt. Rejects with `no-credentials` or `expired-credentials`. */
  load(): Promise<Credentials> {
    this.#loading ??= this.#load().finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  /** The service called these expired. True where others can be had in their place. */
  reject(refused: Credentials): boolean {
    if (refused.expires === undefined) return false;
    if (this.#current === refused) this.#current = undefined;
    return true;
  }

  /** Ends what is under way: a program that is run, a request. */
  [Symbol.dispose](): void {
    this.#stop.abort();
  }

  async #load(): Promise<Credentials> {
    const source = this.#found;
    if (source === undefined) return this.#search();
    try {
      const renewed = await source.load(this.#stop.signal);
      if (renewed !== undefined && !this.#expired(renewed)) return this.#keep(renewed);
    } catch (error) {
      if (this.#current === undefined || this.#expired(this.#current)) throw error;
    }
    // A metadata service that fails for a moment is no reason to stop while the old ones still work.
    if (this.#current !== undefined && !this.#expired(this.#current)) {
      this.#renewAt = Math.min(this.#now() + PAUSE, this.#current.expires ?? Number.POSITIVE_INFINITY);
      return this.#current;
    }
    throw new FerryError('expired-credentials', { message: `the credentials from ${source.name} have expired` });
  }

  async #search(): Promise<Credentials> {
    for (const source of this.#sources) {
      const credentials = await source.load(this.#stop.signal);
      if (credentials === undefined) continue;
      if (this.#expired(credentials)) {
        throw new FerryError('expired-credentials', { message: `the credentials from ${source.name} have expired` });
      }
      this.#found = source;
      return this.#keep(credentials);
    }
    const looked = this.#sources.map((source) => source.name).join(', ');
    throw new FerryError('no-credentials', { message: `no credentials in any of: ${looked}` });
  }

  /** Those that live shortly are not asked for anew with each request, either. */
  #keep(credentials: Credentials): Credentials {
    const { expires } = credentials;
    const now = this.#now();
    this.#renewAt = expires === undefined ? Number.POSITIVE_INFINITY : Math.max(expires - EARLY, (now + expires) / 2);
    return (this.#current = credentials);
  }

  #expired(credentials: Credentials): boolean {
    return credentials.expires !== undefined && this.#now() >= credentials.expires;
  }
}

export function credentialSources(options: ChainOptions, around: Surroundings): readonly CredentialSource[] {
  const { accessKeyId, secretAccessKey, sessionToken, profile } = options;
  if (accessKeyId !== undefined || secretAccessKey !== undefined) {
    if (accessKeyId === undefined || secretAccessKey === undefined) {
      throw new FerryError('configuration', {
        message: `${accessKeyId === undefined ? 'access_key_id' : 'secret_access_key'} is missing`,
        remedy: 'Give both `access_key_id` and `secret_access_key`, or neither.',
      });
    }
    const credentials = { accessKeyId, secretAccessKey, sessionToken };
    return [{ name: 'options', load: () => Promise.resolve(credentials) }];
  }
  if (profile !== undefined) return [profileSource(profile, around)];
  return [
    environmentSource(around),
    webIdentitySource(around),
    profileSource(undefined, around),
    containerSource(around),
    instanceSource(around),
  ];
}
