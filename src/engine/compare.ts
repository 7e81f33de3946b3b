/** Is what the destination has the same as what the source has? Decided from what listings and `stat` tell. */
import type { Capabilities } from '../model/capabilities.ts';
import type { Checksums, ObjectEntry, ObjectMeta } from '../model/object.ts';
import type { Compare } from '../model/task.ts';

/** `unknown`: these facts do not decide; bytes must be read. */
export type Verdict = 'equal' | 'different' | 'unknown';

type Facts = Pick<ObjectEntry, 'size' | 'modified' | 'etag' | 'directory'> &
  Pick<ObjectMeta, 'etagOpaque'> & { readonly checksums?: Checksums | undefined };

export interface Comparison {
  readonly method: Compare;
  readonly source: Capabilities;
  readonly destination: Capabilities;
  /** When the task's last pass began that dealt with every key, milliseconds; undefined where none vouches. */
  readonly baseline: number | undefined;
}

/** Whether a copy is needed. Never `unknown` for methods but `checksum`. */
export function judge(c: Comparison, source: Facts, destination: Facts): Verdict {
  const directories = judgeDirectories(source, destination);
  if (directories) return directories;
  if (c.method === 'always') return 'different';
  if (source.size !== destination.size) return 'different';
  switch (c.method) {
    case 'size':
      return 'equal';
    case 'time':
      return newer(source, destination) ? 'different' : 'equal';
    case 'checksum':
      return judgeContent(c.source, c.destination, source, destination);
    case 'auto': {
      const content = judgeContent(c.source, c.destination, source, destination);
      if (content !== 'unknown') return content;
      if (doubtful(c.source, c.destination, source, destination)) return 'different';
      // Equal sizes and nothing to compare: only a pass that began after the last change vouches for the copy.
      const vouched = c.baseline !== undefined && source.modified !== undefined && source.modified < c.baseline;
      return vouched && !newer(source, destination) ? 'equal' : 'different';
    }
  }
}

/** Decides where one side is a directory: an object that stands for one has a name ending in `/` and no bytes. */
export function judgeDirectories(source: Facts, destination: Facts): 'equal' | 'different' | undefined {
  if (!source.directory && !destination.directory) return undefined;
  const bytes = (source.directory ? 0 : (source.size ?? 0)) + (destination.directory ? 0 : (destination.size ?? 0));
  return bytes === 0 ? 'equal' : 'different';
}

function newer(source: Facts, destination: Facts): boolean {
  return source.modified === undefined || destination.modified === undefined || source.modified > destination.modified;
}

/**
 * Compares checksums and those ETags that are checksums. ETags of different part layouts differ although the bytes may
 * not: that is `unknown`.
 */
export function judgeContent(source: Capabilities, destination: Capabilities, a: Facts, b: Facts): Verdict {
  if (a.size !== undefined && b.size !== undefined && a.size !== b.size) return 'different';
  for (const algorithm of ['sha256', 'crc64nvme', 'crc32c', 'crc32', 'sha1', 'md5'] as const) {
    const x = a.checksums?.[algorithm];
    const y = b.checksums?.[algorithm];
    if (x !== undefined && y !== undefined) return x === y ? 'equal' : 'different';
  }
  const x = contentEtag(source, a, 'hinted');
  const y = contentEtag(destination, b, 'hinted');
  if (x === undefined || y === undefined) return 'unknown';
  const plain = isPlainMd5(x) && isPlainMd5(y);
  if (x === y) return established(source, plain) || established(destination, plain) ? 'equal' : 'unknown';
  return plain && source.etag === 'md5' && destination.etag === 'md5' ? 'different' : 'unknown';
}

/**
 * Whether equal ETags prove equal bytes if this is one of the stores. One is enough: another store does not come to the
 * same MD5 but from the same bytes. A sample is of objects written whole, and says nothing of uploads in parts.
 */
function established({ etag }: Capabilities, plain: boolean): boolean {
  return etag === 'md5' || (plain && etag === 'sampled');
}

/** Both ETags are MD5s as far as a sample tells, and differ: no proof, but reason enough to copy. */
function doubtful(source: Capabilities, destination: Capabilities, a: Facts, b: Facts): boolean {
  const x = contentEtag(source, a, 'sampled');
  const y = contentEtag(destination, b, 'sampled');
  return x !== undefined && y !== undefined && x !== y && isPlainMd5(x) && isPlainMd5(y);
}

/** MD5 of the bytes, where the ETag or a checksum tells it. */
export function knownMd5(
  capabilities: Capabilities,
  facts: Pick<ObjectMeta, 'etag' | 'etagOpaque' | 'checksums'>,
): string | undefined {
  if (facts.checksums?.md5) return facts.checksums.md5;
  const etag = contentEtag(capabilities, facts);
  return etag !== undefined && isPlainMd5(etag) ? etag : undefined;
}

/**
 * The ETag where it is made of MD5s: by the store's `promised` word, or at least `sampled`, or as its form has `hinted`
 * and nothing speaks against it.
 */
export function contentEtag(
  capabilities: Capabilities,
  facts: Pick<ObjectMeta, 'etag' | 'etagOpaque'>,
  least: 'promised' | 'sampled' | 'hinted' = 'promised',
): string | undefined {
  const { etag: meaning } = capabilities;
  const known =
    meaning === 'md5' ||
    (meaning === 'sampled' && least !== 'promised') ||
    (meaning === 'unknown' && least === 'hinted');
  return known && facts.etagOpaque !== true && facts.etag !== undefined && FORM.test(facts.etag)
    ? facts.etag
    : undefined;
}

const FORM = /^[0-9a-f]{32}(-\d{1,5})?$/;

function isPlainMd5(etag: string): boolean {
  return etag.length === 32;
}
