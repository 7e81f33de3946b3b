/** The AWS CLI, configured by its environment alone. */
import type { Command } from './command.ts';
import type { S3Server } from './s3-server.ts';

export function awsCommand(args: readonly string[], { endpoint, accessKey, secretKey, region }: S3Server): Command {
  const env = {
    AWS_ACCESS_KEY_ID: accessKey,
    AWS_SECRET_ACCESS_KEY: secretKey,
    AWS_DEFAULT_REGION: region,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  return { argv: ['aws', `--endpoint-url=${endpoint}`, ...args], env };
}
