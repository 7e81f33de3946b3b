/** The `gateway` section of the configuration file: every key, what it means, what it takes. */
import * as z from 'zod';
import { bandwidth, hours } from './values.ts';

import { endpoint } from './endpoint-schema.ts';
import { mirrorRule } from './mirror-schema.ts';
import { size } from './values.ts';

const user = z.strictObject({
  name: z.string().min(1).describe('For logs.'),
  tenant: z
    .string()
    .min(1)
    .optional()
    .describe('Users of one tenant share its buckets; the name of the user where absent.'),
  access_key_id: z.string().min(3).max(128).describe('Access key.'),
  secret_access_key: z
    .string()
    .min(8, 'must have at least 8 characters')
    .describe('Secret key; write `${env:NAME}` or `${file:PATH}`.'),
  buckets: z
    .array(z.string().min(1))
    .optional()
    .describe('Buckets this user may use, `*` for any end; all of the tenant where absent.'),
  read_only: z.boolean().default(false).describe('May read and list only.'),
});

const cors = z.strictObject({
  origins: z.array(z.string().min(1)).min(1).describe('`https://app.example`, with `*` for any part.'),
  methods: z
    .array(z.enum(['GET', 'HEAD', 'PUT', 'POST', 'DELETE']))
    .min(1)
    .describe('Methods pages may use.'),
  headers: z.array(z.string()).default([]).describe('Headers pages may send; `*` for any part.'),
  exposed: z.array(z.string()).default([]).describe('Headers pages may see, such as ETag.'),
  max_age: z.int().min(0).optional().describe('Seconds a browser may remember the answer.'),
});

const seconds = (what: string, fallback: number) => z.number().min(0.1).max(86_400).default(fallback).describe(what);

const migrate = z
  .strictObject({
    to: endpoint('Where it is moved to: a bucket of its own that is empty at the switch.'),
    write_back: z
      .boolean()
      .default(true)
      .describe('Write what clients change to the old side as well, so that everything can go back until the end.'),
    automatic: z.boolean().default(false).describe('Compare both sides as soon as everything is copied, unasked.'),
    switch_between: hours()
      .optional()
      .describe(
        'Hours of the day, local time, such as 02:00-05:00: switch at the first moment in them at which it may be, unasked.',
      ),
    promote_on_read: z.boolean().default(false).describe('Move what clients read from the old side before the rest.'),
    notifications: z
      .strictObject({
        token: z
          .string()
          .regex(/^\S{16,}$/, 'must have at least 16 characters, and no spaces')
          .describe('What the old side sends as Bearer token, or as the password of Basic; write `${env:NAME}`.'),
      })
      .optional()
      .describe(
        'Listen to event notifications of the old side at /.ferry/notifications/BUCKET, and report keys written there past the gateway.',
      ),
    hold: seconds(
      'Seconds a change waits at most while the bucket is switched over; then it is answered SlowDown.',
      10,
    ),
    drain: seconds('Seconds a change that began before the switch may go on on the old side; then it is cut.', 3600),
    linger: seconds(
      'Seconds a store may still carry out what a killed process sent. Ceph waits 65 for the rest of a request.',
      75,
    ),
    concurrency: z.int().min(1).max(1024).optional().describe('Objects copied at once; found by itself where absent.'),
    bandwidth: bandwidth().optional().describe('Bytes per second of the copy, as in task files.'),
  })
  .describe('Move the bucket to another store while clients use it; `ferry migrate` says when.');

const bucket = z.strictObject({
  tenant: z.string().min(1).describe('Whose bucket it is.'),
  store: endpoint('Where its objects are.'),
  migrate: migrate.optional(),
  anonymous_read: z.boolean().default(false).describe('Anybody may read its objects, without credentials.'),
  cors: z.array(cors).default([]).describe('Which pages of other origins may use it.'),
  mirror: z
    .array(mirrorRule)
    .default([])
    .describe('Where objects come from that are missing: the first rule that matches a key decides.'),
});

export const GATEWAY = z
  .strictObject({
    listen: z
      .string()
      .default('127.0.0.1:9000')
      .describe('Address and port. Others than this machine reach it only with TLS, or where `plain_http` allows it.'),
    plain_http: z
      .boolean()
      .default(false)
      .describe('Listen on addresses others can reach without TLS: signatures are safe then, contents are not.'),
    tls: z
      .strictObject({ cert_file: z.string().min(1).describe('PEM file of the certificate and those above it.'), key_file: z.string().min(1).describe('PEM file of its key.') })
      .optional()
      .describe('Serve HTTPS.'),
    region: z.string().min(1).default('us-east-1').describe('Region clients have to name.'),
    domains: z
      .array(z.string().min(1))
      .default([])
      .describe('Host names below which the first part is a bucket: photos.s3.example.com for s3.example.com.'),
    users: z.array(user).default([]).describe('Who may use it.'),
    storage: endpoint('Where buckets that clients create have their objects, each in a folder of its name.').optional(),
    buckets: z.record(z.string(), bucket).default({}).describe('Buckets by name, each with a store of its own.'),
    mirror_spool: size()
      .prefault('8GiB')
      .describe('Temporary disk space for objects on their way from the origins of mirrors, all together; at least 128MiB.'),
    max_connections: z.int().min(1).max(1_000_000).default(10_000).describe('Connections at once; others are refused.'),
    notice: z.int().min(0).max(3600).default(0).describe('Seconds `/readyz` answers 503 before a server that is to stop takes no more connections; two rounds of the load balancer that asks it.'),
    grace: z.int().min(0).max(3600).default(30).describe('Seconds requests under way may take when the server stops.'),
  })
  .describe('The S3 server of `ferry serve`.'); // prettier-ignore
