/** rclone as a contestant: configured by its environment alone, with the settings that make it fast. */
import type { Place } from './arena.ts';
import type { Command } from './measure.ts';

export function rcloneCommand(args: readonly string[], places: Readonly<Record<string, Place>>): Command {
  // With a CA bundle in the environment rclone 1.60 ends with "unsupported transport".
  const env: Record<string, string | undefined> = { AWS_CA_BUNDLE: undefined, RCLONE_CONFIG: '' };
  for (const [name, { endpoint, accessKey, secretKey, region }] of Object.entries(places)) {
    const prefix = `RCLONE_CONFIG_${name.toUpperCase()}_`;
    env[`${prefix}TYPE`] = 's3';
    env[`${prefix}PROVIDER`] = 'Other';
    env[`${prefix}ENDPOINT`] = endpoint;
    env[`${prefix}ACCESS_KEY_ID`] = accessKey;
    env[`${prefix}SECRET_ACCESS_KEY`] = secretKey;
    env[`${prefix}REGION`] = region;
  }
  return { argv: ['rclone', ...args], env };
}

/**
 * What saves it requests without making it skip work: one listing for everything, no HEAD before a GET or after a PUT,
 * no question whether the bucket exists, modification times from the listing.
 */
export const FAST = [
  '--fast-list',
  '--s3-no-head',
  '--s3-no-head-object',
  '--s3-no-check-bucket',
  '--use-server-modtime',
  '--stats=0',
] as const;
