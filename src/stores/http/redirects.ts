/** Where a redirect may lead. */
import { FerryError } from '../../model/errors.ts';
import { addressesOf, isPrivateAddress } from '../../wire/http/private-address.ts';
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

function refused(from: URL, why: string): FerryError {
  return new FerryError('bad-response', {
    message: `the redirect of ${shown(from)} ${why}; it is not followed`,
    retryable: 'never',
  });
}
