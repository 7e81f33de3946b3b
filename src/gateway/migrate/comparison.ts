/**
 * Whether new holds what old held: every object of both sides is compared, but for those that clients changed. What is
 * missing on new is brought there. Says as well whether somebody wrote to old past the gateways.
 *
 * Memory: pages of both listings, and at most `SHOWN` findings.
 */
import { contentEqual } from '../../engine/content.ts';
import { judgeContent, judgeDirectories } from '../../engine/compare.ts';
import { walkWhole } from '../../engine/list/walk-whole.ts';
import type { Key } from '../../model/key.ts';
import type { ObjectEntry } from '../../model/object.ts';
import type { KeyLedger } from '../../state/key-ledger.ts';
import type { Store } from '../../store/store.ts';
import { accounted } from './certainty.ts';
import type { Carrier } from './carrier.ts';
import type { Finding } from './facts.ts';
import { pastSwitch } from './watch.ts';

/** Findings kept with their keys. */
export const SHOWN = 1000;

export interface ComparedSides {
  readonly old: Store;
  readonly new: Store;
  readonly keys: KeyLedger;
  readonly carrier: Carrier;
  /** Whether the member whose keys these are has its lease, now. */
  readonly sure: () => boolean;
  /** When mutations stopped going to old, milliseconds since the Unix epoch. */
  readonly switched: number;
}

export interface ComparisonResult {
  readonly objects: number;
  readonly bytes: number;
  /** Objects clients changed since the switch: there is nothing to compare them with. */
  readonly aside: number;
  /** All of them; `findings` has the first. */
  readonly found: number;
  /** Not repaired. */
  readonly open: number;
  readonly findings: readonly Finding[];
}

/** Rejects where a side cannot be listed or read. */
export async function compareSides(sides: ComparedSides, signal: AbortSignal): Promise<ComparisonResult> {
  const work = new SidesComparison(sides, signal);
  await walkWhole({
    source: sides.old,
    destination: sides.new,
    destinationOnly: true,
    prefix: undefined,
    signal,
    meet: (_range, here, there) => work.meet(here, there),
  });
  return work.result();
}

class SidesComparison {
  readonly #s: ComparedSides;
  readonly #signal: AbortSignal;
  readonly #findings: Finding[] = [];
  #objects = 0;
  #bytes = 0;
  #aside = 0;
  #found = 0;
  #open = 0;

  constructor(sides: ComparedSides, signal: AbortSignal) {
    this.#s = sides;
    this.#signal = signal;
  }

  result(): ComparisonResult {
    return {
      objects: this.#objects,
      bytes: this.#bytes,
      aside: this.#aside,
      found: this.#found,
      open: this.#open,
      findings: this.#findings,
    };
  }

  meet(here: ObjectEntry | undefined, there: ObjectEntry | undefined): undefined | Promise<undefined> {
    const { old, new: next } = this.#s;
    // A directory of a file tree is there by what is in it.
    if ([here, there].every((entry) => !entry || (entry.directory && !entry.directory.empty))) return undefined;
    this.#objects++;
    this.#bytes += (there ?? here)?.size ?? 0;
    if (here && there) {
      const verdict = judgeDirectories(here, there) ?? judgeContent(old.capabilities, next.capabilities, here, there);
      return verdict === 'equal' ? undefined : this.#look(here.key, () => this.#differs(here));
    }
    if (here) return this.#look(here.key, () => this.#misses(here));
    return this.#look(there!.key, () => this.#onlyNew(there!.key));
  }

  /** What clients changed is left aside, also what they change meanwhile. */
  async #look(key: Key, look: () => Promise<Finding | undefined>): Promise<undefined> {
    const finding = (await this.#isClients(key)) ? undefined : await look();
    if (await this.#isClients(key)) this.#aside++;
    else if (finding !== undefined) this.#note(finding);
  }

  async #isClients(key: Key): Promise<boolean> {
    const { keys } = this.#s;
    return (await keys.isTouched(key)) || (await keys.dirtyAmong([key])).size > 0;
  }

  async #misses(here: ObjectEntry): Promise<Finding | undefined> {
    const { keys, carrier, sure } = this.#s;
    const { key } = here;
    const past = this.#isPast(here.modified);
    await using claim = await keys.claim(key, this.#signal);
    if (claim.touched) return undefined;
    const { outcome } = await accounted(
      carrier.carry(key, 'new', 'create', {
        sure,
        inDoubt: () => claim.inDoubt(),
        uploads: keys,
        signal: this.#signal,
      }),
      claim,
    );
    if (outcome !== 'carried') return undefined;
    return { key, kind: past ? 'past the gateway' : 'missing', repaired: true };
  }

  async #differs({ key, modified }: ObjectEntry): Promise<Finding | undefined> {
    const { old, new: next } = this.#s;
    if (await contentEqual({ source: old, destination: next }, key, this.#signal)) return undefined;
    return { key, kind: this.#isPast(modified) ? 'past the gateway' : 'different', repaired: false };
  }

  /** It may have been deleted on old since its page came. */
  async #onlyNew(key: Key): Promise<Finding | undefined> {
    const { old, new: next } = this.#s;
    if ((await old.stat(key, this.#signal)) !== undefined) return await this.#differs({ key });
    if ((await next.stat(key, this.#signal)) === undefined) return undefined;
    return { key, kind: 'extra', repaired: false };
  }

  #isPast(modified: number | undefined): boolean {
    const { old, switched } = this.#s;
    return modified !== undefined && modified > pastSwitch(switched, old);
  }

  #note(finding: Finding): void {
    this.#found++;
    if (!finding.repaired) this.#open++;
    if (this.#findings.length < SHOWN) this.#findings.push(finding);
  }
}
