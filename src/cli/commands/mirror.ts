/** `ferry mirror`: what the mirrors of a gateway did, and fetching what nobody has asked for yet. */
import * as z from 'zod';
import { FerryError } from '../../model/errors.ts';
import { formatBytes, formatDuration } from '../../model/units.ts';
import { NO_COUNTS, type RuleCounters } from '../../state/mirror-book.ts';
import type { Call, Command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import type { ExitName } from '../exit-codes.ts';
import { MIRROR } from '../../control/mirrors/resource.ts';
import { warmBucket } from '../mirror-warm.ts';
import type { ApiClient } from '../remote/api-client.ts';
import { warmThere } from '../remote/warm-there.ts';
import type { Services } from '../services.ts';
import { CONCURRENCY } from '../options.ts';
import { jsonLine } from '../output/json.ts';
import { table, type Column } from '../output/table.ts';
import { formatCount } from '../output/text.ts';

export const mirrorCommand: Command = {
  name: 'mirror',
  argument: {
    name: 'ACTION',
    required: true,
    description: '`status`: what each rule did. `warm`: fetch what was never asked for.',
    completes: ['status', 'warm'],
  },
  subject: { name: 'BUCKET', required: false, description: 'The bucket to warm.', completes: [] },
  summary: 'Show what the mirrors of the gateway did, or fetch what nobody has asked for yet.',
  about: [
    '`status` shows, for each rule: requests answered from the bucket (hits) and not (misses), those for which the origin had nothing either, objects stored, bytes that came, failures, and when an origin was last asked. When that lies far back after everything was warmed, the origin is not needed any more. The gateway writes the counts down every five seconds.',
    '`warm` asks the running gateway for every key of a list, or of the listing of the origin, by HEAD, and waits until each is stored. Stopped, the same command goes on: what is stored is only looked at.',
  ],
  options: [
    {
      long: 'list',
      value: 'FILE',
      description: 'Keys to warm, one a line; URLs below the origin of a rule will do.',
      completes: 'file',
    },
    { long: 'origin-listing', description: 'Warm what the origins list, where they can.' },
    { ...CONCURRENCY, description: 'Objects asked for at once; 16 where absent.' },
    { long: 'dry-run', description: 'Fetch nothing: say how much is missing.' },
    {
      long: 'endpoint',
      value: 'URL',
      description: 'Where the gateway is reached; its `listen` address where absent.',
    },
  ],
  examples: [
    { line: 'ferry mirror status -c ferry.yaml', does: 'is the origin still needed?' },
    { line: 'ferry mirror warm media --origin-listing -c ferry.yaml', does: 'all the origin lists' },
    { line: 'ferry mirror warm media --list keys.txt --dry-run', does: 'how much of a list is missing?' },
  ],
  exits: ['ok', 'objects', 'temporary', 'interrupted'],
  remote: true,
  run: mirror,
};

async function mirror(context: CommandContext, call: Call): Promise<ExitName> {
  if (call.argument === 'warm') {
    const server = context.globals.server === undefined ? undefined : await context.server();
    return server === undefined ? await warmBucket(context, call) : await warmThere(context, server, call);
  }
  if (call.argument === 'status') return await status(context);
  throw new FerryError('configuration', {
    message: `\`ferry mirror ${call.argument}\` is nothing`,
    remedy: 'Write `ferry mirror status` or `ferry mirror warm BUCKET`.',
  });
}

interface RuleStatus extends RuleCounters {
  /** Stands in the configuration file. */
  readonly configured: boolean;
}

async function status(context: CommandContext): Promise<ExitName> {
  const server = await context.server();
  return show(context, server === undefined ? await here(await context.services()) : await there(server));
}

async function there(server: ApiClient): Promise<RuleStatus[]> {
  const { items } = await server.get('/v1/mirrors', z.object({ items: z.array(MIRROR) }));
  return items.flatMap(({ bucket, rules }) =>
    rules.map(({ name: rule, counters }) => ({
      ...counters,
      lastUse: counters.lastUse ?? null,
      bucket,
      rule,
      configured: true,
    })),
  );
}

async function here(services: Services): Promise<RuleStatus[]> {
  const spec = await services.gateway();
  const counted = await (await services.state()).mirrors.counters();
  const configured: RuleStatus[] = spec.buckets.flatMap(({ name: bucket, mirror: rules }) =>
    rules.map(({ name: rule }) => {
      const counts = counted.find((each) => each.bucket === bucket && each.rule === rule);
      return { ...NO_COUNTS, ...counts, bucket, rule, configured: true };
    }),
  );
  const gone = counted.filter(
    ({ bucket, rule }) => !configured.some((each) => each.bucket === bucket && each.rule === rule),
  );
  return [...configured, ...gone.map((each) => ({ ...each, configured: false }))];
}

function show(context: CommandContext, all: readonly RuleStatus[]): ExitName {
  const { io, globals, style, columns } = context;
  if (globals.json)
    for (const each of all)
      io.stdout.write(
        jsonLine('mirror', {
          ...each,
          lastUse: each.lastUse === null ? undefined : new Date(each.lastUse).toISOString(),
        }),
      );
  else if (all.length === 0) io.stderr.write('No bucket of this configuration is a mirror.\n');
  else io.stdout.write(table(columnsOf(all, context.now()), columns.out, style.out));
  return 'ok';
}

function columnsOf(all: readonly RuleStatus[], now: number): Column[] {
  const number = (
    title: string,
    name: 'hits' | 'misses' | 'absent' | 'stored' | 'failures',
    spare?: number,
  ): Column => ({
    title,
    right: true,
    spare,
    cells: all.map((each) => formatCount(each[name])),
  });
  return [
    { title: 'BUCKET', cells: all.map(({ bucket }) => bucket) },
    { title: 'RULE', cells: all.map(({ rule, configured }) => (configured ? rule : `${rule} (not configured)`)) },
    number('HITS', 'hits', 2),
    number('MISSES', 'misses'),
    number('ABSENT', 'absent', 4),
    number('STORED', 'stored', 1),
    { title: 'BYTES', right: true, spare: 3, cells: all.map(({ bytes }) => formatBytes(bytes)) },
    number('FAILURES', 'failures'),
    {
      title: 'ORIGIN ASKED',
      cells: all.map(({ lastUse }) => (lastUse === null ? 'never' : `${formatDuration(now - lastUse)} ago`)),
    },
  ];
}
