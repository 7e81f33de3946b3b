/** What goes wrong with a body on its way from the client is the client's affair. */
import { isFerryError } from '../../model/errors.ts';
import { Problem } from './problem.ts';

/** `too-slow` where no more of the body came, or not enough in its time; else what was thrown. */
export function fromClient(thrown: unknown): unknown {
  if (!isFerryError(thrown, 'timeout')) return thrown;
  return new Problem('too-slow', { detail: thrown.message, cause: thrown });
}
