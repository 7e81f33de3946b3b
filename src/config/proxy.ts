/** Through which proxy a host is reached. */
import type { Secret } from '../model/secret.ts';

export interface ProxySettings {
  /** `http://user:password@host:port`, for plain and for secure requests. */
  readonly http: Secret | undefined;
  readonly https: Secret | undefined;
  /** Hosts reached without: `example.com` and all below it, `.example.com` the same, `host:port`, `*`, addresses. */
  readonly except: readonly string[];
}

/** The proxy's URL for a request; undefined where it goes straight. Loopback is never proxied. */
export function proxyFor(
  settings: ProxySettings,
  origin: { readonly secure: boolean; readonly host: string; readonly port: number },
): string | undefined {
  const proxy = origin.secure ? settings.https : settings.http;
  if (!proxy || isLoopback(origin.host) || settings.except.some((entry) => excepts(entry, origin))) return undefined;
  return proxy.reveal();
}

/** The entries of a `NO_PROXY`, by commas or spaces. */
export function splitNoProxy(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((entry) => entry !== '');
}

function excepts(entry: string, { host, port }: { readonly host: string; readonly port: number }): boolean {
  if (entry === '*') return true;
  const [, name, at] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(entry) ?? [undefined, entry, undefined];
  if (at !== undefined && Number(at) !== port) return false;
  const wanted = name.replace(/^\[|\]$|^\*?\./g, '').toLowerCase();
  const given = host.toLowerCase();
  return given === wanted || given.endsWith(`.${wanted}`);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
