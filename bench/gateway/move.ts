import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { MAIN } from '../lib/ferry.ts';
import type { FerryGateway } from './contenders.ts';

/** What the benchmarks want of `ferry migrate status`. */
export interface MoveStatus {
  readonly phase: string;
  readonly members: readonly { readonly acknowledged: number }[];
  readonly epoch: number;
  readonly keys: { readonly touched: number; readonly dirty: number };
  readonly copied?: object;
}

/** The move of a bucket, step by step, by the commands an operator has. */
export class Move {
  readonly #gateway: FerryGateway;
  readonly #bucket: string;

  constructor(gateway: FerryGateway, bucket: string) {
    this.#gateway = gateway;
    this.#bucket = bucket;
  }

  /** What is in flight is counted from now on. */
  async start(): Promise<void> {
    await this.#say('start', '--yes');
    await this.#until('tracking');
  }

  /** Changes go to new, and nothing is copied. */
  async switchAndRest(): Promise<void> {
    await this.#say('pause');
    await this.#say('switch', '--yes');
    await this.#until('migrating');
  }

  /** Goes on, until everything is copied and written back. */
  async copied(): Promise<void> {
    await this.#say('resume');
    await this.until(({ copied, keys }) => copied !== undefined && keys.dirty === 0);
  }

  async until(holds: (status: MoveStatus) => boolean): Promise<void> {
    for (;;) {
      const status: MoveStatus = JSON.parse(await this.#say('status'));
      if (holds(status)) return;
      await sleep(100);
    }
  }

  async #until(phase: string): Promise<void> {
    await this.until((status) => {
      return status.phase === phase && status.members.every(({ acknowledged }) => acknowledged === status.epoch);
    });
  }

  async #say(action: string, ...more: readonly string[]): Promise<string> {
    const { config, home } = this.#gateway;
    const args = [MAIN, 'migrate', action, this.#bucket, '-c', config, '--json', ...more];
    const env = { ...process.env, FERRY_HOME: home };
    return (await promisify(execFile)(process.execPath, args, { env })).stdout;
  }
}
