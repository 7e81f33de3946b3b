import type { ObjectMeta } from '../../../model/object.ts';
import type { ObjectCall } from '../call.ts';
import { S3Error } from '../error.ts';

/** A part of an object, as `partNumber` asks for it. */
export interface WantedPart {
  readonly from: number;
  readonly through: number;
  /** How many there are; undefined where the object was written whole. */
  readonly count: number | undefined;
}

/**
 * Where the part that is asked for begins and ends; undefined where none is. An object written whole is its own first
 * part. Of one uploaded in parts the store tells how many there are and how long the first is; only where the others
 * can all be of that length (but the last) is more than the first given. Clients that fetch part by part get all of it.
 */
export async function wantedPart(call: ObjectCall, meta: ObjectMeta): Promise<WantedPart | undefined> {
  const { query, http } = call.request;
  const number = query.number('partNumber', 1, 10_000);
  if (number === undefined) return undefined;
  if (http.headers.get('range') !== undefined)
    throw new S3Error('InvalidRequest', { message: 'Range and partNumber cannot both be asked for' });
  const { store } = call.bucket;
  const { size, parts = 1, etag } = meta;
  if (number > parts) throw new S3Error('InvalidPartNumber', { more: [['ActualPartCount', String(parts)]] });
  if (parts === 1) return { from: 0, through: size - 1, count: meta.parts };
  const told = await store.partLayout?.(call.key, etag, http.signal());
  if (told === undefined) throw new S3Error('NotImplemented', { message: 'The store behind tells nothing of parts' });
  const { count, first } = told;
  if (number === 1) return { from: 0, through: first - 1, count };
  if ((count - 1) * first >= size || count * first < size)
    throw new S3Error('NotImplemented', { message: 'The store behind does not tell where this part begins' });
  return { from: (number - 1) * first, through: Math.min(number * first, size) - 1, count };
}
