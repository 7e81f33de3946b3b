/** How soon the gateways of a moving bucket notice each other and try again, milliseconds. All of them use the same. */
export interface Timing {
  /** A process that stands still for so long serves moved buckets no more until it has looked again. */
  readonly lease: number;
  /** Between looks at the record: mutations are held about as long at a switch. A small part of the lease. */
  readonly interval: number;
  /** After a copy or a comparison that failed, before the next. */
  readonly pause: number;
}

export const TIMING: Timing = { lease: 5_000, interval: 200, pause: 30_000 };
