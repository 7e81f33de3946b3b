/** What was checked about one object, for the report. */
export interface Evidence {
  readonly key: string;
  readonly size?: number | undefined;
  /** How the two sides were compared. */
  readonly method: 'etag' | 'checksum' | 'md5-read' | 'full-read' | 'size' | 'presence';
  readonly source?: string | undefined;
  readonly destination?: string | undefined;
  readonly result: 'equal' | 'different' | 'missing' | 'extra' | 'unverified' | 'unreadable' | 'repaired';
}

/** Takes evidence in any key order; a promise asks to wait. */
export interface EvidenceSink {
  add(evidence: Evidence): Promise<void> | void;
}
