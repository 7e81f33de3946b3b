import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openMoving } from '../../src/state/sqlite/moving/open.ts';
import type { MovingBook } from '../../src/state/moving-bucket.ts';
import { FakeClock } from '../unit/store/fake-clock.ts';
import { LEASE, LINGER, movingSuite } from './moving-suite.ts';

/** Longer than who waits for another process waits between looks. */
const LOOKED = 12;

movingSuite('sqlite', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'ferry-moving-'));
  const clock = new FakeClock();
  const books: MovingBook[] = [];
  return {
    open: async () => {
      const options = { clock, now: () => 1e12 + clock.now(), lease: LEASE };
      const book = await openMoving(path.join(dir, 'moving.db'), options);
      books.push(book);
      return await book.bucket('photos', { writeBack: true, linger: LINGER });
    },
    advance: async (ms) => {
      await clock.advance(ms);
      await sleep(LOOKED);
    },
    [Symbol.asyncDispose]: async () => {
      for (const book of books) await book[Symbol.asyncDispose]();
      await rm(dir, { recursive: true });
    },
  };
});
