/** Tokens and sessions. Neither is kept as it is shown: only its SHA-256, which is as good as the secret is long. */
export interface AccessBook {
  /** Rejects with `already-exists` where the name is taken. */
  addToken(token: NewToken): Promise<TokenRecord>;
  /** In order of name. */
  tokens(): Promise<readonly TokenRecord[]>;
  token(id: string): Promise<TokenRecord | undefined>;
  /** With all its sessions. One that is not there counts as removed. */
  removeToken(id: string): Promise<void>;

  addSession(session: SessionRecord): Promise<void>;
  /** By digest. */
  session(digest: string): Promise<SessionRecord | undefined>;
  removeSession(digest: string): Promise<void>;
  forgetSessionsBefore(expires: number): Promise<void>;
}

export interface NewToken {
  readonly id: string;
  /** For people; unique. */
  readonly name: string;
  readonly role: 'viewer' | 'operator' | 'admin';
  /** SHA-256 of the secret, hexadecimal. */
  readonly digest: string;
  readonly createdAt: number;
  /** Undefined: until it is removed. */
  readonly expiresAt?: number | undefined;
}

export type TokenRecord = NewToken;

export interface SessionRecord {
  readonly digest: string;
  /** The token it was begun with. */
  readonly token: string;
  readonly csrf: string;
  readonly expiresAt: number;
}
