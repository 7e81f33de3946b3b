/** The body of `PUT /jobs`, read as it comes: its list goes to the disk URL by URL. */
import * as z from 'zod';
import type { Fault } from '../api/problem.ts';
import { Problem } from '../api/problem.ts';
import { JsonFault, JsonReader } from './json-reader.ts';
import { BadUrl, type ListFile } from './list-file.ts';

/** What a job says of itself, besides its list. */
export const JOB_FIELDS = z.strictObject({
  'target-type': z.string().min(1).max(64).describe('Type of the store: `s3`, `file`…'),
  'target-bucket': z.string().min(1).max(255).describe('Bucket, or name of the target as the server knows it.'),
  'target-acl': z
    .string()
    .regex(/^[a-z-]{1,64}$/, 'is no canned ACL')
    .optional()
    .describe('Canned ACL of every object, such as `public-read`.'),
  'callback-url': z.url({ protocol: /^https?$/ }).max(2048).optional().describe('Where the start, progress and the end are posted to.'),
  keys: z
    .enum(['path', 'host'])
    .default('path')
    .describe('Keys of the objects: the path of the URL, or the same after the host and a `/`.'),
}); // prettier-ignore

export type JobFields = z.output<typeof JOB_FIELDS>;

/** The whole body, for the OpenAPI document. */
export const JOB_BODY = JOB_FIELDS.extend({
  'origin-files': z
    .union([
      z.array(z.string()),
      z.strictObject({
        href: z.string().describe('An http or https URL, or the path of a file on the server where that is allowed.'),
      }),
    ])
    .describe('The URLs, http or https; or by reference a text file with one URL a line.'),
});

export interface JobSink {
  readonly list: ListFile;
  /** Adds the URLs of a list that is given by reference. */
  readonly fetchList: (href: string, list: ListFile) => Promise<void>;
}

const LIST = 'origin-files';
/** Bytes of a name or value besides the list, as written. */
const LONGEST = 8192;

/** Throws `invalid-request`. `longestUrl`: bytes. */
export async function readJob(
  body: AsyncIterable<Uint8Array>,
  longestUrl: number,
  { list, fetchList }: JobSink,
): Promise<JobFields> {
  const reader = new JsonReader(body);
  const fields = new Map<string, string>();
  let listed = false;
  try {
    for await (const name of reader.members(LONGEST)) {
      if (fields.has(name) || (name === LIST && listed)) throw wrong(name, 'is given twice');
      if (name !== LIST) fields.set(name, await reader.text(LONGEST));
      else if (await reader.isNext('[')) {
        listed = true;
        // Escapes make a text up to six times as long.
        for await (const _ of reader.elements()) await list.add(await reader.text(6 * longestUrl));
      } else {
        listed = true;
        await fetchList(await reference(reader), list);
      }
    }
    await reader.end();
  } catch (thrown) {
    if (thrown instanceof JsonFault) throw wrong('', thrown.message, thrown);
    if (thrown instanceof BadUrl) throw badUrl(thrown);
    throw thrown;
  }
  if (!listed) throw wrong(LIST, 'is missing');
  const result = JOB_FIELDS.safeParse(Object.fromEntries(fields));
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }): Fault => ({
    pointer: `#/${path.join('/')}`,
    detail: message,
  }));
  throw new Problem('invalid-request', { faults });
}

export function badUrl(error: BadUrl): Problem {
  return wrong(`${LIST}/${error.index}`, error.message, error);
}

async function reference(reader: JsonReader): Promise<string> {
  let href: string | undefined;
  for await (const name of reader.members(LONGEST)) {
    if (name !== 'href' || href !== undefined) throw wrong(`${LIST}/${name}`, 'is not known here');
    href = await reader.text(LONGEST);
  }
  if (href === undefined) throw wrong(`${LIST}/href`, 'is missing');
  return href;
}

function wrong(at: string, detail: string, cause?: unknown): Problem {
  return new Problem('invalid-request', { faults: [{ pointer: at === '' ? '#' : `#/${at}`, detail }], cause });
}
