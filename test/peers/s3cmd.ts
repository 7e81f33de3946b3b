/** s3cmd, told everything on its command line. */
import type { Command } from './command.ts';
import type { S3Server } from './s3-server.ts';

export function s3cmdCommand(args: readonly string[], { endpoint, accessKey, secretKey, region }: S3Server): Command {
  const { host } = new URL(endpoint);
  const place = ['--no-ssl', `--host=${host}`, `--host-bucket=${host}`, `--region=${region}`];
  const keys = [`--access_key=${accessKey}`, `--secret_key=${secretKey}`];
  return { argv: ['s3cmd', '--config=/dev/null', '--no-progress', ...place, ...keys, ...args], env: {} };
}
