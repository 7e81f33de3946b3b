/** rclone, configured by its environment alone. */
import type { Command } from './command.ts';
import type { S3Server } from './s3-server.ts';

/** `rclone ARGS`, in which `NAME:bucket/key` is at the server of that name. */
export function rcloneCommand(args: readonly string[], servers: Readonly<Record<string, S3Server>>): Command {
  // With a CA bundle in the environment rclone 1.60 ends with "unsupported transport".
  const env: Record<string, string | undefined> = { AWS_CA_BUNDLE: undefined, RCLONE_CONFIG: '' };
  for (const [name, { endpoint, accessKey, secretKey, region }] of Object.entries(servers)) {
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
