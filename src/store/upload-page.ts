import { compareKeys, type Key } from '../model/key.ts';
import type { ListedUpload } from './store.ts';

/** Of all uploads in progress, in any order, the page `Multipart.list` is asked for. */
export function pageOfUploads(
  all: readonly ListedUpload[],
  prefix: string,
  after: { readonly key: Key; readonly uploadId?: string | undefined } | undefined,
  limit: number,
): readonly ListedUpload[] {
  const wanted = all.filter(({ key, uploadId }) => {
    if (!key.startsWith(prefix)) return false;
    if (after === undefined) return true;
    const order = compareKeys(key, after.key);
    return order > 0 || (order === 0 && after.uploadId !== undefined && uploadId > after.uploadId);
  });
  wanted.sort((a, b) => compareKeys(a.key, b.key) || (a.uploadId < b.uploadId ? -1 : 1));
  return wanted.slice(0, limit);
}
