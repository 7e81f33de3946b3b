import type { Counters } from '../../state/state-store.ts';

/** Counters that add up. */
export class Tally implements Counters {
  listed = 0;
  listedBytes = 0;
  destinationListed = 0;
  compared = 0;
  copied = 0;
  copiedBytes = 0;
  skipped = 0;
  skippedBytes = 0;
  deleted = 0;
  failed = 0;
  filtered = 0;
  irregular = 0;
  retried = 0;

  static from(counters: Counters): Tally {
    return new Tally().add(counters);
  }

  equals(other: Tally): boolean {
    return Object.entries(this).every(([name, value]) => Reflect.get(other, name) === value);
  }

  add(other: Counters): this {
    this.listed += other.listed;
    this.listedBytes += other.listedBytes;
    this.destinationListed += other.destinationListed;
    this.compared += other.compared;
    this.copied += other.copied;
    this.copiedBytes += other.copiedBytes;
    this.skipped += other.skipped;
    this.skippedBytes += other.skippedBytes;
    this.deleted += other.deleted;
    this.failed += other.failed;
    this.filtered += other.filtered;
    this.irregular += other.irregular;
    this.retried += other.retried;
    return this;
  }
}
