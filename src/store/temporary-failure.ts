import { FerryError } from '../model/errors.ts';

/** What went wrong with a temporary file; a full disk is told as that of temporary files, whatever store they are for. */
export function temporaryFailure(thrown: unknown, directory: string): unknown {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return thrown;
  return new FerryError('disk-full', {
    message: `no space is left for temporary files in ${directory}`,
    remedy:
      'Make room there, or set TMPDIR to a directory that has some, and run the same command again; it goes on where it stopped.',
    cause: thrown,
  });
}
