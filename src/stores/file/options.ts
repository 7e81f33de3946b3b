import * as z from 'zod';
import { DISK_ENCODINGS } from './encoding.ts';

/** Options of a `file` endpoint. */
export const fileOptions = z.strictObject({
  symlinks: z
    .enum(['skip', 'follow', 'keep'])
    .optional()
    .describe(
      'What to do with symbolic links. `skip`: report them as irregular. `follow`: move what they lead to, as long as it is in the tree. `keep`: move them as links (only to another `file` endpoint with `keep`). Default `skip`.',
    ),
  enable_link_follow: z.boolean().optional().describe('`true` means `symlinks: follow` (qscamel).'),
  unsafe_links: z
    .boolean()
    .default(false)
    .describe('With `symlinks: keep`, also write links that are absolute or lead out of the tree.'),
  encoding: z
    .enum([...DISK_ENCODINGS, 'utf-8'])
    .default('utf8')
    .describe(
      'Encoding of the file names on disk. Keys are Unicode; a file whose name does not convert both ways fails with `bad-key`.',
    ),
  metadata: z
    .enum(['none', 'sidecar'])
    .default('none')
    .describe(
      'Where headers, user metadata, tags and MD5 of objects go. `none`: nowhere, and the plan says what is lost. `sidecar`: into small files in `.ferry-meta` in the root, one for each object.',
    ),
  preserve_mode: z
    .boolean()
    .default(true)
    .describe('Give files and directories the permission bits the source tells of.'),
  preserve_owner: z
    .boolean()
    .default(false)
    .describe('Give files and directories the owner and group (by number) the source tells of. Needs to run as root.'),
  fsync: z
    .enum(['auto', 'always', 'never'])
    .default('auto')
    .describe(
      'When written files survive a power cut. `auto`: before progress is recorded, many at once; as `always` where the store is served to clients. `always`: before each write counts as done (slow for small files). `never`: when the operating system likes.',
    ),
});
