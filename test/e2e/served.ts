/** `ferry serve` over a directory, as people run it, with one user. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MiB } from '../../src/model/units.ts';
import type { S3Server } from '../peers/s3-server.ts';
import { Ferry, type Running } from './ferry.ts';

export class Served implements AsyncDisposable {
  readonly ferry: Ferry;
  readonly #config: string;
  #running: Running | undefined;
  server: S3Server = { endpoint: '', accessKey: 'APPKEY', secretKey: 'app-secret-1', region: 'us-east-1' };

  /** `more` goes into the section `gateway`. */
  constructor(more: Readonly<Record<string, unknown>> = {}) {
    this.ferry = new Ferry();
    this.#config = this.at('ferry.yaml');
    const users = [{ name: 'app', access_key_id: this.server.accessKey, secret_access_key: this.server.secretKey }];
    const storage = { type: 'file', path: this.at('objects'), options: { metadata: 'sidecar' } };
    writeFileSync(this.#config, JSON.stringify({ gateway: { listen: '127.0.0.1:0', users, storage, ...more } }));
  }

  static async start(more?: Readonly<Record<string, unknown>>): Promise<Served> {
    const served = new Served(more);
    await served.start();
    return served;
  }

  async start(): Promise<void> {
    this.#running = this.ferry.start('serve', '-c', this.#config, '--json');
    const [, endpoint] = await this.#running.printed(/"url":"(https?:[^"]+)"/);
    this.server = { ...this.server, endpoint: endpoint! };
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    this.#running!.child.kill(signal);
    return await this.ended();
  }

  /** Asks it to stop. */
  terminate(): void {
    this.#running!.child.kill('SIGTERM');
  }

  /** Its exit code, once it has one. */
  async ended(): Promise<number | null> {
    return (await this.#running!.exit).code;
  }

  /** What it said, once it has ended. */
  async said(): Promise<string> {
    return (await this.#running!.exit).output;
  }

  at(...names: string[]): string {
    return join(this.ferry.dir, ...names);
  }

  /** A directory with small files and a large one; gives its path and their names. */
  tree(): { readonly dir: string; readonly names: readonly string[] } {
    const dir = this.at('tree');
    mkdirSync(join(dir, 'deep/er'), { recursive: true });
    const names = ['a b', 'plus+plus%', 'deep/ü 日本', 'deep/er/empty', 'large'];
    for (const name of names)
      writeFileSync(join(dir, name), randomBytes(name === 'large' ? 20 * MiB : name.endsWith('empty') ? 0 : 1000));
    return { dir, names };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.ferry[Symbol.dispose]();
  }
}

export function assertSameFiles(names: readonly string[], one: string, other: string): void {
  for (const name of names) assert.ok(readFileSync(join(one, name)).equals(readFileSync(join(other, name))), name);
}
