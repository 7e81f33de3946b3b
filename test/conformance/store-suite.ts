/**
 * What every Store must do, whatever is behind it: drivers, layers and stacks of them pass the same behaviours, chosen
 * by what they declare. A behaviour that cannot hold somewhere is left out by name with a reason, which is printed.
 */
import { test } from 'node:test';
import type { Capabilities } from '../../src/model/capabilities.ts';
import type { Store } from '../../src/store/store.ts';
import { Bench } from './suite/bench.ts';
import { copying } from './suite/copying.ts';
import { keys } from './suite/keys.ts';
import { listing } from './suite/listing.ts';
import { metadata } from './suite/metadata.ts';
import { multipart } from './suite/multipart.ts';
import { reading } from './suite/reading.ts';
import { seeded } from './suite/seeded.ts';
import { writing } from './suite/writing.ts';

export interface StoreFixture extends Partial<AsyncDisposable> {
  /** Empty, or where it cannot be written to holding exactly `holds`. */
  readonly store: Store;
  /** The same kind of store at a bucket or root that does not exist. */
  readonly missing?: Store | undefined;
  /** What a read-only store holds. */
  readonly holds?: ReadonlyMap<string, Uint8Array> | undefined;
}

export interface StoreExpectations {
  /** Behaviours, by name, that do not hold here, and why. */
  readonly skip?: readonly { readonly test: string; readonly reason: string }[] | undefined;
}

export interface Behaviour {
  readonly name: string;
  /** Whether the store claims to do what the behaviour is about. */
  readonly needs?: ((capabilities: Capabilities, fixture: StoreFixture) => boolean) | undefined;
  run(bench: Bench): Promise<void>;
}

/** Of stores that can be written to; `seeded` has those of the others. */
export const BEHAVIOURS: readonly Behaviour[] = [
  ...listing,
  ...reading,
  ...writing,
  ...metadata,
  ...multipart,
  ...copying,
  ...keys,
];

/** Runs the suite against the store `open` gives; it is opened once and disposed of at the end. */
export function storeSuite(name: string, open: () => Promise<StoreFixture>, expect: StoreExpectations = {}): void {
  test(name, async (t) => {
    const fixture = await open();
    try {
      const { capabilities } = fixture.store;
      const behaviours = capabilities.write ? BEHAVIOURS : seeded;
      const reasons = new Map(expect.skip?.map((skip) => [skip.test, skip.reason]));
      const unknown = [...reasons.keys()].filter((skipped) => !behaviours.some((each) => each.name === skipped));
      if (unknown.length > 0) throw new Error(`there is no behaviour "${unknown.join('", "')}" to skip`);
      for (const [index, behaviour] of behaviours.entries()) {
        if (behaviour.needs && !behaviour.needs(capabilities, fixture)) continue;
        const reason = reasons.get(behaviour.name);
        await t.test(behaviour.name, reason === undefined ? {} : { skip: reason }, async () => {
          const bench = new Bench(fixture, `t${index}/`);
          await behaviour.run(bench);
          await bench.clear();
        });
      }
    } finally {
      await fixture[Symbol.asyncDispose]?.();
    }
  });
}
