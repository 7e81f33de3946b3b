/** `ferry mirror warm` at a server: it fetches, and what it says of that is shown here. */
import type * as z from 'zod';
import { WARM } from '../../control/mirrors/routes.ts';
import { listedKeys } from '../../gateway/mirror/warm.ts';
import { FerryError } from '../../model/errors.ts';
import type { Call } from '../command.ts';
import type { CommandContext } from '../context.ts';
import type { ExitName } from '../exit-codes.ts';
import { endWarming, tellFailure } from '../mirror-warm.ts';
import type { ApiClient } from './api-client.ts';

/** Keys sent at once: with the longest there are they stay below the largest body. */
const BATCH = 250;
/** It is asked how far it is so often, milliseconds. */
const LOOK_EVERY = 250;

type Warm = z.output<typeof WARM>;

/** Ctrl-C stops it there as well. */
export async function warmThere(context: CommandContext, server: ApiClient, call: Call): Promise<ExitName> {
  const { subject: bucket } = call;
  if (bucket === undefined) throw wrong('no bucket is named', '`ferry mirror status` shows which are mirrors.');
  if (call.given('endpoint')) throw wrong('`--endpoint` is for warming from here', 'Leave it out: the server knows its gateway.'); // prettier-ignore
  const path = `/v1/mirrors/${encodeURIComponent(bucket)}/warm`;
  const counts = { keys: 0, there: 0, stored: 0, missing: 0, absent: 0, failed: 0 };
  const dryRun = call.flag('dry-run');
  for await (const keys of batches(call)) {
    if (context.signal.aborted) break;
    await server.post(path, { keys, dryRun, concurrency: call.number('concurrency') }, WARM);
    const end = await ended(context, server, path);
    for (const what of ['keys', 'there', 'stored', 'missing', 'absent', 'failed'] as const)
      counts[what] += end.counts[what];
    for (const { key, reason } of end.failures) tellFailure(context, key, reason);
    if (end.error) throw new FerryError('unavailable', { message: end.error.message });
  }
  return endWarming(context, call, { bucket, counts, dryRun, interrupted: context.signal.aborted });
}

/** Lists of keys, or one that is undefined for all that the origins list. */
async function* batches(call: Call): AsyncGenerator<readonly string[] | undefined> {
  const list = call.text('list');
  if ((list === undefined) === !call.flag('origin-listing'))
    throw wrong('what is to be warmed is not said', 'Give either `--list FILE` or `--origin-listing`.');
  if (list === undefined) return yield undefined;
  let keys: string[] = [];
  for await (const key of listedKeys(list, [])) {
    if (/^https?:\/\//i.test(key)) throw wrong(`${list} has URLs in it`, 'Give keys: the rules are known to the server alone.'); // prettier-ignore
    keys.push(key);
    if (keys.length < BATCH) continue;
    yield keys;
    keys = [];
  }
  if (keys.length > 0) yield keys;
}

async function ended({ signal }: CommandContext, server: ApiClient, path: string): Promise<Warm> {
  for (;;) {
    if (signal.aborted) await server.remove(path);
    const state = await server.get(path, WARM);
    if (state.state !== 'running') return state;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
  }
}

function wrong(message: string, remedy: string): FerryError {
  return new FerryError('configuration', { message, remedy });
}
