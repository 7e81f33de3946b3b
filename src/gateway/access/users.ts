import type { UserSpec } from '../../model/gateway.ts';
import { SigningKeys } from '../../wire/sigv4/signing-keys.ts';

/** Who may use the gateway, and what. */
export type User = UserSpec;

/** A user and what its signatures are checked with. */
export interface KnownUser {
  readonly user: User;
  readonly keys: SigningKeys;
}

/** The users by access key. Looking one up takes as long whether it is there or not. */
export class Users {
  readonly #byKey: ReadonlyMap<string, KnownUser>;

  constructor(users: readonly User[], region: string) {
    this.#byKey = new Map(
      users.map((user) => [
        user.accessKeyId,
        { user, keys: new SigningKeys(user.secretAccessKey.reveal(), region, 's3') },
      ]),
    );
  }

  find(accessKeyId: string): KnownUser | undefined {
    return this.#byKey.get(accessKeyId);
  }
}

/** Whether the bucket is among those the user was given. */
export function mayUse(user: User, bucket: string): boolean {
  if (user.buckets === undefined) return true;
  return user.buckets.some((name) => (name.endsWith('*') ? bucket.startsWith(name.slice(0, -1)) : bucket === name));
}
