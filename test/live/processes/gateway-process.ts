import { FerryError } from '../../../src/model/errors.ts';
import type { Store } from '../../../src/store/store.ts';
import { SocketHttpClient } from '../../../src/wire/http/socket-client.ts';
import type { Ferry, Running } from '../../e2e/ferry.ts';
import type { S3Server } from '../../peers/s3-server.ts';
import { openBucket } from './open-bucket.ts';

export interface GatewayOptions {
  readonly ferry: Ferry;
  readonly config: string;
  readonly bucket: string;
  /** Keys clients use. */
  readonly keys: Omit<S3Server, 'endpoint'>;
}

/** One `ferry serve` after the other: the next where one was killed. */
export class GatewayProcess implements AsyncDisposable {
  /** The bucket through the process there is at the time. A call fails where that dies; one that starts is waited for. */
  readonly store: Store;
  readonly #o: GatewayOptions;
  #life: Life;
  #going: Promise<unknown> = Promise.resolve();
  /** Ends a stop before its time. */
  #wake: (() => void) | undefined;

  constructor(options: GatewayOptions) {
    this.#o = options;
    this.#life = this.#begin();
    this.store = through(() => this.#life);
  }

  /** Resolves when it answers. */
  async up(): Promise<void> {
    for (;;) {
      const life = this.#life;
      try {
        await life.store;
        return;
      } catch (thrown) {
        if (life === this.#life) throw thrown;
      }
    }
  }

  /** SIGKILL, and another begins. */
  kill(): void {
    this.#wake?.();
    const last = this.#life;
    this.#going = Promise.all([this.#going, last.end()]);
    this.#life = this.#begin();
  }

  /** SIGSTOP for so long, milliseconds; nothing where it stands already. */
  stop(ms: number): void {
    if (this.#wake !== undefined) return;
    const { running } = this.#life;
    running.child.kill('SIGSTOP');
    const wake = (): void => {
      clearTimeout(timer);
      this.#wake = undefined;
      running.child.kill('SIGCONT');
    };
    const timer = setTimeout(wake, ms);
    this.#wake = wake;
  }

  wake(): void {
    this.#wake?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#wake?.();
    await this.#life.end();
    await this.#going;
  }

  /** As whoever keeps it running does where it could not open the state beside one that stands still. */
  #begin(): Life {
    return new Life(this.#o, () => (this.#life = this.#begin()));
  }
}

/** One process. */
class Life {
  readonly running: Running;
  readonly store: Promise<Store>;
  /** Rejects when it is over. */
  readonly over: Promise<never>;
  readonly #http = new SocketHttpClient();

  constructor({ ferry, config, bucket, keys }: GatewayOptions, again: () => void) {
    this.running = ferry.start('serve', '-c', config, '--json');
    this.over = this.running.exit.then(({ code, stderr }) => {
      if (/locked/.test(stderr)) again();
      else if (code !== null) throw new Error(`a gateway ended by itself with ${code}: ${stderr}`);
      throw new FerryError('network', { message: 'the gateway ended' });
    });
    this.over.catch(() => undefined);
    this.store = Promise.race([
      this.running
        .printed(/"url":"(https?:[^"]+)"/)
        .then(([, endpoint]) => openBucket({ ...keys, endpoint: endpoint! }, bucket, this.#http)),
      this.over,
    ]);
    this.store.catch(() => undefined);
  }

  async end(): Promise<void> {
    this.running.child.kill('SIGKILL');
    await this.running.exit;
    await this.#http[Symbol.asyncDispose]();
  }
}

/** Every call goes to the store of the process there is then. */
function through(life: () => Life): Store {
  const call = async (property: string | symbol, of: 'multipart' | undefined, given: unknown[]): Promise<unknown> => {
    const { store, over } = life();
    const opened = await Promise.race([store, over]);
    const target: object = of === undefined ? opened : opened.multipart!;
    const method: unknown = Reflect.get(target, property);
    if (typeof method !== 'function') throw new TypeError(`no ${String(property)}`);
    const args = given.map((each) => (isSource(each) ? { ...each, store: opened } : each));
    return await Promise.race([Reflect.apply(method, target, args), over]);
  };
  const proxy = (of?: 'multipart'): object =>
    new Proxy(
      {},
      {
        get: (_, property): unknown => {
          if (property === 'multipart') return proxy('multipart');
          if (property === 'capabilities') return { writeIfAbsent: true };
          return (...given: unknown[]) => call(property, of, given);
        },
      },
    );
  return proxy() as Store;
}

function isSource(given: unknown): given is { readonly store: unknown } {
  return typeof given === 'object' && given !== null && 'store' in given && 'key' in given;
}
