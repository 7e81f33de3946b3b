/** A bucket that is being moved, as one gateway has it: the store clients use, and its part in the move. */
import { FerryError, toFerryError } from '../../model/errors.ts';
import type { EndpointSpec } from '../../model/task.ts';
import type { MigrateSpec } from '../../model/gateway.ts';
import type { RunEvent } from '../../engine/progress.ts';
import type { MovingBook } from '../../state/moving-bucket.ts';
import type { StateStore } from '../../state/state-store.ts';
import { systemClock } from '../../store/clock.ts';
import type { ComposedStore } from '../../store/compose.ts';
import type { ObjectEvent } from '../../wire/s3/notification.ts';
import type { NotificationListener } from '../notifications.ts';
import { taskName } from './bulk-copy.ts';
import { Conductor, type News } from './conductor.ts';
import { copySpec } from './copy-spec.ts';
import { Desk } from './desk.ts';
import { measured } from './measured.ts';
import { MigratingStore } from './migrating-store.ts';
import { MoverCarrier } from './mover-carrier.ts';
import { Route } from './route.ts';
import type { Timing } from './timing.ts';
import { noteEvents } from './watch.ts';

export interface MigrationContext {
  readonly book: MovingBook;
  readonly state: StateStore;
  /** Names this process to others. */
  readonly holder: string;
  readonly now: () => number;
  readonly random: () => number;
  readonly tmpdir: () => string;
  /** Resolves when clients leave room for one object more. */
  readonly calm: () => Promise<void>;
  readonly tell: (bucket: string, news: News) => void;
  readonly timing: Pick<Timing, 'interval' | 'pause'>;
}

/** Opened stores are the caller's to close. */
export interface MovedBucket {
  readonly name: string;
  readonly tenant: string;
  readonly store: EndpointSpec;
  readonly migrate: MigrateSpec;
  readonly old: ComposedStore;
  readonly new: ComposedStore;
}

export class Migration implements AsyncDisposable {
  readonly store: MigratingStore;
  readonly desk: Desk;
  /** Takes what the old side tells of changes; absent where it is not listened to. */
  readonly listener: NotificationListener | undefined;
  readonly #parts: AsyncDisposableStack;

  private constructor(
    store: MigratingStore,
    desk: Desk,
    listener: NotificationListener | undefined,
    parts: AsyncDisposableStack,
  ) {
    this.store = store;
    this.desk = desk;
    this.listener = listener;
    this.#parts = parts;
  }

  /** Joins the move. Rejects where the new side cannot be measured, or the old one cannot be listened to. */
  static async open(moved: MovedBucket, context: MigrationContext): Promise<Migration> {
    const { name, old, migrate } = moved;
    const { now, tmpdir, holder, timing } = context;
    await using parts = new AsyncDisposableStack();
    const token = migrate.notificationToken;
    if (token !== undefined && old.info.told === undefined)
      throw new FerryError('configuration', {
        message: `${old.info.name} tells nobody of changes`,
        remedy: `Take \`notifications\` out of the \`migrate\` of the bucket ${name}; only S3 services send them.`,
      });
    const bucket = await context.book.bucket(name, migrate);
    const next = await measured(moved.new, bucket, AbortSignal.timeout(60_000));
    const closed = new AbortController();
    parts.defer(() => closed.abort());
    const tell = (news: News): void => context.tell(name, news);
    const route = parts.use(
      await Route.open({
        bucket,
        name: holder,
        clock: systemClock,
        now,
        interval: timing.interval,
        hold: migrate.hold,
        drain: migrate.drain,
        linger: migrate.linger,
        onTrouble: (error) => tell(troubleOf(error)),
      }),
    );
    const spec = copySpec(moved.store, migrate.to, migrate);
    const carrier = parts.use(new MoverCarrier({ old, new: next, spec, now, tmpdir }));
    const desk = new Desk({
      name,
      tenant: moved.tenant,
      bucket,
      state: context.state,
      old,
      new: next,
      writeBack: migrate.writeBack,
      listens: token !== undefined,
      signal: closed.signal,
    });
    const conductor = parts.use(
      await Conductor.start({
        task: taskName(name),
        spec,
        bucket,
        carrier,
        old,
        new: next,
        writeBack: migrate.writeBack,
        listens: token !== undefined,
        automatic: migrate.automatic,
        switchBetween: migrate.switchBetween,
        desk,
        clock: systemClock,
        ...timing,
        hold: migrate.hold,
        state: context.state,
        holder,
        calm: context.calm,
        emit: (event) => tellOf(event, tell),
        tell,
        now,
        random: context.random,
        tmpdir,
      }),
    );
    const onOldRead = migrate.promoteOnRead ? (key: string): void => conductor.want(key) : undefined;
    const store = new MigratingStore({ old: old.once(), new: next.once(), route, carrier, onOldRead });
    const tellOfOld = (events: readonly ObjectEvent[]): Promise<void> => noteEvents(bucket, old, events, now());
    return new Migration(store, desk, token && { token, tell: tellOfOld }, parts.move());
  }

  /** Leaves the move: what this process held is given back. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.disposeAsync();
  }
}

/** Until it is over clients of the bucket are told 503. */
function troubleOf(error: unknown): News {
  const { message, remedy } = toFerryError(error);
  return { level: 'warn', message: `the bucket is not served until this is over: ${message} ${remedy}` };
}

/** Progress is in the state, for `status`. */
function tellOf(event: RunEvent, tell: (news: News) => void): void {
  if (event.type === 'notice') tell({ level: 'warn', message: event.message });
  if (event.type === 'failed') tell({ level: 'warn', message: event.error.message, detail: { key: event.key } });
}
