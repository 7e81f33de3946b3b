/** Where a contest takes place: a source bucket, and as many empty destinations as there are runs. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { S3Server } from '../../test/peers/s3-server.ts';
import type { Command, Fill, Report } from '../server.ts';

export interface Arena extends AsyncDisposable {
  readonly source: S3Server;
  readonly destination: S3Server;
  /** Fills a bucket at the source. */
  populate(fill: Fill): Promise<void>;
  /** An empty bucket at the destination, for the objects of a source bucket; the one before it is forgotten. */
  emptyDestination(expects: string): Promise<string>;
  /** Why the last destination does not hold exactly the source bucket's objects; undefined where it does. */
  check(fill: Fill): Promise<string | undefined>;
}

/** Our own server: see `bench/server.ts`. */
export class OwnArena implements Arena {
  readonly source: S3Server;
  readonly destination: S3Server;
  readonly #server: ChildProcess;

  private constructor(server: ChildProcess, ports: readonly number[]) {
    this.#server = server;
    // Other credentials and another port: nobody may take the two for one server and copy inside it.
    const [source, destination] = ports.map((port, i) => ({
      endpoint: `http://127.0.0.1:${port}`,
      accessKey: `BENCH${i}`,
      secretKey: `bench-secret-${i}`,
      region: 'us-east-1',
    }));
    this.source = source!;
    this.destination = destination!;
  }

  static async start(): Promise<OwnArena> {
    const server = fork(join(import.meta.dirname, '../server.ts'));
    server.on('exit', (code) => {
      if (code !== 0) throw new Error('the server of the benchmark died');
    });
    const [message]: { ports: number[] }[] = await once(server, 'message');
    return new OwnArena(server, message!.ports);
  }

  async populate(fill: Fill): Promise<void> {
    await this.#command({ do: 'fill', fill });
  }

  async mirror(bucket: string, of: string): Promise<void> {
    await this.#command({ do: 'mirror', bucket, of });
  }

  async copy(bucket: string, of: string, every = 1): Promise<void> {
    await this.#command({ do: 'copy', bucket, of, every });
  }

  /** An empty bucket that expects the objects of another. */
  async empty(bucket: string, expects: string): Promise<void> {
    await this.#command({ do: 'empty', bucket, expects });
  }

  async listDelay(milliseconds: number): Promise<void> {
    await this.#command({ do: 'list-delay', milliseconds });
  }

  async emptyDestination(expects: string): Promise<string> {
    await this.empty('destination', expects);
    await this.report();
    return 'destination';
  }

  /** Requests since the last report, by operation, and what the bucket holds. */
  report(bucket = 'destination'): Promise<Report> {
    return this.#command({ do: 'report', bucket });
  }

  async check({ objects, size }: Fill): Promise<string | undefined> {
    const report = await this.report();
    console.log(`    (the server took ${report.cpu.toFixed(2)} CPU-s)`);
    if (report.counts['foreign'] !== undefined) return `${report.counts['foreign']} uploads with other bytes`;
    if (report.objects === objects && report.bytes === objects * size) return undefined;
    return `${report.objects} objects and ${report.bytes} bytes at the destination, not ${objects} and ${objects * size}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exit = once(this.#server, 'exit');
    this.#server.disconnect();
    await exit;
  }

  async #command(command: Command): Promise<Report> {
    this.#server.send(command);
    const [answer]: Report[] = await once(this.#server, 'message');
    return answer!;
  }
}
