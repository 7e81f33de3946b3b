import type { ErrorCode } from '../../model/errors.ts';
import { FerryError } from '../../model/errors.ts';
import type { ObjectMeta } from '../../model/object.ts';
import type { HttpClient, Origin } from '../../wire/http/client.ts';

/** What `url` answers, whole. Redirects are not followed. */
export async function download(
  http: HttpClient,
  url: string,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<{ readonly bytes: Uint8Array; readonly meta: Partial<ObjectMeta> }> {
  const { origin, target } = parse(url);
  const response = await http.request(origin, { method: 'GET', target, headers: [] }, signal);
  if (response.status !== 200) {
    await response.body.discard();
    throw new FerryError(codeOf(response.status), {
      message: `the URL answered with status ${response.status}`,
      status: response.status,
    });
  }
  const bytes = await response.body.bytes(limit);
  return { bytes, meta: { contentType: response.headers.get('content-type') } };
}

function parse(url: string): { readonly origin: Origin; readonly target: string } {
  if (!URL.canParse(url)) throw new FerryError('unsupported', { message: 'this is not a URL' });
  const { protocol, hostname, port, pathname, search } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new FerryError('unsupported', { message: `URLs with ${protocol} cannot be fetched` });
  }
  const secure = protocol === 'https:';
  return {
    origin: { secure, host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (secure ? 443 : 80) },
    target: pathname + search,
  };
}

function codeOf(status: number): ErrorCode {
  if (status === 404 || status === 410) return 'not-found';
  if (status === 401 || status === 403) return 'access-denied';
  if (status === 429) return 'throttled';
  return status >= 500 ? 'unavailable' : 'bad-response';
}
