/** The AWS CLI, configured by its environment alone. */
import type { Command } from './command.ts';
import type { S3Server } from './s3-server.ts';

export function awsCommand(args: readonly string[], server: S3Server): Command {
  return { argv: ['aws', `--endpoint-url=${server.endpoint}`, ...args], env: environmentOf(server) };
}

/** What makes the tools of AWS use these keys, and nothing else that lies about. */
export function environmentOf({ accessKey, secretKey, region }: S3Server): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: accessKey,
    AWS_SECRET_ACCESS_KEY: secretKey,
    AWS_DEFAULT_REGION: region,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}
