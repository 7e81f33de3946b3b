/**
 * Uploads in parts: one file beside the target that the parts are written into where they belong, and a record of which
 * parts are complete. Both survive a killed process, and a power cut unless `fsync` is `never`.
 *
 * Part N goes to offset (N-1) × the largest part seen, which is right at once where all parts but the last are of one
 * size. Any other parts are kept too: what would overlap goes behind everything else, and `complete` then copies them
 * into order once.
 * Parts are recorded after their bytes are on disk (`upload-record.ts`).
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { bodySize, type Body } from '../../model/body.ts';
import { FerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import { throwIfAborted } from '../../store/abort.ts';
import type {
  CompleteOptions,
  ListedUpload,
  Part,
  PartOptions,
  PartResult,
  StoredPart,
  UploadInProgress,
  UploadRef,
  WriteOptions,
  WriteResult,
} from '../../store/store.ts';
import { pageOfUploads } from '../../store/upload-page.ts';
import { Digest, pour } from './digest.ts';
import { errno } from './errors.ts';
import { fsync } from './io.ts';
import type { Place } from './names.ts';
import { isUploadId, uploadTempName } from './temp.ts';
import type { Directory } from './tree.ts';
import { assemble, isInOrder, requireChecksum, reserve, total, wanted } from './upload-parts.ts';
import { gone, parseRecord, readRecord, recordHead, recordName, unlessAbsent, type Upload } from './upload-record.ts';
import { versionOf } from './version.ts';
import { taken, type Writer } from './write.ts';

/** More parts than S3 has; bounds the record and what is kept of it in memory. */
export const MAX_PARTS = 10_000;
const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY, O_APPEND } = fs.constants;

export class Uploads {
  readonly #writer: Writer;
  readonly #placeOf: (key: Key) => Place;
  readonly #now: () => number;
  /** Uploads this process works on; bounded by those begun and not yet completed. */
  readonly #open = new Map<string, Upload>();

  constructor(writer: Writer, placeOf: (key: Key) => Place, now: () => number) {
    this.#writer = writer;
    this.#placeOf = placeOf;
    this.#now = now;
  }

  async begin(key: Key, options: WriteOptions, signal: AbortSignal | undefined): Promise<string> {
    throwIfAborted(signal);
    const { tree, made, durability } = this.#writer.options;
    const place = this.#placeOf(key);
    if (place.directory) throw new FerryError('bad-key', { key, message: 'a directory is not uploaded in parts' });
    const uploadId = randomBytes(16).toString('hex');
    const temp = uploadTempName(uploadId);
    const { meta, tags } = options;
    await tree.within(place.directories, made, async (directory) => {
      // Under a name of this process at first: cut short by a crash it is litter, and else a record is whole.
      const draft = directory.at(this.#writer.tempName());
      const record = fs.openSync(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
      try {
        fs.writeFileSync(record, `${JSON.stringify({ key, begun: this.#now(), meta, tags })}\n`);
        if (durability.policy !== 'never') await fsync(record);
        fs.renameSync(draft, directory.at(recordName(temp)));
        fs.closeSync(
          fs.openSync(directory.at(temp), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, this.#writer.firstMode(options.meta)),
        );
        if (durability.policy !== 'never') await fsync(directory.fd);
      } catch (thrown) {
        for (const file of [draft, directory.at(recordName(temp))]) fs.rmSync(file, { force: true });
        throw thrown;
      } finally {
        fs.closeSync(record);
      }
    });
    this.#open.set(uploadId, { key, place, temp, meta, tags, parts: new Map(), largest: 0 });
    return uploadId;
  }

  async put(
    ref: UploadRef,
    number: number,
    body: Body,
    options: PartOptions,
    signal: AbortSignal | undefined,
  ): Promise<PartResult> {
    throwIfAborted(signal);
    if (!Number.isInteger(number) || number < 1 || number > MAX_PARTS)
      throw new FerryError('too-large', { key: ref.key, message: `part numbers go from 1 to ${MAX_PARTS}` });
    const { tree, pace, durability } = this.#writer.options;
    const upload = await this.#find(ref);
    const size = bodySize(body);
    const digest = new Digest(options, ['crc32']);
    return await tree.within(upload.place.directories, undefined, async (directory) => {
      const fd = await pace.pooled.open(directory.at(upload.temp), O_RDWR | O_NOFOLLOW);
      const record = fs.openSync(directory.at(recordName(upload.temp)), O_WRONLY | O_APPEND | O_NOFOLLOW);
      const before = upload.parts.get(number);
      // From here on the old bytes may be overwritten.
      if (before?.etag !== undefined) fs.writeSync(record, `${number} void\n`);
      const offset = reserve(upload, number, size);
      try {
        await pour(body, fd, offset, pace, digest, signal);
        const checksums = digest.finish();
        const etag = `${checksums.crc32}-${size.toString(16)}`;
        if (durability.policy !== 'never') await fsync(fd);
        fs.writeSync(record, `${number} ${offset} ${size} ${etag}\n`);
        if (durability.policy !== 'never') await fsync(record);
        upload.parts.set(number, { offset, size, etag });
        return { etag, checksums };
      } catch (thrown) {
        upload.parts.delete(number);
        throw thrown;
      } finally {
        fs.closeSync(fd);
        fs.closeSync(record);
      }
    });
  }

  async complete(
    ref: UploadRef,
    parts: readonly Part[],
    options: CompleteOptions,
    signal: AbortSignal | undefined,
  ): Promise<WriteResult> {
    throwIfAborted(signal);
    const { tree, durability } = this.#writer.options;
    const upload = await this.#find(ref);
    const extents = parts.map((part) => wanted(upload, part));
    const { directories, name } = upload.place;
    const etag = await tree.within(directories, undefined, async (directory) => {
      const target = directory.at(name);
      if (options.ifAbsent) {
        const there = fs.lstatSync(target, { throwIfNoEntry: false });
        if (there) throw taken(upload.key, there.isDirectory());
      }
      let temp = upload.temp;
      if (!isInOrder(extents)) {
        temp = this.#writer.tempName();
        const mode = this.#writer.firstMode(upload.meta);
        await assemble(directory.at(upload.temp), directory.at(temp), mode, extents, signal);
      }
      try {
        if (options.checksum !== undefined)
          await requireChecksum(upload.key, directory.at(temp), extents, options.checksum, signal);
      } catch (thrown) {
        if (temp !== upload.temp) fs.rmSync(directory.at(temp), { force: true });
        throw thrown;
      }
      const fd = fs.openSync(directory.at(temp), O_RDWR | O_NOFOLLOW);
      let stats: fs.BigIntStats;
      try {
        fs.ftruncateSync(fd, total(extents));
        this.#writer.setAttributes(fd, upload.meta);
        if (durability.policy !== 'never') await fsync(fd);
        stats = fs.fstatSync(fd, { bigint: true });
      } finally {
        fs.closeSync(fd);
      }
      const { meta, tags } = upload;
      const { ifAbsent, ifMatch } = options;
      try {
        await this.#writer.commit(upload.key, directory, temp, name, stats, { meta, tags, ifAbsent, ifMatch });
      } catch (thrown) {
        // What was put together is put together again; the parts are still there.
        if (temp !== upload.temp) fs.rmSync(directory.at(temp), { force: true });
        throw thrown;
      }
      for (const leftover of [upload.temp, recordName(upload.temp)]) fs.rmSync(directory.at(leftover), { force: true });
      return versionOf(stats);
    });
    this.#open.delete(ref.uploadId);
    await durability.changed(directories, name);
    return { etag };
  }

  async abort(ref: UploadRef, signal: AbortSignal | undefined): Promise<void> {
    throwIfAborted(signal);
    if (!isUploadId(ref.uploadId)) return;
    const temp = uploadTempName(ref.uploadId);
    this.#open.delete(ref.uploadId);
    await this.#beside(ref.key, (directory) => {
      // The record first: without it the upload is gone, whatever happens next.
      for (const file of [recordName(temp), temp]) fs.rmSync(directory.at(file), { force: true });
    });
  }

  /** By the records in the directory the key is in. */
  async inProgress(key: Key, signal: AbortSignal | undefined): Promise<readonly UploadInProgress[]> {
    const found: UploadInProgress[] = [];
    await this.#beside(key, async (directory) => {
      for await (const { name } of await fs.promises.opendir(directory.path)) {
        throwIfAborted(signal);
        const head = recordHead(directory, name);
        if (head?.key === key) found.push({ uploadId: head.uploadId, begun: head.begun, by: undefined });
      }
    });
    return found;
  }

  async isEmpty({ key, uploadId }: UploadRef, signal: AbortSignal | undefined): Promise<boolean> {
    throwIfAborted(signal);
    if (!isUploadId(uploadId)) return false;
    const temp = uploadTempName(uploadId);
    let empty = false;
    await this.#beside(key, (directory) => {
      const bytes = fs.statSync(directory.at(temp), { throwIfNoEntry: false })?.size ?? 0;
      const text = unlessAbsent(() => readRecord(directory.at(recordName(temp))));
      // A record without a part is one line.
      empty = bytes === 0 && text !== undefined && text.indexOf('\n') === text.length - 1;
    });
    return empty;
  }

  async parts(
    ref: UploadRef,
    after: number,
    limit: number,
    signal: AbortSignal | undefined,
  ): Promise<readonly StoredPart[]> {
    throwIfAborted(signal);
    const { parts } = await this.#find(ref);
    const numbers = [...parts.keys()].filter((number) => number > after && parts.get(number)!.etag !== undefined);
    numbers.sort((a, b) => a - b);
    return numbers
      .slice(0, limit)
      .map((number) => ({ number, etag: parts.get(number)!.etag!, size: parts.get(number)!.size }));
  }

  /** By the records in every directory of the tree. Memory grows with the uploads in progress, not with the tree. */
  async list(
    prefix: string,
    after: { readonly key: Key; readonly uploadId?: string | undefined } | undefined,
    limit: number,
    signal: AbortSignal | undefined,
  ): Promise<readonly ListedUpload[]> {
    const found: ListedUpload[] = [];
    const visit = async (names: readonly string[]): Promise<void> => {
      const below: string[] = [];
      await this.#writer.options.tree.within(names, undefined, async (directory) => {
        for await (const entry of await fs.promises.opendir(directory.path)) {
          throwIfAborted(signal);
          if (entry.isDirectory()) below.push(entry.name);
          const head = recordHead(directory, entry.name);
          if (head !== undefined) found.push(head);
        }
      });
      for (const name of below) await visit([...names, name]);
    };
    await visit([]);
    return pageOfUploads(found, prefix, after, limit);
  }

  /** Where the directory of the key is not there, nothing is beside it. */
  async #beside(key: Key, use: (directory: Directory) => Promise<void> | void): Promise<void> {
    const { directories } = this.#placeOf(key);
    try {
      await this.#writer.options.tree.within(directories, undefined, async (directory) => await use(directory));
    } catch (thrown) {
      if (errno(thrown) !== 'ENOENT') throw thrown;
    }
  }

  /** The upload, from its record where another process began it. */
  async #find(ref: UploadRef): Promise<Upload> {
    const known = this.#open.get(ref.uploadId);
    if (known?.key === ref.key) return known;
    if (!isUploadId(ref.uploadId)) throw gone(ref.key);
    const place = this.#placeOf(ref.key);
    const temp = uploadTempName(ref.uploadId);
    let text: string;
    try {
      text = await this.#writer.options.tree.within(place.directories, undefined, (directory) =>
        readRecord(directory.at(recordName(temp))),
      );
    } catch (thrown) {
      if (errno(thrown) === 'ENOENT') throw gone(ref.key);
      throw thrown;
    }
    const upload = parseRecord(text, ref.key, place, temp);
    // Another call may have read it meanwhile; all must share one.
    const now = this.#open.get(ref.uploadId);
    if (now) return now;
    this.#open.set(ref.uploadId, upload);
    return upload;
  }
}
