/** The body of an object as the Store contract has it. */
import type { ReadBody } from '../../store/store.ts';
import type { HttpBody } from '../../wire/http/client.ts';

/** The client below already fails what ends early, and never gives more than `Content-Length`. */
export class S3ReadBody implements ReadBody {
  readonly size: number;
  readonly #body: HttpBody;

  constructor(body: HttpBody, size: number) {
    this.#body = body;
    this.size = size;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this.#body[Symbol.asyncIterator]();
  }

  bytes(limit: number): Promise<Uint8Array> {
    return this.#body.bytes(limit);
  }

  cancel(): void {
    this.#body.cancel();
  }
}
