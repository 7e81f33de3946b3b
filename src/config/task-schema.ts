/**
 * The task file: every key, what it means, what it takes. Types, validation, the JSON schema and the reference all come
 * from here. The keys of qscamel keep their names and their documented meaning.
 */
import * as z from 'zod';
import { bandwidth, size, time } from './values.ts';

const endpoint = (what: string) =>
  z
    .strictObject({
      type: z.string().describe('Type of the store: `file`, `s3`, `http`, `filelist`… `ferry help stores` lists them.'),
      path: z
        .string()
        .default('')
        .describe('Prefix or directory inside the store. Nothing outside it is read or written.'),
      store: z
        .string()
        .optional()
        .describe(
          'Name of a store registered with `ferry serve`, in place of `type` and `options`; `path` is below its own.',
        ),
      options: z.record(z.string(), z.unknown()).optional().describe('Options of the store type.'),
    })
    .describe(what);

const texts = z.record(z.string(), z.string());

const filters = z
  .strictObject({
    prefix: z.string().optional().describe("Only keys that begin with this, after the source's `path`."),
    include: z
      .array(z.string().min(1))
      .default([])
      .describe(
        'Globs on the whole key below `path`; `*` stops at `/`, `**` does not. Only keys that match one are taken.',
      ),
    exclude: z
      .array(z.string().min(1))
      .default([])
      .describe('Globs; keys that match one are left out. Wins over `include`.'),
    min_size: size().optional().describe('Only objects of at least this size.'),
    max_size: size().optional().describe('Only objects of at most this size.'),
    modified_after: time()
      .optional()
      .describe('Only objects modified at this time or later. UTC where no zone is given.'),
    modified_before: time().optional().describe('Only objects modified before this time. UTC where no zone is given.'),
    keys_file: z
      .string()
      .min(1)
      .optional()
      .describe('Only the keys in this file, one a line. A relative path starts at the working directory.'),
  })
  .describe('Which objects the task is about. Others are neither copied nor deleted.');

const report = z
  .strictObject({
    path: z
      .string()
      .min(1)
      .optional()
      .describe("Directory for report.json and report.html; the task's folder in `$FERRY_HOME` where absent."),
    evidence: z
      .enum(['all', 'differences', 'none'])
      .default('differences')
      .describe(
        'What `evidence.jsonl` beside the report names object by object: every object copied or compared with its checksum, only differences and removals, or nothing.',
      ),
  })
  .describe('Where the report goes and what it holds.');

export const TASK_FILE = z
  .strictObject({
    type: z
      .enum(['copy', 'fetch', 'delete'])
      .describe(
        '`copy`: the bytes pass through Ferry. `fetch`: the destination reads from a URL of the source by itself. ' +
          '`delete`: what the source lists is removed from the destination.',
      ),
    source: endpoint('Where objects come from.'),
    destination: endpoint('Where objects go.'),

    ignore_existing: z
      .enum(['', 'last_modified', 'md5sum'])
      .optional()
      .describe(
        'qscamel: which objects that exist at the destination are left alone. `last_modified`: those that are not ' +
          'older. `md5sum`: those with the same MD5. Empty: none. The same as `compare` with `time`, `checksum`, `always`.',
      ),
    ignore_before: time()
      .optional()
      .describe('qscamel: only objects modified at this time (UTC) or later. The same as `filters.modified_after`.'),
    multipart_boundary_size: size()
      .optional()
      .describe(
        'Objects larger than this, in bytes, are uploaded in parts; at most 5 GiB. 64 MiB where absent, so that large ' +
          "objects go in parallel and resume part by part; 0 is qscamel's own default, 2 GiB.",
      ),
    rate_limit: z
      .int()
      .min(0)
      .optional()
      .describe(
        "Objects started per second. No limit where absent: Ferry slows down by itself when a store asks for it. 0 is qscamel's default, 1000.",
      ),
    workers: z
      .int()
      .min(1)
      .max(10_000)
      .optional()
      .describe('qscamel: most parts uploaded at once. See `parallel_parts`.'),
    check_md5: z.boolean().default(false).describe('Read every object back from the destination and compare its MD5.'),

    filters: filters.optional(),
    compare: z
      .enum(['auto', 'always', 'size', 'time', 'checksum'])
      .optional()
      .describe(
        'When an object that exists on both sides counts as equal. `auto` (where absent): by the checksums of the ' +
          'listings, or where those cannot be compared, by size and no change since the last pass. `always`: never. ' +
          '`size`: the same size. `time`: the same size and the destination not older. `checksum`: the same size and ' +
          'MD5, reading both where a store does not tell.',
      ),
    create_only: z.boolean().default(false).describe('Never replace an object that exists at the destination.'),
    delete_extraneous: z
      .boolean()
      .default(false)
      .describe('Remove from the destination what the source does not have.'),
    delete_guard: z
      .union([z.boolean(), z.enum(['on', 'off'])], { error: 'must be on or off' })
      .default('on')
      .describe(
        'Refuse to delete when the source is empty, or when more than half of at least 1,000 objects would go. `ferry run --without-guard` lets it go on once.',
      ),

    concurrency: z
      .union([z.int().min(1).max(10_000), z.literal('auto')], {
        error: 'must be a whole number from 1 to 10000, or auto',
      })
      .optional()
      .describe('Objects in flight at once. `auto` (where absent) climbs while throughput grows.'),
    bandwidth: bandwidth()
      .optional()
      .describe(
        'Bytes per second, such as `50MiB`, or a timetable in local time: `"08:00,10MiB 19:00,off"`, with days ' +
          '`"Mon-Fri-08:00,10MiB"`, or a list of such entries. Each holds until the next.',
      ),
    part_size: size()
      .optional()
      .describe("Wanted size of a part; grown where the destination's limits demand. 16 MiB where absent."),
    parallel_parts: z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe('Parts of one object in flight at once; fewer where `bandwidth` is small. 8 where absent.'),
    attempts: z.int().min(1).max(100).default(10).describe('Attempts per request before an object counts as failed.'),

    keep_etag: z
      .boolean()
      .default(true)
      .describe("Lay parts out as the source's were, so that the ETag stays the same where the destination allows it."),
    metadata: z
      .enum(['keep', 'drop'])
      .default('keep')
      .describe('Headers and user metadata; `drop` keeps Content-Type only.'),
    set_metadata: texts.default({}).describe('User metadata added to every object, over what it had.'),
    tags: z.enum(['keep', 'drop']).default('keep').describe('Whether tags travel.'),
    set_tags: texts.default({}).describe('Tags added to every object, over what it had.'),
    preserve_time: z
      .boolean()
      .default(true)
      .describe('Keep the modification time; as user metadata `mtime` where the destination cannot set it.'),
    acl: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Canned ACL every object is written with, such as `private` or `public-read`. Left to the bucket where absent.',
      ),
    storage_class: z
      .union([z.string().min(1), texts], { error: 'must be a class, or a map from source class to destination class' })
      .default({})
      .describe(
        'Storage class of every object, or a map from source class to destination class with `*` for any other.',
      ),
    on_loss: z
      .enum(['report', 'fail'])
      .default('report')
      .describe('Where the destination cannot keep metadata, tags or a name: go on and report it, or fail the object.'),

    report: report.optional(),
  })
  .describe('A Ferry task.');

export type TaskFile = z.output<typeof TASK_FILE>;
