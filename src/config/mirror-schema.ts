/** A rule of a bucket's `mirror`: every key, what it means, what it takes. */
import * as z from 'zod';
import { KEPT_HEADERS } from '../model/gateway.ts';
import { endpoint } from './endpoint-schema.ts';
import { size } from './values.ts';

const origin = z.union([z.string().min(1), endpoint('An origin.')]);

const headerName = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'must be the name of a header');

const seconds = (least: number) => z.number().min(least).max(86_400);

export const mirrorRule = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe('For counters and logs; the prefix, or the number of the rule, where absent.'),
  match: z
    .strictObject({
      prefix: z.string().default('').describe('Keys that begin so.'),
      suffix: z.string().default('').describe('Keys that end so.'),
      status: z
        .array(z.union([z.literal(404), z.literal(403), z.literal(503)]))
        .min(1)
        .default([404])
        .describe(
          'What of the bucket counts as a miss: 404 the object is not there, 403 the store refuses it, 503 the store does not answer. Only what is not there is stored.',
        ),
    })
    .prefault({})
    .describe('Which keys the rule is for; all where absent.'),
  origin: z
    .union([origin, z.array(origin).min(1)], { error: 'must be a URL, an endpoint (`type`, `path`, `options`), or a list of them' })
    .describe('Where objects come from: a URL that keys are put behind, or an endpoint as in task files. Of a list the next is asked where one fails.'),
  rewrite: z
    .strictObject({
      strip: z.string().default('').describe('Beginning the key loses; `match.prefix` has to begin with it.'),
      add: z.string().default('').describe('Put before what is left.'),
      template: z.string().optional().describe('In place of `add`: text with `{key}` where what is left goes, such as `v1/{key}.bin`.'),
    })
    .prefault({})
    .describe('What the origin calls a key.'),
  headers: z
    .strictObject({
      pass: z.array(headerName).default([]).describe('Headers of the client that the origin is told, `*` for any end; none where absent. They should not change what comes: all clients share it.'),
      drop: z.array(headerName).default([]).describe('Exceptions from these.'),
      set: z.record(headerName, z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'must be one line')).default({}).describe('Headers every request to the origin has.'),
    })
    .prefault({})
    .describe('What the origin is told, where it is a web server.'),
  keep: z
    .array(z.enum(KEPT_HEADERS))
    .default([...KEPT_HEADERS])
    .describe('Headers of the origin that the object keeps. Content-Encoding always belongs to it.'),
  mode: z
    .enum(['stream', 'redirect'])
    .default('stream')
    .describe('`stream`: through the gateway to the client, and into the store at once. `redirect`: the client is sent to the origin (302), and the object fetched behind.'),
  store: z.boolean().default(true).describe('Whether objects are stored; else every request goes to the origin.'),
  head: z
    .enum(['fetch', 'ask'])
    .default('fetch')
    .describe('Whether a HEAD begins to fetch what is missing, or asks the origin and no more.'),
  deletes: z
    .enum(['refetch', 'remember'])
    .default('refetch')
    .describe('After a DELETE: `refetch` from the origin at the next GET, or `remember` it for ever (some hundred bytes each).'),
  limits: z
    .strictObject({
      bandwidth: size().optional().describe('Bytes per second from each origin.'),
      requests_per_second: z.number().positive().optional().describe('Requests to each origin.'),
      concurrency: z.int().min(1).max(10_000).default(32).describe('Requests to each origin at once.'),
      timeout: seconds(0.05).default(30).describe('Seconds an origin may send nothing.'),
      min_speed: size().prefault(128).describe('Bytes per second that are too few, over that time.'),
      max_object_size: size().prefault('5TiB').describe('Larger objects are refused.'),
    })
    .prefault({})
    .describe('What an origin is asked for. Rules with the same origin and the same limits share them.'),
  absence: z
    .strictObject({
      seconds: seconds(0).default(10).describe('How long 404 and 403 of the origins are believed; 0 for not at all.'),
      entries: z.int().min(1).max(10_000_000).default(10_000).describe('Keys remembered so, at most.'),
    })
    .prefault({})
    .describe('Memory for what the origins do not have.'),
  breaker: z
    .strictObject({
      failures: z.int().min(1).max(10_000).default(5).describe('Failures in a row.'),
      seconds: seconds(0.05).default(10).describe('How long the origin is then left alone, before one request tries it.'),
    })
    .prefault({})
    .describe('When an origin that fails is asked no more.'),
  allow_private_redirects: z
    .boolean()
    .default(false)
    .describe('Follow redirects of origins given as URLs to private, loopback and link-local addresses of others.'),
}); // prettier-ignore
