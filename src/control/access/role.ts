/** What somebody may do: each role may do what the one before it may. */
export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export function mayAct(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** Who asks. */
export interface Identity {
  /** Of the token that was shown, or that the session was begun with. */
  readonly token: string;
  /** Name of the token, for people. */
  readonly name: string;
  readonly role: Role;
  /** Of a session: what its page has to send with whatever changes something. */
  readonly csrf?: string | undefined;
}
