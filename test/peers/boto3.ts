/** Programs that use boto3, which is configured by its environment alone. */
import { environmentOf } from './aws-cli.ts';
import type { Command } from './command.ts';
import type { S3Server } from './s3-server.ts';

/** Debian's own Python, whatever else is in the PATH. */
const PYTHON = '/usr/bin/python3';

export function boto3Command(program: string, args: readonly string[], server: S3Server): Command {
  return { argv: [PYTHON, program, server.endpoint, ...args], env: environmentOf(server) };
}
