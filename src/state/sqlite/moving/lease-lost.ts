import { FerryError } from '../../../model/errors.ts';

export function leaseLost(): FerryError {
  return new FerryError('unavailable', { message: 'this process could not renew its lease on the bucket in time' });
}
