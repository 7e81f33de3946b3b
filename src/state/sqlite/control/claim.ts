import { FerryError } from '../../../model/errors.ts';
import { FileLock } from '../file-lock.ts';

/**
 * The right to do the work of the control state in `file`: its tasks, jobs, events and schedules. The kernel takes it
 * back from a process that dies. Throws `configuration` where another process has it.
 */
export function claimControl(file: string): Disposable {
  const lock = FileLock.tryAcquire(`${file}.lock`);
  if (lock) return { [Symbol.dispose]: () => lock.release() };
  throw new FerryError('configuration', {
    message: `another process serves the API of ${file}`,
    remedy: 'One does for all; say `control: { listen: off }` in the others.',
  });
}
