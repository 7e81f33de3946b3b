import { setTimeout as sleep } from 'node:timers/promises';
import type { MigrationPhase } from '../../../src/model/migration-phase.ts';
import { compose } from '../../../src/store/compose.ts';
import type { Store } from '../../../src/store/store.ts';
import { SocketHttpClient } from '../../../src/wire/http/socket-client.ts';
import type { S3Server } from '../../peers/s3-server.ts';
import type { PreparedObject, World } from '../workload/world.ts';
import { openBucket } from './open-bucket.ts';

/** A server alone, to tell what is its own doing from what gateways do: nothing moves, nobody is disturbed. */
export class BareWorld implements World {
  readonly gateways: readonly Store[];
  readonly phase: MigrationPhase = 'finalised';
  readonly copies = false;
  readonly #http: SocketHttpClient;

  private constructor(store: Store, http: SocketHttpClient) {
    this.gateways = [store];
    this.#http = http;
  }

  static async open(server: S3Server, bucket: string, provider: string): Promise<BareWorld> {
    const http = new SocketHttpClient();
    return new BareWorld(await openBucket(server, bucket, http, provider), http);
  }

  now(): number {
    return performance.now();
  }

  async pause(ms: number): Promise<void> {
    await sleep(ms);
  }

  async prepare(objects: ReadonlyMap<string, PreparedObject>): Promise<void> {
    for (const [key, { content, mark }] of objects)
      await this.gateways[0]!.write(key, Buffer.from(content), { meta: { user: { m: mark } } });
  }

  disturb(): void {}

  async calm(): Promise<void> {}

  async settle(): Promise<void> {}

  async contents(): Promise<ReadonlyMap<string, PreparedObject>> {
    const store = compose(this.gateways[0]!);
    const found = new Map<string, PreparedObject>();
    for (const { key } of (await store.list({})).entries) {
      const { meta, body } = await store.read(key);
      found.set(key, { content: Buffer.from(await body.bytes(10_000)).toString(), mark: meta.user?.['m'] ?? '' });
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http[Symbol.asyncDispose]();
  }
}
