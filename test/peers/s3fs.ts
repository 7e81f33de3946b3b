/** s3fs: a bucket as a file system. */
import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import { outputOf } from './command.ts';
import type { S3Server } from './s3-server.ts';
import { unavailable } from './servers.ts';

/** Why nothing can be mounted here; undefined where it can. */
export function cannotMount(): string | undefined {
  const missing = unavailable('s3fs');
  if (missing !== undefined) return missing;
  if (process.getuid?.() !== 0) return 'mounting a file system takes root';
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK);
    return undefined;
  } catch {
    return 'there is no /dev/fuse to use';
  }
}

/** A bucket mounted on `dir`, which is made; disposed of, it is unmounted again with everything written. */
export class MountedBucket implements AsyncDisposable {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async mount(bucket: string, dir: string, server: S3Server): Promise<MountedBucket> {
    mkdirSync(dir);
    const passwords = `${dir}.passwd`;
    writeFileSync(passwords, `${server.accessKey}:${server.secretKey}`, { mode: 0o600 });
    const options = [`url=${server.endpoint}`, `endpoint=${server.region}`, 'use_path_request_style'];
    const argv = ['s3fs', bucket, dir, ...[...options, `passwd_file=${passwords}`].flatMap((each) => ['-o', each])];
    // It goes into the background once the file system is there.
    await outputOf({ argv, env: {} });
    return new MountedBucket(dir);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await outputOf({ argv: ['fusermount', '-u', this.dir], env: {} });
  }
}
