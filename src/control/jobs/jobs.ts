/** Accepts jobs, has them run as bulk tasks, and keeps what came of them. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '../../host/make-directory.ts';
import { FerryError, toFerryError } from '../../model/errors.ts';
import type { JobsSpec } from '../../model/control.ts';
import type { NewDelivery } from '../../state/control/callback-book.ts';
import type { JobBook, JobRecord } from '../../state/control/job-book.ts';
import { NO_COUNTERS, type StateStore } from '../../state/state-store.ts';
import { fromClient } from '../api/client-body.ts';
import { Problem } from '../api/problem.ts';
import { Turns } from '../api/turns.ts';
import { BadUrl, ListFile, listFile } from './list-file.ts';
import { badUrl, readJob, type JobFields } from './job-reader.ts';
import type { BulkEnd, BulkListener, BulkRunner, BulkTask, Destination, TargetResolver } from './runner.ts';

export interface JobsContext {
  readonly book: JobBook;
  readonly spec: JobsSpec;
  /** A folder for each job is made here. */
  readonly folder: string;
  readonly state: () => Promise<StateStore>;
  readonly runner: BulkRunner;
  readonly targets: TargetResolver;
  /** Adds the URLs of a list given by reference. */
  readonly fetchList: (href: string, list: ListFile) => Promise<void>;
  /** Forgets the task of a job; one that is not there counts as forgotten. */
  readonly forgetTask: (id: string) => Promise<void>;
  /** A job began, went on, or ended; not more often than twice a second for each. */
  readonly tell: (job: JobRecord) => void;
  /** What is to be said of it to its callback URL; undefined for nothing. */
  readonly notice: (job: JobRecord, what: 'started' | 'progress' | 'ended') => Promise<NewDelivery | undefined>;
  /** Writes down one that comes with nothing else. */
  readonly keep: (notice: NewDelivery | undefined) => Promise<void>;
  /** Notices were written down. */
  readonly notified: () => void;
  readonly warn: (message: string, about: Readonly<Record<string, unknown>>) => void;
  readonly now: () => number;
  readonly random: () => number;
  readonly stopping: AbortSignal;
}

/** Lists that are read at once: each takes some MiB. */
const READING = { atOnce: 8, ofOne: 6, waiting: 1000, patience: 30_000 };
/** Jobs given to the runner at once; others wait in the book. */
const GIVEN_AT_ONCE = 200;
/** Live events of a job, at most one in so many milliseconds. */
const TELL_EVERY = 500;
/** The same of callbacks. */
const NOTICE_EVERY = 10_000;
/** Jobs forgotten at once. */
const FORGOTTEN = 1000;

interface HowGiven {
  /** As of a `BulkTask`. */
  readonly once?: boolean;
  /** As of a `BulkListener`. */
  readonly queued?: (() => void) | undefined;
}

export class Jobs {
  readonly #c: JobsContext;
  readonly #reading = new Turns(READING);
  readonly #accepting = new Set<string>();
  readonly #given = new Map<string, Promise<void>>();
  #taking: Promise<void> | undefined;
  #takeMore = false;

  constructor(context: JobsContext) {
    this.#c = context;
  }

  /** Goes on with what an earlier process accepted. */
  start(): void {
    this.#take();
  }

  /** Resolves when every job in hand is saved; after the runner was told to stop. */
  async stopped(): Promise<void> {
    await Promise.allSettled([...this.#given.values(), this.#taking]);
  }

  /** The job is on the disk when this resolves. Throws `Problem`s that name what is wrong. */
  async accept(
    body: AsyncIterable<Uint8Array>,
    about: { who: string; priority: number },
    signal: AbortSignal,
  ): Promise<JobRecord> {
    using _ = await this.#reading.take(about.who, AbortSignal.any([signal, this.#c.stopping]));
    const id = this.#freshId();
    this.#accepting.add(id);
    try {
      return await this.#read(id, body, about);
    } catch (thrown) {
      await rm(this.#folder(id), { recursive: true, force: true });
      throw thrown instanceof BadUrl ? badUrl(thrown) : thrown;
    } finally {
      this.#accepting.delete(id);
    }
  }

  /**
   * Tries what failed once more; or, where it never got to its end, goes on. Written down when this resolves. Throws
   * `conflict` where it is under way.
   */
  async retry(id: string): Promise<JobRecord> {
    const job = await this.#c.book.job(id);
    if (job === undefined) throw new Problem('no-such-resource', { detail: `There is no job ${JSON.stringify(id)}` });
    if (job.endedAt === undefined || this.#given.has(id))
      throw new Problem('conflict', { detail: 'The job is under way; what fails is tried again at its end' });
    await this.#c.book.begin(id, this.#c.now());
    const queued = Promise.withResolvers<void>();
    const ended = this.#give(job, job.state === 'finished' ? 'retry-failures' : 'run', { queued: queued.resolve });
    await Promise.race([queued.promise, ended]);
    return (await this.#c.book.job(id)) ?? job;
  }

  /** Where its list is. */
  listFile(id: string): string {
    return listFile(this.#c.folder, id);
  }

  /** Removes lists that were cut off by the death of a process: nobody was told that they are taken. */
  async removeAbandoned(): Promise<void> {
    const names = await readdir(this.#c.folder).catch(() => []);
    for (const name of names)
      if (!this.#accepting.has(name) && (await this.#c.book.job(name)) === undefined)
        await rm(this.#folder(name), { recursive: true, force: true });
  }

  /** Forgets jobs that ended longer ago than the configuration says, with their tasks and lists. */
  async forgetOld(): Promise<void> {
    const { book, spec, now } = this.#c;
    for (;;) {
      const ids = await book.forgetBefore(now() - spec.keep, FORGOTTEN);
      for (const id of ids) {
        await this.#c.forgetTask(id);
        await rm(this.#folder(id), { recursive: true, force: true });
      }
      if (ids.length < FORGOTTEN) return;
    }
  }

  async #read(
    id: string,
    body: AsyncIterable<Uint8Array>,
    { who, priority }: { readonly who: string; readonly priority: number },
  ): Promise<JobRecord> {
    const { book, spec, now, fetchList } = this.#c;
    makeDirectory(this.#folder(id), 0o700);
    await using list = await ListFile.create(this.listFile(id), { files: spec.maxFiles, url: spec.maxUrl });
    const fields = await readJob(limited(body, spec.maxBody), spec.maxUrl, { list, fetchList });
    if ((await this.#destination(fields['target-type'], fields['target-bucket'])) === undefined)
      throw unknownTarget(fields);
    const counts = await list.finish(fields.keys);
    const job = await book.add({
      id,
      who,
      priority,
      createdAt: now(),
      targetType: fields['target-type'],
      targetBucket: fields['target-bucket'],
      targetAcl: fields['target-acl'],
      callbackUrl: fields['callback-url'],
      keys: fields.keys,
      ...counts,
    });
    this.#take();
    return job;
  }

  #destination(type: string, bucket: string): Promise<Destination | undefined> {
    return this.#c.targets.resolve(type, bucket);
  }

  /** Takes jobs from the book, by priority, while there is room. */
  #take(): void {
    this.#takeMore = true;
    this.#taking ??= this.#takeAll()
      .catch((error: unknown) => this.#c.warn('jobs cannot be read', { error: toFerryError(error) }))
      .finally(() => {
        this.#taking = undefined;
        // Said after the last look, and before this.
        if (this.#takeMore && !this.#c.stopping.aborted) this.#take();
      });
  }

  async #takeAll(): Promise<void> {
    const { book, stopping } = this.#c;
    while (this.#takeMore && !stopping.aborted) {
      this.#takeMore = false;
      const room = GIVEN_AT_ONCE - this.#given.size;
      if (room <= 0) return;
      // Those given are still in the book.
      const next = (await book.unended(GIVEN_AT_ONCE)).filter(({ id }) => !this.#given.has(id));
      for (const job of next.slice(0, room)) void this.#give(job, 'run', { once: true });
    }
  }

  /** Resolves when the job has ended. */
  #give(job: JobRecord, what: BulkTask['what'], how: HowGiven): Promise<void> {
    const done = this.#run(job, what, how)
      .catch((error: unknown) => this.#c.warn('a job cannot be kept', { job: job.id, error: toFerryError(error) }))
      .finally(() => {
        this.#given.delete(job.id);
        if (!this.#c.stopping.aborted) this.#take();
      });
    this.#given.set(job.id, done);
    return done;
  }

  async #run(job: JobRecord, what: BulkTask['what'], { once = false, queued }: HowGiven): Promise<void> {
    const { book, runner, now, tell, notice, notified } = this.#c;
    const { id, priority } = job;
    const listener = { ...this.#listener(job), queued };
    const end = await this.#task(job)
      .then((definition) => runner.run({ name: id, definition, priority, what, once }, listener))
      .catch((thrown: unknown): BulkEnd => failed(toFerryError(thrown)));
    await listener.written();
    // Whoever goes on after a restart begins where this one stopped.
    if (end.outcome === 'interrupted') return;
    const { copied, skipped, failed: failures } = end.counters;
    const done = end.outcome === 'finished' || end.outcome === 'finished-with-failures';
    const complete = done && failures === 0 && (what === 'retry-failures' || copied + skipped >= job.objects);
    const ending = { state: done ? 'finished' : 'failed', endedAt: now(), complete, error: end.error } as const;
    await book.end(id, ending, await notice({ ...((await book.job(id)) ?? job), ...ending }, 'ended'));
    notified();
    const ended = await book.job(id);
    if (ended) tell(ended);
  }

  /** `written`: what it had to write down is written. */
  #listener(job: JobRecord): BulkListener & { written(): Promise<void> } {
    const { book, now, tell, notice, notified, warn } = this.#c;
    const startedAt = now();
    const running: JobRecord = { ...job, state: 'running', startedAt: job.startedAt ?? startedAt, endedAt: undefined };
    let toldAt = startedAt;
    let noticedAt = startedAt;
    let written = Promise.resolve();
    const write = (work: () => Promise<void>): void => {
      written = written.then(work).then(notified, (error: unknown) => {
        warn('a job cannot be kept', { job: job.id, error: toFerryError(error) });
      });
    };
    return {
      written: () => written,
      started: () => {
        tell(running);
        // After a restart it goes on: that is no other start.
        const again = job.state === 'running';
        write(async () => book.begin(job.id, startedAt, again ? undefined : await notice(running, 'started')));
      },
      progress: () => {
        if (now() - toldAt >= TELL_EVERY) {
          toldAt = now();
          tell(running);
        }
        if (job.callbackUrl === undefined || now() - noticedAt < NOTICE_EVERY) return;
        noticedAt = now();
        write(async () => this.#c.keep(await notice(running, 'progress')));
      },
    };
  }

  async #task(job: JobRecord): Promise<Readonly<Record<string, unknown>>> {
    const destination = await this.#destination(job.targetType, job.targetBucket);
    if (destination === undefined)
      throw new FerryError('configuration', {
        message: `${job.targetType} "${job.targetBucket}" is no target of jobs any more`,
        remedy: 'Add it to `control.targets` again, and retry the job.',
      });
    const source = {
      type: 'http',
      options: { list_path: this.listFile(job.id), keys: job.keys, public_only: !this.#c.spec.allowPrivateOrigins },
    };
    const acl = job.targetAcl === undefined ? {} : { acl: job.targetAcl };
    // What is there already is not looked at: the bucket may hold anything besides.
    return { type: 'copy', source, destination, compare: 'always', report: { evidence: 'all' }, ...acl };
  }

  #folder(id: string): string {
    return join(this.#c.folder, id);
  }

  /** In order of time as text. */
  #freshId(): string {
    const random = Math.floor(this.#c.random() * 36 ** 6);
    return `job-${this.#c.now().toString(36).padStart(9, '0')}-${random.toString(36).padStart(6, '0')}`;
  }
}

function failed(error: FerryError): BulkEnd {
  return { outcome: 'failed', counters: NO_COUNTERS, error: { code: error.code, message: error.message } };
}

async function* limited(body: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<Uint8Array> {
  let total = 0;
  try {
    for await (const chunk of body) {
      total += chunk.byteLength;
      if (total > most)
        throw new Problem('body-too-large', { detail: `More than ${most} bytes; give the list by reference` });
      yield chunk;
    }
  } catch (thrown) {
    throw fromClient(thrown);
  }
}

function unknownTarget(fields: JobFields): Problem {
  const [type, bucket] = [fields['target-type'], fields['target-bucket']];
  const detail = `no target of type ${JSON.stringify(type)} and bucket ${JSON.stringify(bucket)} is open to jobs`;
  return new Problem('invalid-request', { faults: [{ pointer: '#/target-bucket', detail }] });
}
