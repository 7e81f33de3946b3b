/**
 * Profiles of the AWS tools: `~/.aws/credentials` and `~/.aws/config`, or where `AWS_SHARED_CREDENTIALS_FILE` and
 * `AWS_CONFIG_FILE` say. Source: "Configuration and credential file settings", AWS SDKs reference guide.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { FerryError } from '../../../model/errors.ts';
import type { CredentialSource, Surroundings } from './credentials.ts';

/** A named profile must be there; without a name it is `AWS_PROFILE` (which must be there), or `default`. */
export function profileSource(named: string | undefined, around: Surroundings): CredentialSource {
  const wanted = named ?? (around.env['AWS_PROFILE'] || undefined);
  const profile = wanted ?? 'default';
  return {
    name: `profile "${profile}"`,
    async load() {
      const settings = await readProfile(profile, around);
      const accessKeyId = settings.get('aws_access_key_id');
      const secretAccessKey = settings.get('aws_secret_access_key');
      if (accessKeyId && secretAccessKey) {
        return { accessKeyId, secretAccessKey, sessionToken: settings.get('aws_session_token') || undefined };
      }
      if (wanted === undefined && settings.size === 0) return undefined;
      return unusable(profile, settings, wanted !== undefined);
    },
  };
}

/** The region a profile names, for buckets without one in their options. */
export async function profileRegion(named: string | undefined, around: Surroundings): Promise<string | undefined> {
  const settings = await readProfile(named ?? (around.env['AWS_PROFILE'] || 'default'), around);
  return settings.get('region');
}

/** What Ferry does not do, said instead of passed over: the next source would be another identity than was meant. */
function unusable(profile: string, settings: ReadonlyMap<string, string>, required: boolean): undefined {
  const unsupported = ['credential_process', 'role_arn', 'sso_session', 'sso_start_url', 'web_identity_token_file'];
  const setting = unsupported.find((name) => settings.has(name));
  if (setting === undefined && !required) return undefined;
  throw new FerryError('no-credentials', {
    message:
      setting === undefined
        ? `profile "${profile}" has no aws_access_key_id and aws_secret_access_key`
        : `profile "${profile}" gets its credentials by ${setting}, which Ferry does not run`,
    remedy: `Export them first: eval "$(aws configure export-credentials --profile ${profile} --format env)".`,
  });
}

async function readProfile(profile: string, around: Surroundings): Promise<ReadonlyMap<string, string>> {
  const { env, readFile } = around;
  const home = env['HOME'] || env['USERPROFILE'] || homedir();
  const config = await readFile(env['AWS_CONFIG_FILE'] || join(home, '.aws', 'config'));
  const credentials = await readFile(env['AWS_SHARED_CREDENTIALS_FILE'] || join(home, '.aws', 'credentials'));
  return new Map([
    ...section(config ?? '', (name) => name === `profile ${profile}` || (profile === 'default' && name === 'default')),
    ...section(credentials ?? '', (name) => name === profile),
  ]);
}

/** The settings of the sections that match. Settings nested under an empty one (`s3 =`) are not wanted. */
function section(text: string, matches: (name: string) => boolean): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  let inside = false;
  for (const line of text.split(/\r?\n/)) {
    const header = /^\[\s*([^\]]*?)\s*\]/.exec(line);
    if (header !== null) {
      inside = matches(header[1]!.replace(/\s+/g, ' ').replace(/^profile "(.*)"$/, 'profile $1'));
      continue;
    }
    const equals = line.indexOf('=');
    if (!inside || equals < 0 || /^[\s#;]/.test(line)) continue;
    settings.set(
      line.slice(0, equals).trim().toLowerCase(),
      line
        .slice(equals + 1)
        .replace(/\s[#;].*$/, '')
        .trim(),
    );
  }
  return settings;
}
