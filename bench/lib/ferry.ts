/** Ferry as a contestant: the built program, its defaults, a state directory of its own for every run. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Place } from './arena.ts';
import type { Command } from './measure.ts';

const ROOT = join(import.meta.dirname, '../..');
export const MAIN = join(ROOT, 'dist/bin/ferry.js');

export interface Endpoint {
  readonly type: string;
  readonly path?: string;
  readonly options?: Readonly<Record<string, unknown>>;
}

export function s3Endpoint({ endpoint, accessKey, secretKey, region }: Place, bucket: string): Endpoint {
  const credentials = { access_key_id: accessKey, secret_access_key: secretKey };
  return { type: 's3', path: '/', options: { bucket_name: bucket, endpoint, region, etag: 'md5', ...credentials } };
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
