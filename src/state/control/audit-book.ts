/** Who did what, durably and in order. Kept for as long as the retention says. */
export interface AuditBook {
  /** Durable when resolved. */
  add(entry: NewAuditEntry): Promise<void>;
  /** Newest first, before the entry of id `before`; at most `limit`, 1,000 at most. */
  entries(options: { readonly before?: number | undefined; readonly limit: number }): Promise<readonly AuditEntry[]>;
  /** Forgets the oldest of what is older, `limit` at most; gives how many. */
  forgetBefore(at: number, limit: number): Promise<number>;
}

export interface NewAuditEntry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Name of the token. */
  readonly who: string;
  readonly role: string;
  /** Address. */
  readonly from: string;
  /** Of the API: its operation's id. */
  readonly action: string;
  /** What it was done to; '' where nothing is named. */
  readonly subject: string;
  /** A status or the code of a problem. */
  readonly outcome: string;
}

export interface AuditEntry extends NewAuditEntry {
  readonly id: number;
}
