/** What everything that runs in one process may do together. */
import type { Clock } from '../clock.ts';
import type { ComposedStore } from '../compose.ts';
import { TokenBucket, type Lane } from './token-bucket.ts';

export class SharedLimits {
  /** Bytes per second that are read from sources. */
  readonly bandwidth: TokenBucket;
  /** Requests to stores, attempts included. */
  readonly requests: TokenBucket;
  /** Objects begun. */
  readonly objects: TokenBucket;

  /** Without limits, until they are set. */
  constructor(clock: Clock) {
    this.bandwidth = new TokenBucket(clock);
    this.requests = new TokenBucket(clock);
    this.objects = new TokenBucket(clock);
  }

  /** `weight`: above 0; where all want more than there is, each gets by its weight. */
  join(weight: number): Share {
    return new Share(this, weight);
  }
}

/** The part of one of them. Leaves when it is disposed of. */
export class Share implements Disposable {
  readonly bandwidth: Lane;
  readonly requests: Lane;
  readonly objects: Lane;

  constructor(shared: SharedLimits, weight: number) {
    this.bandwidth = shared.bandwidth.lane(weight);
    this.requests = shared.requests.lane(weight);
    this.objects = shared.objects.lane(weight);
  }

  set weight(weight: number) {
    for (const lane of this.#lanes) lane.weight = weight;
  }

  /** Both ends of a copy take from it; a byte that is moved counts once. */
  bind({ source, destination }: Readonly<Record<'source' | 'destination', Pick<ComposedStore, 'limits'>>>): void {
    const { requests, bandwidth: reads } = this;
    source.limits.shared = { requests, reads };
    destination.limits.shared = { requests };
  }

  [Symbol.dispose](): void {
    for (const lane of this.#lanes) lane.leave();
  }

  get #lanes(): readonly Lane[] {
    return [this.bandwidth, this.requests, this.objects];
  }
}
