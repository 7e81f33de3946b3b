import type { Key } from '../../model/key.ts';
import {
  MOST_PAST,
  MOST_WAITING,
  type Notice,
  type NoticeBook,
  type NoticeCounts,
  type WaitingNotice,
} from '../notice-book.ts';

export class MemoryNoticeBook implements NoticeBook {
  readonly #now: () => number;
  /** In the order they came. */
  readonly #waiting = new Map<Key, WaitingNotice>();
  readonly #past = new Map<Key, Notice>();
  #ids = 0;
  #received = 0;
  #last: number | undefined;
  #dropped = 0;
  #found = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  async add(received: number, notices: readonly Notice[]): Promise<void> {
    this.#received += received;
    this.#last = this.#now();
    for (const { key, event, time } of notices) {
      if (!this.#waiting.delete(key) && this.#waiting.size >= MOST_WAITING) this.#dropped++;
      else this.#waiting.set(key, { key, event, time, id: ++this.#ids });
    }
  }

  async waiting(after: number, limit: number): Promise<readonly WaitingNotice[]> {
    return [...this.#waiting.values()].filter(({ id }) => id > after).slice(0, limit);
  }

  async settle({ id, key, event, time }: WaitingNotice, past: boolean): Promise<boolean> {
    if (this.#waiting.get(key)?.id === id) this.#waiting.delete(key);
    if (!past || this.#past.has(key)) return false;
    this.#found++;
    if (this.#past.size >= MOST_PAST) return false;
    this.#past.set(key, { key, event, time });
    return true;
  }

  async past(limit: number): Promise<readonly Notice[]> {
    return [...this.#past.values()].slice(0, limit);
  }

  async counts(): Promise<NoticeCounts> {
    return {
      received: this.#received,
      last: this.#last,
      waiting: this.#waiting.size,
      dropped: this.#dropped,
      past: this.#found,
    };
  }

  async clear(): Promise<void> {
    this.#waiting.clear();
    this.#past.clear();
    this.#received = this.#dropped = this.#found = 0;
    this.#last = undefined;
  }
}
