import { FerryError } from '../../../src/model/errors.ts';
import type { ErrorCode, ErrorDetails } from '../../../src/model/errors.ts';
import type { Call } from '../../../src/store/layers/call.ts';
import type { Layer, Next } from '../../../src/store/layers/layer.ts';

export type Act = 'pass' | 'lose' | 'hang' | ErrorCode | readonly [ErrorCode, ErrorDetails];

/**
 * Put innermost: does to each call of an operation what comes next in its script, and afterwards lets pass. `lose`
 * carries the call out and fails with `network`; `hang` never answers.
 */
export class Script implements Layer {
  readonly calls: string[] = [];
  readonly #acts: Act[];
  readonly #operation: string;

  constructor(operation: string, ...acts: Act[]) {
    this.#operation = operation;
    this.#acts = acts;
  }

  async run<T>(call: Call<T>, next: Next): Promise<T> {
    this.calls.push(call.operation);
    const act = call.operation === this.#operation ? (this.#acts.shift() ?? 'pass') : 'pass';
    if (act === 'pass') return next(call);
    if (act === 'hang') return new Promise(() => undefined);
    if (act === 'lose') {
      await next(call);
      throw new FerryError('network', { message: 'the answer was lost' });
    }
    throw typeof act === 'string' ? new FerryError(act) : new FerryError(...act);
  }
}
