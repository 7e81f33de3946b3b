import type { UserSpec } from '../../model/gateway.ts';
import { SigningKeys } from '../../wire/sigv4/signing-keys.ts';

/** Who may use the gateway, and what. */
export type User = UserSpec;

/** A user and what its signatures are checked with. */
export interface KnownUser {
  readonly user: User;
  readonly keys: SigningKeys;
}

/**
 * The users by access key: those of the configuration, and those that are made while it runs. Looking one up takes as
 * long whether it is there or not.
 */
export class Users {
  /** Of the configuration. */
  readonly configured: readonly User[];
  readonly #region: string;
  readonly #byKey = new Map<string, KnownUser>();
  #made: readonly User[] = [];

  constructor(configured: readonly User[], region: string) {
    this.configured = configured;
    this.#region = region;
    for (const user of configured) this.#add(user);
  }

  find(accessKeyId: string): KnownUser | undefined {
    return this.#byKey.get(accessKeyId);
  }

  /** From now on these, and no others, are those that were made. A key of the configuration stays whose it is. */
  setMade(made: readonly User[]): void {
    const wanted = new Set(made);
    const had = new Set(this.#made);
    for (const user of had) if (!wanted.has(user)) this.#remove(user);
    for (const user of wanted) if (!had.has(user)) this.#add(user);
    this.#made = made;
  }

  #add(user: User): void {
    const { accessKeyId, secretAccessKey } = user;
    if (this.#byKey.has(accessKeyId)) return;
    this.#byKey.set(accessKeyId, { user, keys: new SigningKeys(secretAccessKey.reveal(), this.#region, 's3') });
  }

  #remove(user: User): void {
    if (this.#byKey.get(user.accessKeyId)?.user === user) this.#byKey.delete(user.accessKeyId);
  }
}

/** Whether the bucket is among those the user was given. */
export function mayUse(user: User, bucket: string): boolean {
  if (user.buckets === undefined) return true;
  return user.buckets.some((name) => (name.endsWith('*') ? bucket.startsWith(name.slice(0, -1)) : bucket === name));
}
