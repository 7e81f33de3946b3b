import type { HttpClient, HttpRequest, HttpResponse, Origin } from '../wire/http/client.ts';
import { proxyFor, type ProxySettings } from './proxy.ts';

/** Sends every request through the proxy the settings name for its host; an origin that names one itself keeps it. */
export class ProxiedClient implements HttpClient {
  readonly #inner: HttpClient;
  readonly #settings: ProxySettings;
  /** The client pools by the identity of an origin, so each must stay one object. */
  readonly #known = new WeakMap<Origin, Origin>();

  constructor(inner: HttpClient, settings: ProxySettings) {
    this.#inner = inner;
    this.#settings = settings;
  }

  request(origin: Origin, request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse> {
    return this.#inner.request(this.#routed(origin), request, signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#inner[Symbol.asyncDispose]());
  }

  #routed(origin: Origin): Origin {
    const known = this.#known.get(origin);
    if (known) return known;
    const proxy = origin.proxy ?? proxyFor(this.#settings, origin);
    const routed = proxy === origin.proxy ? origin : { ...origin, proxy };
    this.#known.set(origin, routed);
    return routed;
  }
}
