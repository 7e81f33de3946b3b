/** Addresses that mean something only near this machine: what others name must not make Ferry ask there. */
import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { FerryError } from '../../model/errors.ts';

export interface Address {
  readonly address: string;
  readonly family: number;
}

/** Finds the addresses of a host name. Rejects where there are none. */
export type Lookup = (host: string) => Promise<readonly Address[]>;

export const systemLookup: Lookup = (host) => lookup(host, { all: true });

/** What a host of a URL stands for, brackets around IPv6 or not; rejects with `dns`. */
export async function addressesOf(hostname: string, resolve: Lookup = systemLookup): Promise<readonly Address[]> {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  const family = isIP(bare);
  if (family > 0) return [{ address: bare, family }];
  try {
    return await resolve(bare);
  } catch (thrown) {
    throw new FerryError('dns', { message: `${bare} cannot be resolved`, cause: thrown });
  }
}

/** Whether a host is, or resolves to, such an address. */
export async function isPrivate(hostname: string): Promise<boolean> {
  return (await addressesOf(hostname)).some(isPrivateAddress);
}

export function isPrivateAddress({ address, family }: Address): boolean {
  return privateAddresses().check(address, family === 6 ? 'ipv6' : 'ipv4');
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
    ['::', 96],
    ['fc00::', 7],
    ['fe80::', 10],
    ['ff00::', 8],
    // Addresses of IPv4 in those of IPv6: mapped ones are checked as IPv4, translated ones are not known to be public.
    ['64:ff9b::', 96],
    ['64:ff9b:1::', 48],
    ['::ffff:0:0:0', 96],
    // Those with IPv4 in them by Teredo and 6to4, and the site-local ones of old.
    ['2001::', 32],
    ['2002::', 16],
    ['fec0::', 10],
  ] as const)
    list.addSubnet(address, bits, 'ipv6');
  return list;
}
