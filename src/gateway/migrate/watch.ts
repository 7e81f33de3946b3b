/**
 * What the old side tells of changes to its objects while a bucket is moved: most are the gateways' own (write-back,
 * uploads completed late), others were made past them. Each is judged by what both sides hold when nobody is at the key
 * any more.
 *
 * Before the copy begins nothing is judged: what is written to old until then is copied as everything else.
 */
import { judgeContent } from '../../engine/compare.ts';
import { contentEqual } from '../../engine/content.ts';
import type { MigrationPhase } from '../../model/migration-phase.ts';
import { MiB } from '../../model/units.ts';
import type { KeyLedger } from '../../state/key-ledger.ts';
import type { MovingBucket } from '../../state/moving-bucket.ts';
import type { Notice, NoticeBook, WaitingNotice } from '../../state/notice-book.ts';
import type { Store } from '../../store/store.ts';
import type { ObjectEvent } from '../../wire/s3/notification.ts';
import { isRefusal } from './certainty.ts';
import { readFact } from './facts.ts';

/** Only the gateways write to old in these. */
const WATCHED: ReadonlySet<MigrationPhase> = new Set(['migrating', 'verifying', 'migrated']);
/** Clocks of stores differ by a little even where they are set, milliseconds. */
const CLOCKS_APART = 2_000;
const PAGE = 100;
/** Larger objects of equal size whose ETags tell nothing are left to the comparison, bytes: most are the gateways' own. */
const MOST_READ = 8 * MiB;

/** Notes what was told of the bucket's own objects: to be judged where it came after the switch. */
export async function noteEvents(
  bucket: MovingBucket,
  old: Store,
  events: readonly ObjectEvent[],
  now: number,
): Promise<void> {
  const place = old.info.told;
  const own = events.filter(({ bucket: name, key }) => name === place?.bucket && isBelow(key, place.prefix));
  if (own.length === 0) return;
  const { phase } = await bucket.record();
  const limit = WATCHED.has(phase) ? pastSwitch((await readFact(bucket, 'switched')) ?? 0, old) : Infinity;
  const notices = own
    .filter(({ change, time }) => change !== 'other' && (time ?? now) > limit)
    .map(({ key, name, time }) => ({ key: key.slice(place!.prefix.length), event: name, time: time ?? now }));
  await bucket.notices.add(own.length, notices);
}

function isBelow(key: string, prefix: string): boolean {
  return key.startsWith(prefix) && key.length > prefix.length;
}

/** By the old side's clock, milliseconds: what it did until then may have been asked for before the switch. */
export function pastSwitch(switched: number, { clockSkew = 0 }: Pick<Store, 'clockSkew'>): number {
  return switched + clockSkew + CLOCKS_APART;
}

export interface Watch {
  readonly notices: NoticeBook;
  readonly old: Store;
  readonly new: Store;
  readonly keys: KeyLedger;
  readonly writeBack: boolean;
  /** When mutations stopped going to old, milliseconds since the Unix epoch. */
  readonly switched: number;
}

/**
 * Judges everything that waits and can be judged now. `found` is told of each key written past the gateways, once.
 * Rejects where a side cannot be asked: what waits goes on waiting. Keys that a side refuses to be asked for wait too, and
 * keep no others from being judged; then it rejects with the first refusal.
 */
export async function judgeNotices(watch: Watch, found: (notice: Notice) => void, signal: AbortSignal): Promise<void> {
  let refusal: unknown;
  for (let after = 0; !signal.aborted;) {
    const page = await watch.notices.waiting(after, PAGE);
    if (page.length === 0) break;
    after = page.at(-1)!.id;
    const unsettled = watch.writeBack ? await watch.keys.dirtyAmong(page.map(({ key }) => key)) : undefined;
    for (const notice of page) {
      if (signal.aborted) return;
      if (unsettled?.has(notice.key)) continue;
      const verdict = await judge(watch, notice, signal).catch((thrown: unknown): Verdict => {
        if (!isRefusal(thrown)) throw thrown;
        refusal ??= thrown;
        return 'later';
      });
      if (verdict === 'later') continue;
      if (await watch.notices.settle(notice, verdict === 'past')) found(notice);
    }
  }
  if (refusal !== undefined) throw refusal;
}

type Verdict = 'past' | 'own' | 'later';

/** Under the claim of the key: nobody copies it, writes it back or completes an upload of it meanwhile. */
async function judge(watch: Watch, notice: WaitingNotice, signal: AbortSignal): Promise<Verdict> {
  const { keys, writeBack } = watch;
  const { key } = notice;
  await using claim = await keys.tryClaim(key);
  if (claim === undefined || claim.completing !== undefined) return 'later';
  const own = await isOwn(watch, notice, claim.touched, signal);
  if (own) return 'own';
  // A write that began meanwhile is on new already, and not yet on old.
  return writeBack && (await keys.dirtyAmong([key])).has(key) ? 'later' : 'past';
}

async function isOwn(
  { old, new: next, writeBack, switched }: Watch,
  { key }: Notice,
  touched: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const [here, there] = await Promise.all([old.stat(key, signal), next.stat(key, signal)]);
  if (here?.modified !== undefined && here.modified <= pastSwitch(switched, old)) return true;
  // Without write-back the gateways bring nothing to old but uploads that clients complete late; the key is touched then.
  if (!writeBack) return touched;
  if (here === undefined) return touched && there === undefined;
  if (there === undefined) return false;
  const verdict = judgeContent(old.capabilities, next.capabilities, here, there);
  if (verdict !== 'unknown') return verdict === 'equal';
  return here.size > MOST_READ || (await contentEqual({ source: old, destination: next }, key, signal));
}
