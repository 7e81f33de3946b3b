/** Puts a store together from its settings. */
import { readFile } from 'node:fs/promises';
import { FerryError } from '../../model/errors.ts';
import type { StoreContext } from '../../store/registry.ts';
import { CredentialChain, credentialSources } from './credentials/chain.ts';
import type { Surroundings } from './credentials/credentials.ts';
import { runProgram } from './credentials/process.ts';
import { profileRegion } from './credentials/profile.ts';
import { ServiceClock } from './clock.ts';
import { KeySpace } from './keys.ts';
import type { S3Settings } from './options.ts';
import { S3Place } from './place.ts';
import { S3Requester } from './requests.ts';
import { S3Store } from './s3-store.ts';
import { RequestSigner } from './signing.ts';

/** Costs no request: credentials are looked for when the first one is sent. */
export async function openStore(
  type: string,
  path: string,
  settings: S3Settings,
  context: StoreContext,
): Promise<S3Store> {
  const around: Surroundings = { env: context.env, http: context.http, now: context.now, readFile: textOf, runProgram };
  const place = new S3Place(settings);
  const region = place.region(await foundRegion(settings, around));
  const keys = new KeySpace(path);
  const service = place.service(region);
  const info = {
    type,
    name: `s3://${settings.bucket}/${keys.prefix} at ${service}`,
    identity: `${service}/${settings.bucket}/${keys.prefix}`,
    told: { bucket: settings.bucket, prefix: keys.prefix },
    place: { root: `${service}/${settings.bucket}`, prefix: keys.prefix },
  };
  const clock = new ServiceClock(context.now, info.name);
  const chain = settings.anonymous
    ? undefined
    : new CredentialChain(credentialSources(settings.credentials, around), context.now);
  const signer = new RequestSigner(chain, settings.signatureV2 ? 2 : 4, region, clock);
  const requester = new S3Requester({
    http: context.http,
    signer,
    clock,
    place,
    store: info.name,
    payloadSigning: settings.payloadSigning,
    expectContinue: settings.expectContinue,
    dirtyHead: settings.preset.dirtyHead,
    connection: { tls: settings.tls, proxy: settings.proxy, timeouts: settings.timeouts },
  });
  // Clients who are served are given back what they stored.
  const attributes = context.role === 'served' ? 'kept' : 'read';
  return new S3Store({ info, settings, keys, place, signer, clock, requester, attributes });
}

/** The region the AWS tools would use; it is theirs, so it is looked for only where the service is Amazon's. */
async function foundRegion(settings: S3Settings, around: Surroundings): Promise<string | undefined> {
  if (settings.endpoint !== undefined || !settings.preset.regionOfTools) return undefined;
  const named = around.env['AWS_REGION'] || around.env['AWS_DEFAULT_REGION'];
  return named || profileRegion(settings.credentials.profile, around);
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new FerryError('permission', { message: `cannot read ${path}`, cause: error });
  }
}
