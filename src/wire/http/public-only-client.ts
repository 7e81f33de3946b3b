/** A client for addresses that others name: it goes to public ones only. */
import { FerryError } from '../../model/errors.ts';
import type { HttpClient, HttpRequest, HttpResponse, Origin } from './client.ts';
import { addressesOf, isPrivateAddress, systemLookup, type Lookup } from './private-address.ts';

export interface PublicOnlyOptions {
  readonly now: () => number;
  readonly lookup?: Lookup | undefined;
}

/** How long an address that was found public is dialled without asking again, milliseconds. */
const KNOWN = 30_000;
/** Hosts remembered. */
const MOST_KNOWN = 1000;

/**
 * Refuses hosts that are, or resolve to, private, loopback or link-local addresses, and dials the very address that was
 * looked at, so that a name cannot lead elsewhere a moment later. A proxy, where one is set, resolves names itself.
 * Does not own the client behind it.
 */
export class PublicOnlyClient implements HttpClient {
  readonly #inner: HttpClient;
  readonly #options: PublicOnlyOptions;
  readonly #known = new Map<string, { readonly at: number; readonly address: string }>();
  /** Pools are found by the identity of an origin, so each stays one object. */
  readonly #pinned = new WeakMap<Origin, Origin>();

  constructor(inner: HttpClient, options: PublicOnlyOptions) {
    this.#inner = inner;
    this.#options = options;
  }

  async request(origin: Origin, request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse> {
    const address = await this.#publicAddress(origin.host);
    let pinned = this.#pinned.get(origin);
    if (pinned?.address !== address) {
      pinned = { ...origin, address };
      this.#pinned.set(origin, pinned);
    }
    return await this.#inner.request(pinned, request, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#known.clear();
  }

  async #publicAddress(host: string): Promise<string> {
    const now = this.#options.now();
    const known = this.#known.get(host);
    if (known !== undefined && now - known.at < KNOWN && now >= known.at) return known.address;
    const addresses = await addressesOf(host, this.#options.lookup ?? systemLookup);
    const [first] = addresses;
    if (first === undefined || addresses.some(isPrivateAddress))
      throw new FerryError('access-denied', {
        message: `${host} is, or leads to, a private, loopback or link-local address`,
        retryable: 'never',
        remedy: 'Name a public address; where private ones are meant, whoever runs Ferry can allow them.',
      });
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.set(host, { at: now, address: first.address });
    return first.address;
  }
}
