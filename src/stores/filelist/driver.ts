import path from 'node:path';
import * as z from 'zod';
import { FerryError } from '../../model/errors.ts';
import { localOption } from '../../store/file-reach.ts';
import type { StoreDriver } from '../../store/registry.ts';
import { FileListStore } from './store.ts';

const options = z.strictObject({
  list_path: z
    .string()
    .min(1)
    .describe('Text file with one key a line, relative to `path`. UTF-8; LF or CRLF; blank lines do not count.'),
  symlinks: z
    .enum(['skip', 'follow', 'keep'])
    .optional()
    .describe('What to do with symbolic links, as for `file`. Default `skip`.'),
  enable_link_follow: z.boolean().optional().describe('`true` means `symlinks: follow` (qscamel).'),
  encoding: z
    .enum(['utf8', 'utf-8', 'gbk', 'gb2312', 'big5', 'cp1252'])
    .optional()
    .describe('Encoding of the file names on disk, as for `file`. The list itself is UTF-8.'),
});

/** `files` is the driver of the trees that lists name files of. */
export function filelistDriver(files: StoreDriver): StoreDriver {
  return {
    type: 'filelist',
    aliases: [],
    summary: 'Files below a directory, only those a text file names.',
    options,
    secrets: [],
    roles: { source: true, destination: false },
    nameEncoding: { option: 'encoding', of: 'itself' },
    local: (endpoint) => [...(files.local?.(endpoint) ?? []), ...localOption(endpoint.options, 'list_path')],
    async open(spec, context) {
      const parsed = options.safeParse(spec.options);
      if (!parsed.success) throw new FerryError('configuration', { message: z.prettifyError(parsed.error) });
      const { list_path: listPath, ...rest } = parsed.data;
      const tree = await files.open({ type: files.type, path: spec.path, options: rest }, context);
      return new FileListStore(tree, path.resolve(listPath), context.reach);
    },
  };
}
