/** `ferry mirror warm`: what it works on, and what it says meanwhile. */
import { readFile } from 'node:fs/promises';
import { FerryError } from '../model/errors.ts';
import type { BucketSpec, GatewaySpec } from '../model/gateway.ts';
import { mayUse } from '../gateway/access/users.ts';
import { listedKeys, originKeys, warm, WarmClient, type WarmCounts } from '../gateway/mirror/warm.ts';
import type { Origin } from '../wire/http/client.ts';
import type { Call } from './command.ts';
import type { CommandContext } from './context.ts';
import type { ExitName } from './exit-codes.ts';
import { jsonLine } from './output/json.ts';
import { counted, formatCount, harmless } from './output/text.ts';
import type { Services } from './services.ts';

const AT_ONCE = 16;
/** Milliseconds between two lines about how far it is. */
const TELLS = 10_000;

export async function warmBucket(context: CommandContext, call: Call): Promise<ExitName> {
  const services = await context.services();
  const { io, globals, signal } = context;
  const spec = await services.gateway();
  const bucket = mirrored(spec, call.subject);
  const counts: WarmCounts = { keys: 0, there: 0, stored: 0, missing: 0, absent: 0, failed: 0 };
  const dryRun = call.flag('dry-run');
  const telling = setInterval(() => {
    if (!globals.json && !globals.quiet) io.stderr.write(`${summary(counts, dryRun)}\n`);
  }, TELLS);
  let interrupted = false;
  try {
    await warm({
      bucket,
      keys: wantedKeys(services, bucket, call, signal),
      gateway: await warmClient(services, spec, bucket, given(call.text('endpoint'))),
      concurrency: call.number('concurrency') ?? AT_ONCE,
      dryRun,
      signal,
      counts,
      onFailure: (key, reason) => tellFailure(context, key, reason),
    });
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    interrupted = true;
  } finally {
    clearInterval(telling);
  }
  return endWarming(context, call, { bucket: bucket.name, counts, dryRun, interrupted });
}

export function tellFailure({ io, globals }: CommandContext, key: string, reason: string): void {
  if (globals.json) io.stdout.write(jsonLine('warm-failure', { key, reason }));
  else io.stderr.write(`${harmless(key)}: ${harmless(reason)}\n`);
}

export interface EndedWarming {
  readonly bucket: string;
  readonly counts: WarmCounts;
  readonly dryRun: boolean;
  readonly interrupted: boolean;
}

/** Says what came of it, and how to exit. */
export function endWarming({ io, globals }: CommandContext, call: Call, ended: EndedWarming): ExitName {
  const { bucket, counts, dryRun, interrupted } = ended;
  if (globals.json) io.stdout.write(jsonLine('warm', { bucket, ...counts, dryRun, interrupted }));
  else io.stdout.write(`${summary(counts, dryRun)}\n`);
  if (interrupted) return 'interrupted';
  // What was asked for by name and is nowhere is a failure; what the origin listed and has no more is not.
  const lacking = counts.failed + (call.flag('origin-listing') ? 0 : counts.absent);
  return lacking > 0 ? 'objects' : 'ok';
}

function mirrored({ buckets }: GatewaySpec, name: string | undefined): BucketSpec {
  const bucket = buckets.find((each) => each.name === name);
  if (bucket !== undefined && bucket.mirror.length > 0) return bucket;
  const mirrors = buckets.filter((each) => each.mirror.length > 0).map((each) => each.name);
  throw new FerryError('configuration', {
    message: name === undefined ? 'no bucket is named' : `${name} is no mirror of this configuration`,
    remedy: mirrors.length > 0 ? `Name one of ${mirrors.join(', ')}.` : 'Give a bucket a `mirror`.',
  });
}

function wantedKeys(
  services: Services,
  { mirror }: BucketSpec,
  call: Call,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const list = call.text('list');
  if ((list === undefined) === !call.flag('origin-listing'))
    throw new FerryError('configuration', {
      message: 'what is to be warmed is not said',
      remedy: 'Give either `--list FILE` or `--origin-listing`.',
    });
  if (list !== undefined) return listedKeys(list, mirror);
  return originKeys(mirror, (spec) => services.openOrigin(spec), signal);
}

/** Asks the gateway at `at`; where it listens, where that is undefined. Rejects with `configuration` where no user may read the bucket. */
export async function warmClient(
  { http, now }: Pick<Services, 'http' | 'now'>,
  spec: GatewaySpec,
  bucket: BucketSpec,
  at?: Origin,
): Promise<WarmClient> {
  const user = spec.users.find((each) => each.tenant === bucket.tenant && mayUse(each, bucket.name));
  if (user === undefined && !bucket.anonymousRead)
    throw new FerryError('configuration', {
      message: `no user of the configuration may read ${bucket.name}`,
      remedy: 'Give its tenant a user, `read_only: true` will do.',
    });
  const origin = at ?? (await listening(spec));
  return new WarmClient({ http, origin, bucket: bucket.name, region: spec.region, user, now });
}

/** The gateway's own address. Where it listens on all, this machine's; its certificate vouches for itself. */
async function listening({ host, port, tls, domains }: GatewaySpec): Promise<Origin> {
  const address = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  if (tls === undefined) return { secure: false, host: address, port };
  const ca = await readFile(tls.certFile, 'utf8');
  return { secure: true, host: domains[0] ?? address, address, port, tls: { ca } };
}

function given(endpoint: string | undefined): Origin | undefined {
  if (endpoint === undefined) return undefined;
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new FerryError('configuration', { message: '`--endpoint` is no http or https URL' });
  const secure = url.protocol === 'https:';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  return { secure, host: url.hostname.replace(/^\[|\]$/g, ''), port };
}

function summary(counts: WarmCounts, dryRun: boolean): string {
  const { keys, there, stored, missing, absent, failed } = counts;
  const said = [counted(keys, 'key'), `${formatCount(there)} there`];
  said.push(dryRun ? `${formatCount(missing)} missing` : `${formatCount(stored)} stored`);
  if (absent > 0) said.push(`${formatCount(absent)} the origin does not have`);
  if (failed > 0) said.push(`${formatCount(failed)} failed`);
  return said.join(', ');
}
