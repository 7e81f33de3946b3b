/** What is told of a task's file when nobody runs it: reading one takes a thousand times as long as looking it up. */
import { hash } from 'node:crypto';
import type { TaskSpec } from '../../model/task.ts';
import type { TaskRecord } from '../../state/state-store.ts';
import type { TaskServices } from '../../tasks/services.ts';

export type FileFacts = Pick<TaskSpec, 'limits' | 'report'>;

/** Files remembered; some 200 bytes each. */
const REMEMBERED = 10_000;

/**
 * Facts by the text they are of, the last `REMEMBERED` asked for. What a text refers to (`${env:…}`, `${file:…}`) is as
 * it was when the text was first read; a run reads it anew.
 */
export class KnownFiles {
  readonly #parse: TaskServices['parseTask'];
  readonly #known = new Map<string, FileFacts>();

  constructor(services: Pick<TaskServices, 'parseTask'>) {
    this.#parse = (text, name) => services.parseTask(text, name);
  }

  /** Undefined where the file cannot be read now: of a store that is gone nothing is known. */
  async of({ name, file }: TaskRecord): Promise<FileFacts | undefined> {
    const id = hash('sha256', file, 'base64');
    const known = this.#known.get(id);
    if (known !== undefined) {
      this.#known.delete(id);
      this.#known.set(id, known);
      return known;
    }
    const read = await this.#parse(file, name).catch(() => undefined);
    if (read === undefined) return undefined;
    const { limits, report } = read.spec;
    const facts = { limits, report };
    this.#known.set(id, facts);
    const [oldest] = this.#known.keys();
    if (this.#known.size > REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
    return facts;
  }
}
