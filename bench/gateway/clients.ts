import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Load, Order, Outcome } from './protocol.ts';

/** The process that makes the load. */
export class Clients implements AsyncDisposable {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(): Promise<Clients> {
    const child = fork(join(import.meta.dirname, 'load.ts'));
    await once(child, 'message');
    return new Clients(child);
  }

  run(load: Load): Promise<Outcome> {
    return this.order({ do: 'run', ...load });
  }

  async order(order: Order): Promise<Outcome> {
    this.#child.send(order);
    const [answer]: (Outcome & { error?: string })[] = await once(this.#child, 'message');
    if (answer!.error !== undefined) throw new Error(answer!.error);
    return answer!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exit = once(this.#child, 'exit');
    this.#child.disconnect();
    await exit;
  }
}

/** Leaves the first core to the proxy, where that is to have one: what is started from here on inherits it. */
export class Confined implements Disposable {
  readonly #cores: number;

  constructor(cores: number) {
    this.#cores = cores;
    if (cores === 1) this.#keepTo('1');
  }

  [Symbol.dispose](): void {
    if (this.#cores === 1) this.#keepTo(`0-${availableParallelism() - 1}`);
  }

  #keepTo(list: string): void {
    execFileSync('taskset', ['-acp', list, String(process.pid)], { stdio: 'ignore' });
  }
}

/** Runs `work` with the proxy on one core and load and backend on the other, then with all on both. */
export async function onOneCoreAndTwo(work: (cores: number) => Promise<void>): Promise<void> {
  for (const cores of [1, 2]) {
    console.log(
      `\n### ${cores === 1 ? 'One core for the proxy, the other for load and backend' : 'Both cores for all'}\n`,
    );
    using _confined = new Confined(cores);
    await work(cores);
  }
}
