/** What the operating system answers, in Ferry's words. */
import { FerryError, type ErrorCode, type ErrorDetails } from '../../model/errors.ts';

/** The error number's name (`ENOENT`…), where the thrown thing is a system error. */
export function errno(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** A thrown thing as a `FerryError` about `key`. `doing` completes "cannot …": `open`, `write`. */
export function fileError(thrown: unknown, operation: string, key: string, doing: string): FerryError {
  if (thrown instanceof FerryError) return thrown;
  const number = errno(thrown);
  const [code, reason, more] = (number === undefined ? undefined : CAUSES[number]) ?? ['internal', String(thrown), {}];
  const suffix = number === undefined ? '' : ` (${number})`;
  return new FerryError(code, {
    ...more,
    message: `cannot ${doing} ${key === '' ? 'the directory itself' : JSON.stringify(key)}: ${reason}${suffix}`,
    operation,
    key,
    cause: thrown,
  });
}

const CAUSES: Readonly<Record<string, readonly [ErrorCode, string, ErrorDetails]>> = {
  ENOENT: ['not-found', 'it is not there', {}],
  EACCES: ['permission', 'no permission', {}],
  EPERM: ['permission', 'not permitted', {}],
  EROFS: ['permission', 'the file system is read-only', {}],
  ETXTBSY: ['permission', 'it is a program that runs', {}],
  ENOSPC: ['disk-full', 'no space left', {}],
  EDQUOT: ['disk-full', 'the quota is used up', {}],
  EFBIG: ['too-large', 'the file system takes no file so large', {}],
  ENAMETOOLONG: ['bad-key', 'the name is too long for the file system', {}],
  EINVAL: ['bad-key', 'the file system does not take this name', {}],
  EILSEQ: ['bad-key', 'the file system does not take this name', {}],
  ENOTDIR: ['path-conflict', 'a file stands where a directory is needed', {}],
  EISDIR: ['path-conflict', 'a directory has this name', {}],
  ELOOP: ['irregular', 'it is a symbolic link', {}],
  ENXIO: ['irregular', 'it is no regular file', {}],
  ENODEV: ['irregular', 'it is no regular file', {}],
  ENOTSUP: ['unsupported', 'the file system cannot do this', {}],
  EOPNOTSUPP: ['unsupported', 'the file system cannot do this', {}],
  ENOSYS: ['unsupported', 'the file system cannot do this', {}],
  EIO: ['unavailable', 'the disk failed', { remedy: 'Look at the system log: the disk or its connection is failing.' }],
  ESTALE: ['unavailable', 'the file server forgot it', {}],
  ETIMEDOUT: ['timeout', 'the file server did not answer', {}],
  EMFILE: ['unavailable', 'too many open files', { remedy: 'Raise the limit of open files (`ulimit -n`).' }],
  ENFILE: ['unavailable', 'too many open files in the system', { remedy: 'Raise `fs.file-max`.' }],
}; // prettier-ignore
