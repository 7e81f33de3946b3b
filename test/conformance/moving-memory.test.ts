import { MemoryMovingBucket } from '../../src/state/memory/moving-bucket.ts';
import { FakeClock } from '../unit/store/fake-clock.ts';
import { LEASE, LINGER, movingSuite } from './moving-suite.ts';

movingSuite('memory', async () => {
  const clock = new FakeClock();
  const bucket = new MemoryMovingBucket({ clock, now: () => 1e12 + clock.now(), lease: LEASE, linger: LINGER });
  return {
    open: async () => bucket,
    advance: (ms) => clock.advance(ms),
    [Symbol.asyncDispose]: async () => undefined,
  };
});
