import type { Capabilities } from '../../model/capabilities.ts';
import { FerryError, isFerryError } from '../../model/errors.ts';
import { compareKeys, keyBytes } from '../../model/key.ts';
import { firstLoss, userMetadataRefusal } from '../first-loss.ts';
import type { ListPage, ListRequest, WriteOptions } from '../store.ts';
import type { Call } from './call.ts';
import {
  BeginCall,
  CompleteCall,
  CopyCall,
  CopyPartCall,
  FetchCall,
  ListCall,
  PutCall,
  ReadCall,
  RemoveManyCall,
  WriteCall,
} from './call.ts';
import type { Layer, Next } from './layer.ts';

/**
 * Refuses, before a byte moves, what the store would silently ignore, cut or mistake, going by its capabilities; and
 * checks that a listing is what it claims to be: a page that is not is asked for once more before it ends the listing.
 */
export class Correctness implements Layer {
  readonly #can: Capabilities;

  constructor(capabilities: Capabilities) {
    this.#can = capabilities;
  }

  run<T>(call: Call<T>, next: Next): Promise<T> {
    try {
      this.#check(call);
    } catch (error) {
      return Promise.reject(error);
    }
    return call.operation === 'list' ? this.#page(call, next) : next(call);
  }

  /** A page that makes no sense is asked for once more: a store may stumble. The second time it stands. */
  async #page<T>(call: Call<T>, next: Next): Promise<T> {
    const { signal } = call;
    try {
      return await this.#ask(call, next);
    } catch (error) {
      if (!isFerryError(error, 'bad-listing') || signal?.aborted) throw error;
      // Layers further in have put their own here.
      call.signal = signal;
      return await this.#ask(call, next);
    }
  }

  async #ask<T>(call: Call<T>, next: Next): Promise<T> {
    const outcome = await next(call);
    call.inspectPage(outcome, this.#inspect);
    return outcome;
  }

  #check(call: Call<unknown>): void {
    if (call.key !== undefined) this.#checkKey(call.key);
    if (call instanceof ReadCall) this.#checkRead(call);
    else if (call instanceof WriteCall) this.#checkWrite(call);
    else if (call instanceof PutCall) this.#checkPart(call);
    else if (call instanceof ListCall) this.#need(this.#can.list !== undefined, 'cannot list');
    else this.#checkRare(call);
  }

  #checkKey(key: string): void {
    // A UTF-16 unit is at most three bytes: short keys need no counting.
    if (key === '') throw new FerryError('bad-key', { key, message: 'a key cannot be empty' });
    if (!key.isWellFormed()) throw new FerryError('bad-key', { key, message: 'the key is not well-formed Unicode' });
    const { maxBytes } = this.#can.keys;
    if (key.length * 3 > maxBytes && keyBytes(key) > maxBytes) {
      throw new FerryError('bad-key', {
        key,
        message: `the key has ${keyBytes(key)} bytes; the store takes ${maxBytes}`,
      });
    }
  }

  #checkRead({ options }: ReadCall): void {
    const can = this.#can;
    this.#need(can.read, 'cannot be read');
    if (options === undefined) return;
    this.#need(options.ifMatch === undefined || can.readIfMatch, 'cannot read one version only');
    const { offset = 0, length } = options;
    this.#need((offset === 0 && length === undefined) || can.readRange, 'cannot read a range');
    if (!(offset >= 0) || (length !== undefined && !(length > 0))) {
      throw new FerryError('internal', { message: `a read of ${length} bytes from ${offset} makes no sense` });
    }
  }

  #checkWrite(call: WriteCall): void {
    this.#need(this.#can.write, 'cannot be written to');
    this.#checkSize(call.bytes, this.#can.maxWrite, 'one write');
    this.#checkNewKey(call.key!);
    if (call.options) this.#checkOptions(call.options);
  }

  #checkPart({ bytes, part, options }: PutCall): void {
    const { multipart } = this.#can;
    this.#need(multipart !== undefined, 'takes no uploads in parts');
    this.#checkSize(bytes, multipart!.maxPart, 'a part');
    this.#checkPartNumber(part);
    if (options?.checksum) this.#checkChecksum(options.checksum.algorithm);
  }

  #checkRare(call: Call<unknown>): void {
    const can = this.#can;
    if (call.operation === 'remove' || call.operation === 'removeIf') this.#need(can.remove, 'cannot remove');
    else if (call instanceof BeginCall) {
      this.#need(can.multipart !== undefined, 'takes no uploads in parts');
      this.#checkNewKey(call.key!);
      if (call.options) this.#checkOptions(call.options);
    } else if (call instanceof CompleteCall) {
      this.#need(!call.options?.ifAbsent || can.multipart?.completeIfAbsent === true, 'cannot complete only if absent');
      const { ifMatch, checksum } = call.options ?? {};
      this.#need(ifMatch === undefined || can.multipart?.completeIfMatch === true, 'cannot complete one version only');
      const checks = checksum === undefined || can.multipart?.completeChecksums?.includes(checksum.algorithm) === true;
      this.#need(checks, `does not check a whole object by its ${checksum?.algorithm}`);
      if (call.parts.some(({ number }, i) => number <= (call.parts[i - 1]?.number ?? 0))) {
        throw new FerryError('internal', { message: 'parts must be completed in ascending order' });
      }
    } else if (call instanceof CopyPartCall) {
      this.#checkSize(call.length, can.multipart?.maxPart ?? 0, 'a part');
      this.#checkPartNumber(call.part);
    } else if (call instanceof CopyCall || call instanceof FetchCall) {
      const offered = call instanceof CopyCall ? can.copy !== undefined : can.fetch;
      this.#need(offered, call instanceof CopyCall ? 'cannot copy' : 'cannot fetch URLs');
      this.#checkNewKey(call.key!);
      if (call.options) this.#checkOptions(call.options);
    } else if (call instanceof RemoveManyCall) {
      this.#need(can.remove, 'cannot remove');
      for (const key of call.keys) this.#checkKey(key);
      if (call.keys.length > 1000) {
        throw new FerryError('internal', {
          message: `${call.keys.length} keys were to be removed at once; 1,000 can be`,
        });
      }
    } else if (call.operation === 'presign') this.#need(can.presign, 'cannot sign URLs');
    else if (call.operation === 'tags' || call.operation === 'setTags') this.#need(can.metadata.tags, 'has no tags');
  }

  #checkNewKey(key: string): void {
    const reason = this.#can.keys.refuse?.(key);
    if (reason !== undefined) throw new FerryError('bad-key', { key, message: reason });
  }

  #checkOptions(options: WriteOptions): void {
    const can = this.#can;
    this.#need(!options.ifAbsent || can.writeIfAbsent, 'cannot write only if absent');
    this.#need(options.ifMatch === undefined || can.writeIfMatch, 'cannot replace one version only');
    if (options.checksum) this.#checkChecksum(options.checksum.algorithm);
    const loss = firstLoss(options, can);
    if (loss === undefined) return;
    if (loss === 'user metadata' && can.metadata.userBytes > 0) {
      throw new FerryError('metadata-too-large', { message: userMetadataRefusal(options.meta!.user!, can.metadata) });
    }
    const what = loss === 'storage class' ? `${loss} ${options.meta?.storageClass}` : loss;
    throw new FerryError('unsupported', { message: `the store cannot keep ${what}` });
  }

  #checkChecksum(algorithm: Capabilities['verifiesChecksums'][number]): void {
    this.#need(this.#can.verifiesChecksums.includes(algorithm), 'does not check this kind of checksum');
  }

  #checkSize(bytes: number, most: number, what: string): void {
    if (bytes > most) throw new FerryError('too-large', { message: `${bytes} bytes; ${what} takes ${most}` });
  }

  #checkPartNumber(part: number): void {
    const most = this.#can.multipart?.maxParts ?? 0;
    if (part >= 1 && part <= most) return;
    throw new FerryError('too-large', { message: `parts are numbered from 1 to ${most}, not ${part}` });
  }

  #need(can: boolean, otherwise: string): void {
    if (!can) throw new FerryError('unsupported', { message: `the store ${otherwise}` });
  }

  readonly #inspect = (request: ListRequest, page: ListPage): void => {
    if (this.#can.list?.order === 'utf8') checkOrdered(request, page);
    else if (page.cursor !== undefined && page.cursor === request.cursor) {
      throw badListing('the same position came again');
    }
  };
}

function checkOrdered({ prefix = '', after }: ListRequest, { entries, next }: ListPage): void {
  let last = after;
  for (const { key } of entries) {
    if (last !== undefined && compareKeys(key, last) <= 0) {
      throw badListing(`"${key}" came after "${last}"`);
    }
    if (prefix !== '' && !key.startsWith(prefix)) throw badListing(`"${key}" does not begin with "${prefix}"`);
    last = key;
  }
  if (next === undefined) return;
  const stands = last !== undefined && compareKeys(next, last) < 0;
  if (stands || next === after) throw badListing(`after "${next}" it would go on where it was`);
}

function badListing(message: string): FerryError {
  return new FerryError('bad-listing', { message });
}
