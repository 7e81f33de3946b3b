/** Where a redirect may lead. */
import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { FerryError } from '../../model/errors.ts';
import { shown } from './url-list.ts';

export interface RedirectTarget {
  readonly url: URL;
  /** What its host resolved to and was found public, to be dialled: asked again, the name could lead elsewhere. */
  readonly address?: string | undefined;
}

/**
 * Where a redirect leads; rejects with `bad-response` where it must not be followed. `listed` is where the request
 * began: what a person wrote may be anywhere, but a server must not send Ferry to places only Ferry can reach.
 */
export async function redirectTarget(
  from: URL,
  location: string | undefined,
  listed: URL,
  allowPrivate: boolean,
): Promise<RedirectTarget> {
  if (location === undefined || !URL.canParse(location, from.href)) throw refused(from, 'leads nowhere');
  const to = new URL(location, from.href);
  to.hash = '';
  if (to.protocol !== 'http:' && to.protocol !== 'https:') throw refused(from, `leads to ${to.protocol}`);
  if (from.protocol === 'https:' && to.protocol === 'http:') throw refused(from, 'leads from https to http');
  if (to.username !== '' || to.password !== '') throw refused(from, 'carries credentials');
  if (to.origin === listed.origin || allowPrivate) return { url: to };
  const addresses = await addressesOf(to.hostname);
  if (addresses.some(isPrivateAddress))
    throw refused(from, `leads to the private address ${to.host} (\`allow_private: true\` permits it)`);
  return { url: to, address: addresses[0]?.address };
}

/** Whether a host is, or resolves to, an address that means something only near this machine. */
export async function isPrivate(hostname: string): Promise<boolean> {
  return (await addressesOf(hostname)).some(isPrivateAddress);
}

interface Address {
  readonly address: string;
  readonly family: number;
}

function isPrivateAddress({ address, family }: Address): boolean {
  return privateAddresses().check(address, family === 6 ? 'ipv6' : 'ipv4');
}

async function addressesOf(hostname: string): Promise<readonly Address[]> {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  const family = isIP(bare);
  return family > 0 ? [{ address: bare, family }] : await resolve(bare);
}

async function resolve(host: string): Promise<readonly Address[]> {
  try {
    return await lookup(host, { all: true });
  } catch (thrown) {
    throw new FerryError('dns', { message: `${host} cannot be resolved`, cause: thrown });
  }
}

/** IANA's special-purpose address registries (RFC 6890 and its updates), those not reachable from everywhere. */
function privateAddresses(): BlockList {
  const list = new BlockList();
  for (const [address, bits] of [
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['224.0.0.0', 3],
  ] as const)
    list.addSubnet(address, bits, 'ipv4');
  for (const [address, bits] of [
    ['::', 127],
    ['fc00::', 7],
    ['fe80::', 10],
    ['ff00::', 8],
    // Addresses of IPv4 in those of IPv6: mapped ones are checked as IPv4, translated ones are not known to be public.
    ['64:ff9b::', 96],
  ] as const)
    list.addSubnet(address, bits, 'ipv6');
  return list;
}

function refused(from: URL, why: string): FerryError {
  return new FerryError('bad-response', {
    message: `the redirect of ${shown(from)} ${why}; it is not followed`,
    retryable: 'never',
  });
}
