/** Ferry as a contestant: the built program, its defaults, a state directory of its own for every run. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from '../../test/peers/command.ts';
import * as peers from '../../test/peers/s3-server.ts';

const ROOT = join(import.meta.dirname, '../..');
export const MAIN = join(ROOT, 'dist/bin/ferry.js');

/** A bucket of our own server or of Ceph: ETags are MD5s at both. */
export function s3Endpoint(server: peers.S3Server, bucket: string): peers.Endpoint {
  return peers.s3Endpoint(server, bucket, { options: { etag: 'md5' } });
}

/** A directory for `$FERRY_HOME`; the previous one is removed with everything in it. */
export class FerryHome implements Disposable {
  #dir: string | undefined;

  get dir(): string {
    this.#dir ??= mkdtempSync(join(tmpdir(), 'ferry-bench-home-'));
    return this.#dir;
  }

  renew(): void {
    if (this.#dir !== undefined) rmSync(this.#dir, { recursive: true });
    this.#dir = undefined;
  }

  /** `ferry <verb> … -t TASK.yaml` for a task of this shape; JSON is YAML. */
  command(verb: readonly string[], task: Readonly<Record<string, unknown>>): Command {
    const file = join(this.dir, 'task.yaml');
    writeFileSync(file, JSON.stringify(task));
    return { argv: [process.execPath, MAIN, ...verb, '-t', file], env: { FERRY_HOME: this.dir } };
  }

  [Symbol.dispose](): void {
    this.renew();
  }
}
