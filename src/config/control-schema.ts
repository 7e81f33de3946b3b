/** The `control` section of the configuration file: every key, what it means, what it takes. */
import * as z from 'zod';
import { GiB, KiB } from '../model/units.ts';
import { bandwidth, size } from './values.ts';

export const CONTROL = z
  .strictObject({
    listen: z
      .string()
      .default('127.0.0.1:7800')
      .describe('Address and port of the API and the console, or `off`. Others than this machine reach it only with TLS, or where `plain_http` allows it.'),
    plain_http: z
      .boolean()
      .default(false)
      .describe('Listen on addresses others can reach without TLS: tokens then cross the network in the clear.'),
    tls: z
      .strictObject({ cert_file: z.string().min(1).describe('PEM file of the certificate and those above it.'), key_file: z.string().min(1).describe('PEM file of its key.') })
      .optional()
      .describe('Serve HTTPS.'),
    metrics: z
      .enum(['token', 'open'])
      .default('token')
      .describe('Who may read `/metrics`: whoever shows a token, or with `open` any program of this machine. Behind a proxy on this machine everybody seems to be of this machine.'),
    tasks_at_once: z
      .int()
      .min(1)
      .max(1000)
      .default(4)
      .describe('Tasks at work at once; others wait in the queue.'),
    limits: z
      .strictObject({
        bandwidth: bandwidth().optional().describe('Bytes per second read by all of them, such as `50MiB`, or a timetable as in a task file.'),
        requests_per_second: z.int().min(1).max(1_000_000).optional().describe('Requests to stores.'),
        objects_per_second: z.int().min(1).max(1_000_000).optional().describe('Objects begun.'),
      })
      .prefault({})
      .describe('For all tasks, jobs and events of the server together; each gets its part by priority. `PUT /v1/limits` sets others.'),
    keep_tasks: z
      .strictObject({
        days: z.union([z.number().positive().max(36_500), z.literal('off')]).default(90).describe('Forgotten so many days after they ended; `off`: never.'),
        count: z.int().min(1).optional().describe('And where there are more, the longest ago first.'),
        failed: z.boolean().default(false).describe('Those that failed are forgotten as well; otherwise they stay until somebody sees to them.'),
      })
      .prefault({})
      .describe('Finished tasks made over the API, with their reports. Never one that a schedule, a job or an event source names, nor one made by `ferry run`.'),
    keep_audit: z
      .union([z.number().positive().max(36_500), z.literal('off')])
      .default(400)
      .describe('Days that entries of the audit log are kept; `off`: for ever.'),
    hosts: z
      .array(z.string().min(1))
      .default([])
      .describe('Names it is asked by besides its address and `localhost`. Requests with others are refused.'),
    allow_private_origins: z
      .boolean()
      .default(false)
      .describe('URLs of jobs, callbacks and lists may name private, loopback and link-local addresses.'),
    file_roots: z
      .array(z.string().min(1))
      .default([])
      .describe('Directories of this machine that stores, tasks and lists from the API may name, with all below. Relative ones start at this file. None where absent; `$FERRY_HOME` never is.'),
    jobs: z
      .strictObject({
        max_files: z.int().min(1).max(1_000_000_000).default(10_000_000).describe('URLs of one job.'),
        max_url: size().default(8 * KiB).describe('Size of one URL; at most 32 KiB.'),
        max_body: size().default(2 * GiB).describe('Size of a list, sent or fetched.'),
        lists: z.string().min(1).optional().describe('Directory whose files jobs may name as their lists. None where absent.'),
        keep_days: z.number().positive().max(36_500).default(90).describe('Jobs that ended are forgotten after so many days.'),
      })
      .prefault({})
      .describe('What `PUT /jobs` takes.'),
  })
  .describe('The API and the console of `ferry serve`.'); // prettier-ignore
