/**
 * Where credentials are looked for, first found first used: options, environment, profile files, container, instance.
 * The order is that of the AWS SDKs, so that what works with their tools works here.
 */
import { FerryError } from '../../../model/errors.ts';
import { containerSource } from './container.ts';
import type { Credentials, CredentialSource, Surroundings } from './credentials.ts';
import { environmentSource } from './environment.ts';
import { instanceSource } from './instance.ts';
import { profileSource } from './profile.ts';

export interface ChainOptions {
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
  readonly sessionToken?: string | undefined;
  /** Only this profile is looked at. */
  readonly profile?: string | undefined;
}

/** Credentials are fetched again this long before they expire, milliseconds. */
const EARLY = 5 * 60_000;

/** Finds credentials once, keeps them, and gets new ones before they expire. One per store. */
export class CredentialChain {
  readonly #sources: readonly CredentialSource[];
  readonly #now: () => number;
  #found: CredentialSource | undefined;
  #current: Credentials | undefined;
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
    const current = this.#current;
    return current?.expires === undefined || this.#now() < current.expires - EARLY ? current : undefined;
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

  async #load(): Promise<Credentials> {
    const source = this.#found;
    if (source === undefined) return this.#search();
    try {
      const renewed = await source.load();
      if (renewed !== undefined && !this.#expired(renewed)) return (this.#current = renewed);
    } catch (error) {
      if (this.#current === undefined || this.#expired(this.#current)) throw error;
    }
    // A metadata service that fails for a moment is no reason to stop while the old ones still work.
    if (this.#current !== undefined && !this.#expired(this.#current)) return this.#current;
    throw new FerryError('expired-credentials', { message: `the credentials from ${source.name} have expired` });
  }

  async #search(): Promise<Credentials> {
    for (const source of this.#sources) {
      const credentials = await source.load();
      if (credentials === undefined) continue;
      if (this.#expired(credentials)) {
        throw new FerryError('expired-credentials', { message: `the credentials from ${source.name} have expired` });
      }
      this.#found = source;
      return (this.#current = credentials);
    }
    const looked = this.#sources.map((source) => source.name).join(', ');
    throw new FerryError('no-credentials', { message: `no credentials in any of: ${looked}` });
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
  return [environmentSource(around), profileSource(undefined, around), containerSource(around), instanceSource(around)];
}
