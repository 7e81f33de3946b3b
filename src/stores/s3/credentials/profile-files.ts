/**
 * The files of the AWS tools: `~/.aws/credentials` and `~/.aws/config`, or where `AWS_SHARED_CREDENTIALS_FILE` and
 * `AWS_CONFIG_FILE` say. Source: "Configuration and credential file settings", AWS SDKs reference guide.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Surroundings } from './credentials.ts';

/** Settings of a profile by name, in lower case; empty where there is no such profile. */
export type Profile = ReadonlyMap<string, string>;

export async function readProfile(profile: string, around: Surroundings): Promise<Profile> {
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
function section(text: string, matches: (name: string) => boolean): Profile {
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
