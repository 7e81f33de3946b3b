/** Users of the gateway that are made by API: sealed in the state, known to the gateway of this process at once. */
import { randomBytes } from 'node:crypto';
import type { User, Users } from '../../gateway/access/users.ts';
import { toFerryError } from '../../model/errors.ts';
import { Secret } from '../../model/secret.ts';
import type { ControlState } from '../../state/control/control-state.ts';
import type { UserRecord } from '../../state/control/user-book.ts';
import type { Clock } from '../../store/clock.ts';
import type { SecretBox } from '../stores/secret-box.ts';

/** Other processes over the same state know of a change after so long, milliseconds. */
const LOOK = 2000;
const KEY_LENGTH = 20;
/** Without those that look like others. */
const LETTERS = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';

export interface MadeUsersOptions {
  readonly state: Pick<ControlState, 'users' | 'stores'>;
  readonly box: SecretBox;
  /** Of the gateway. */
  readonly users: Users;
  readonly clock: Clock;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly conceal: (secrets: readonly Secret[]) => void;
  /** Told of users whose secret cannot be opened: they stay out. */
  readonly onTrouble: (user: string | undefined, error: unknown) => void;
}

export interface NewUser {
  readonly name: string;
  readonly tenant: string;
  readonly buckets?: readonly string[] | undefined;
  readonly readOnly: boolean;
}

export class MadeUsers implements AsyncDisposable {
  readonly #options: MadeUsersOptions;
  /** As the gateway has them, by their sealed secret: opened once. */
  #known = new Map<string, User>();
  readonly #refused = new Set<string>();
  #stop: (() => void) | undefined;
  /** The last look that was begun; one after the other. */
  #looking: Promise<void> = Promise.resolve();

  constructor(options: MadeUsersOptions) {
    this.#options = options;
  }

  /** Has the gateway know them, and looks for changes of others from now on. */
  async open(): Promise<void> {
    const { clock, onTrouble } = this.#options;
    await this.#look();
    this.#stop = clock.every(LOOK, () => {
      this.#look().catch((thrown: unknown) => onTrouble(undefined, thrown));
    });
  }

  records(): Promise<readonly UserRecord[]> {
    return this.#options.state.users.users();
  }

  /** Whether the configuration has a user of this name or access key. */
  isConfigured(nameOrKey: string): boolean {
    return this.#options.users.configured.some(
      ({ name, accessKeyId }) => name === nameOrKey || accessKeyId === nameOrKey,
    );
  }

  get configured(): readonly User[] {
    return this.#options.users.configured;
  }

  /** Durable when it resolves, and the gateway knows. Rejects with `already-exists`, `configuration` (no key to seal with). */
  async add(wanted: NewUser): Promise<{ readonly record: UserRecord; readonly secret: string }> {
    const { state, box, now, conceal } = this.#options;
    const accessKeyId = freshKey();
    const secret = randomBytes(30).toString('base64url');
    conceal([new Secret(secret)]);
    const sealed = box.seal(placeOf(accessKeyId), secret);
    const record = { ...wanted, accessKeyId, secret: sealed, createdAt: now() };
    await state.users.add(record);
    await this.#look();
    return { record, secret };
  }

  /** False where there is none. The gateway knows when it resolves. */
  async remove(name: string): Promise<boolean> {
    const removed = await this.#options.state.users.remove(name);
    await this.#look();
    return removed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop?.();
    await this.#looking.catch(() => undefined);
  }

  #look(): Promise<void> {
    const look = (): Promise<void> => this.#lookOnce();
    return (this.#looking = this.#looking.then(look, look));
  }

  async #lookOnce(): Promise<void> {
    const { state, users } = this.#options;
    const known = new Map<string, User>();
    for (const record of await state.users.users()) {
      const user = this.#known.get(record.secret) ?? this.#opened(record);
      if (user !== undefined) known.set(record.secret, user);
    }
    this.#known = known;
    users.setMade([...known.values()]);
  }

  #opened({ name, tenant, accessKeyId, secret, buckets, readOnly }: UserRecord): User | undefined {
    const { box, conceal, onTrouble } = this.#options;
    if (this.#refused.has(secret)) return undefined;
    try {
      const secretAccessKey = new Secret(box.open(placeOf(accessKeyId), secret));
      conceal([secretAccessKey]);
      return { name, tenant, accessKeyId, secretAccessKey, buckets, readOnly };
    } catch (thrown) {
      this.#refused.add(secret);
      onTrouble(name, toFerryError(thrown));
      return undefined;
    }
  }
}

function placeOf(accessKeyId: string): string {
  return `the secret of the access key ${accessKeyId}`;
}

/** 100 random bits. */
function freshKey(): string {
  return [...randomBytes(KEY_LENGTH)].map((byte) => LETTERS[byte % LETTERS.length]).join('');
}
