/** The keys of objects that are known by their URLs. */
import { keyBytes, type Key } from '../model/key.ts';

const MAX_KEY = 1024;

/** The path, decoded, without the leading `/` and the query; `withHost`: after the host and a `/`. */
export function urlKey(url: URL, withHost: boolean): Key {
  return (withHost ? `${url.host}/` : '') + decoded(url.pathname.slice(1));
}

/** Why this can be no key; undefined where it can. */
export function keyProblem(key: Key): string | undefined {
  if (key === '' || key.endsWith('/')) return 'it names no object; give a key after the URL';
  return keyBytes(key) > MAX_KEY ? `its key would be longer than ${MAX_KEY} bytes` : undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // Not percent-encoded UTF-8; as it is it still names the object.
  }
}
