/** One bucket of one S3 service, as a Store. */
import type { Body } from '../../model/body.ts';
import type { Capabilities } from '../../model/capabilities.ts';
import { FerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import type { ObjectMeta, Tags } from '../../model/object.ts';
import type {
  CopySource,
  ListPage,
  ListRequest,
  Multipart,
  ReadOptions,
  ReadResult,
  RemoveFailure,
  Resemblance,
  Store,
  StoreInfo,
  WriteOptions,
  WriteResult,
} from '../../store/store.ts';
import { capabilitiesOf } from './capabilities.ts';
import type { ServiceClock } from './clock.ts';
import { parseVersioned } from './documents.ts';
import type { KeySpace } from './keys.ts';
import type { FileAttributes } from './metadata.ts';
import { Lister } from './listing.ts';
import { S3Multipart, type CopySourceParts } from './multipart.ts';
import { Objects } from './objects.ts';
import type { S3Settings } from './options.ts';
import type { S3Place } from './place.ts';
import { presetBySigns } from './providers/all.ts';
import { generic } from './providers/generic.ts';
import type { S3Request, S3Requester } from './requests.ts';
import type { RequestSigner } from './signing.ts';

export interface S3StoreParts {
  readonly info: StoreInfo;
  readonly settings: S3Settings;
  readonly keys: KeySpace;
  readonly place: S3Place;
  readonly signer: RequestSigner;
  readonly clock: ServiceClock;
  readonly requester: S3Requester;
  readonly attributes: FileAttributes;
}

/**
 * Keys are those below the endpoint's `path`. An object called exactly like the path with its `/` (a directory marker of
 * the root) is not among them.
 */
export class S3Store implements Store {
  readonly info: StoreInfo;
  readonly capabilities: Capabilities;
  readonly multipart: Multipart;
  /** Absent where the service has no DeleteObjects. */
  declare readonly removeMany?: Required<Store>['removeMany'];
  declare readonly tags?: Required<Store>['tags'];
  declare readonly setTags?: Required<Store>['setTags'];
  /** Absent where HEAD must not be asked for a part. */
  declare readonly partLayout?: Required<Store>['partLayout'];
  declare readonly copy?: Required<Store>['copy'];
  readonly #parts: S3StoreParts;
  readonly #lister: Lister;
  readonly #objects: Objects;

  constructor(parts: S3StoreParts) {
    const { settings, requester, keys } = parts;
    const { preset, storageClass } = settings;
    this.#parts = parts;
    this.info = parts.info;
    this.capabilities = capabilitiesOf(settings, keys);
    this.#lister = new Lister(requester, keys, {
      version: preset.listVersion,
      encoding: preset.listEncoding,
      order: settings.listOrder,
    });
    this.#objects = new Objects(requester, keys, preset, storageClass, parts.attributes);
    this.multipart = new S3Multipart(requester, keys, preset, storageClass, this.#objects, (from, signal) =>
      this.#sourceOf(from, signal),
    );
    if (preset.removeMany) this.removeMany = this.#removeMany.bind(this);
    if (preset.tags) {
      this.tags = this.#tags.bind(this);
      this.setTags = this.#setTags.bind(this);
    }
    if (preset.partHead) {
      this.partLayout = (key, ifMatch, signal) => this.#objects.partLayout(key, ifMatch, signal);
    }
    if (preset.copyMax !== undefined) this.copy = this.#copy.bind(this);
  }

  get clockSkew(): number | undefined {
    return this.#parts.clock.seen;
  }

  /** Where the credentials in use come from; undefined before the first request. */
  get credentialSource(): string | undefined {
    return this.#parts.signer.source;
  }

  /** The region requests are signed for; the bucket's own once a request has been redirected there. */
  get region(): string {
    return this.#parts.signer.region;
  }

  /** Only where the options leave it to Ferry what the service is. */
  async recognise(signal?: AbortSignal): Promise<Resemblance | undefined> {
    const { settings, requester } = this.#parts;
    if (settings.preset.name !== generic.name) return undefined;
    const { headers, body } = await requester.send(
      { method: 'HEAD', operation: 'recognise', path: '', query: '', headers: [] },
      signal,
    );
    await body.discard();
    const found = presetBySigns((name) => headers.get(name));
    return found && { title: found.title, setting: `provider: ${found.name}` };
  }

  async versioned(signal?: AbortSignal): Promise<boolean> {
    const { requester } = this.#parts;
    const asked: S3Request = { method: 'GET', operation: 'versioned', path: '', query: 'versioning=', headers: [] };
    return await this.#objects.document(asked, await requester.send(asked, signal), parseVersioned);
  }

  list(request: ListRequest, signal?: AbortSignal): Promise<ListPage> {
    return this.#lister.list(request, signal);
  }

  stat(key: Key, signal?: AbortSignal): Promise<ObjectMeta | undefined> {
    return this.#objects.stat(key, signal);
  }

  read(key: Key, options?: ReadOptions, signal?: AbortSignal): Promise<ReadResult> {
    return this.#objects.read(key, options, signal);
  }

  write(key: Key, body: Body, options?: WriteOptions, signal?: AbortSignal): Promise<WriteResult> {
    return this.#objects.write(key, body, options, signal);
  }

  remove(key: Key, signal?: AbortSignal): Promise<void> {
    return this.#objects.remove(key, signal);
  }

  sameServer(other: Store): boolean {
    if (!(other instanceof S3Store)) return false;
    const { place, signer, settings } = this.#parts;
    const theirs = other.#parts;
    return (
      place.service(signer.region) === theirs.place.service(theirs.signer.region) &&
      settings.anonymous === theirs.settings.anonymous &&
      settings.credentials.accessKeyId === theirs.settings.credentials.accessKeyId &&
      settings.credentials.profile === theirs.settings.credentials.profile
    );
  }

  async presign(key: Key, seconds: number): Promise<string> {
    const { requester, signer, keys } = this.#parts;
    const { secure, hostHeader, base } = requester.address;
    const path = base + keys.path(key);
    const query = await signer.presign(path, hostHeader, seconds);
    return `${secure ? 'https' : 'http'}://${hostHeader}${path}${query === '' ? '' : `?${query}`}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Connections belong to the HTTP client, which whoever opened this store disposes of.
    this.#parts.signer[Symbol.dispose]();
  }

  #removeMany(keys: readonly Key[], signal?: AbortSignal): Promise<readonly RemoveFailure[]> {
    return this.#objects.removeMany(keys, signal);
  }

  #tags(key: Key, signal?: AbortSignal): Promise<Tags> {
    return this.#objects.tags(key, signal);
  }

  #setTags(key: Key, tags: Tags, signal?: AbortSignal): Promise<void> {
    return this.#objects.setTags(key, tags, signal);
  }

  async #copy(from: CopySource, to: Key, options: WriteOptions = {}, signal?: AbortSignal): Promise<WriteResult> {
    const { source, ifMatch } = await this.#sourceOf(from, signal);
    return this.#objects.copy(source, ifMatch, to, options, signal);
  }

  /**
   * Where the service ignores the condition on the source, it is checked just before: what changes between the two
   * requests is found by whoever compares afterwards.
   */
  async #sourceOf(from: CopySource, signal: AbortSignal | undefined): Promise<CopySourceParts> {
    if (!(from.store instanceof S3Store) || !this.sameServer(from.store)) {
      throw new FerryError('unsupported', { message: `cannot copy from ${from.store.info.name}`, operation: 'copy' });
    }
    const { place, keys } = from.store.#parts;
    const source = place.resource + keys.path(from.key);
    const fullKey = keys.full(from.key);
    if (from.ifMatch === undefined || this.#parts.settings.preset.copyIfMatch) {
      return { source, fullKey, ifMatch: from.ifMatch };
    }
    const meta = await from.store.stat(from.key, signal);
    if (meta === undefined) throw new FerryError('not-found', { operation: 'copy', key: from.key });
    if (meta.etag !== from.ifMatch) throw new FerryError('changed', { operation: 'copy', key: from.key });
    return { source, fullKey, ifMatch: undefined };
  }
}
