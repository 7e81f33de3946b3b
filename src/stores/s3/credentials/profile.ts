/**
 * Credentials of a profile of the AWS tools: its keys, a program, or a role that another profile, this machine or a token
 * may assume. Source: "Assume role credential provider" and "Process credential provider", AWS SDKs reference guide.
 */
import { FerryError } from '../../../model/errors.ts';
import { containerSource } from './container.ts';
import type { Credentials, CredentialSource, Surroundings } from './credentials.ts';
import { environmentSource } from './environment.ts';
import { instanceSource } from './instance.ts';
import { processCredentials } from './process.ts';
import { readProfile, type Profile } from './profile-files.ts';
import { assumeRole } from './sts.ts';
import { webIdentityCredentials } from './web-identity.ts';

/** A named profile must be there; without a name it is `AWS_PROFILE` (which must be there), or `default`. */
export function profileSource(named: string | undefined, around: Surroundings): CredentialSource {
  const wanted = named ?? (around.env['AWS_PROFILE'] || undefined);
  const profile = wanted ?? 'default';
  return {
    name: `profile "${profile}"`,
    async load(signal) {
      const found = await new Search(around, signal).credentials(profile, []);
      if (found) return found;
      const settings = await readProfile(profile, around);
      // Passed over, the next source would be another identity than was meant.
      if (wanted === undefined && asksSomebody(settings) === undefined) return undefined;
      throw unusable(profile, settings);
    },
  };
}

/** The region a profile names, for buckets without one in their options. */
export async function profileRegion(named: string | undefined, around: Surroundings): Promise<string | undefined> {
  const settings = await readProfile(named ?? (around.env['AWS_PROFILE'] || 'default'), around);
  return settings.get('region');
}

class Search {
  readonly #around: Surroundings;
  readonly #signal: AbortSignal | undefined;

  constructor(around: Surroundings, signal: AbortSignal | undefined) {
    this.#around = around;
    this.#signal = signal;
  }

  /** Undefined where the profile has none that Ferry can get; `trail` is the profiles whose roles these are to assume. */
  async credentials(profile: string, trail: readonly string[]): Promise<Credentials | undefined> {
    const settings = await readProfile(profile, this.#around);
    const keys = ownKeys(settings);
    // A profile may name itself as the source of its role: then its keys are meant.
    if (trail.includes(profile))
      return keys ?? wrong(profile, `assumes its role by way of itself (${trail.join(', ')})`);
    if (settings.get('role_arn')) return await this.#role(profile, settings, trail);
    if (keys) return keys;
    const command = settings.get('credential_process');
    return command ? await processCredentials(profile, command, this.#around, this.#signal) : undefined;
  }

  async #role(profile: string, settings: Profile, trail: readonly string[]): Promise<Credentials> {
    const setting = (name: string): string | undefined => settings.get(name) || undefined;
    const by = WAYS.filter((way) => setting(way) !== undefined);
    const [way] = by;
    if (way === undefined || by.length > 1) {
      return wrong(profile, `has role_arn and ${way === undefined ? 'none' : 'more than one'} of ${WAYS.join(', ')}`);
    }
    const role = { arn: setting('role_arn')!, sessionName: setting('role_session_name'), region: setting('region') };
    const value = setting(way)!;
    if (way === 'web_identity_token_file') {
      return await webIdentityCredentials(role, value, this.#around, this.#signal);
    }
    // It would ask for a code that only a person has.
    if (setting('mfa_serial')) throw needsPerson(profile, 'mfa_serial');
    const durationSeconds = duration(profile, setting('duration_seconds'));
    const source =
      way === 'source_profile'
        ? await this.#ofProfile(value, [...trail, profile])
        : await this.#ofMachine(profile, value);
    const assumed = { ...role, externalId: setting('external_id'), durationSeconds };
    return await assumeRole(assumed, source, this.#around, this.#signal);
  }

  async #ofProfile(profile: string, trail: readonly string[]): Promise<Credentials> {
    const found = await this.credentials(profile, trail);
    if (found) return found;
    throw unusable(profile, await readProfile(profile, this.#around));
  }

  async #ofMachine(profile: string, name: string): Promise<Credentials> {
    const source = MACHINE[name];
    if (!source)
      return wrong(profile, `names the credential_source ${name}; there are ${Object.keys(MACHINE).join(', ')}`);
    const found = await source(this.#around).load(this.#signal);
    if (found) return found;
    throw new FerryError('no-credentials', {
      message: `profile "${profile}" takes its credentials from ${name}, where there are none`,
    });
  }
}

const WAYS = ['source_profile', 'credential_source', 'web_identity_token_file'] as const;

const MACHINE: Readonly<Record<string, (around: Surroundings) => CredentialSource>> = {
  Environment: environmentSource,
  Ec2InstanceMetadata: instanceSource,
  EcsContainer: containerSource,
};

function ownKeys(settings: Profile): Credentials | undefined {
  const accessKeyId = settings.get('aws_access_key_id');
  const secretAccessKey = settings.get('aws_secret_access_key');
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: settings.get('aws_session_token') || undefined };
}

/** As STS limits it. */
function duration(profile: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= 900 && seconds <= 43_200) return seconds;
  return wrong(profile, 'has a duration_seconds that is not between 900 and 43200');
}

function wrong(profile: string, what: string): never {
  throw new FerryError('configuration', {
    message: `profile "${profile}" ${what}`,
    remedy: 'Correct the profile in ~/.aws/config.',
  });
}

function unusable(profile: string, settings: Profile): FerryError {
  const setting = asksSomebody(settings);
  if (setting !== undefined) return needsPerson(profile, setting);
  return new FerryError('no-credentials', {
    message: `profile "${profile}" has neither keys (aws_access_key_id and aws_secret_access_key) nor another way to get them`,
    remedy: 'Check the name of the profile; `aws configure list-profiles` tells those there are.',
  });
}

function asksSomebody(settings: Profile): string | undefined {
  return ['sso_session', 'sso_start_url', 'login_session'].find((name) => settings.has(name));
}

/** Ferry runs for days while nobody is there to log in. */
function needsPerson(profile: string, setting: string): FerryError {
  return new FerryError('no-credentials', {
    message: `profile "${profile}" gets its credentials by ${setting}, for which somebody has to log in`,
    remedy: `Export them first: eval "$(aws configure export-credentials --profile ${profile} --format env)".`,
  });
}
