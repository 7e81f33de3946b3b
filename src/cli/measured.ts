/** What is counted while `ferry serve` runs, from its first request on. */
import { measureApi } from '../control/metrics/api.ts';
import { measureGateway } from '../control/metrics/gateway.ts';
import { measureStores } from '../control/metrics/stores.ts';
import { Metrics } from '../observe/metrics.ts';
import { measureProcess } from '../observe/process-metrics.ts';

export class Measured implements Disposable {
  readonly metrics = new Metrics();
  readonly stores = measureStores(this.metrics);
  readonly gateway = measureGateway(this.metrics);
  readonly api = measureApi(this.metrics);
  readonly #stop: () => void;

  constructor(version: string, now: () => number) {
    this.#stop = measureProcess(this.metrics, version, now);
  }

  [Symbol.dispose](): void {
    this.#stop();
  }
}
