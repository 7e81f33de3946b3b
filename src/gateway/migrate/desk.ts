/**
 * What an operator sees of a bucket's move and decides about it. Every step is checked before it is taken; one that makes
 * no sense now is refused with the reason. What takes time is done by the gateways (`conductor.ts`).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isScratch, removeScratch } from '../../engine/probe.ts';
import { FerryError, isFerryError } from '../../model/errors.ts';
import type { MigrationPhase } from '../../model/migration-phase.ts';
import { mayFollow } from '../../model/migration-phase.ts';
import type { LedgerCounts } from '../../state/key-ledger.ts';
import { MOST_PAST, type Notice, type NoticeCounts } from '../../state/notice-book.ts';
import type { InFlightOnOld, MemberRecord, MovingBucket, SwitchRecord } from '../../state/moving-bucket.ts';
import type { OpenRanges, StateStore, TaskRecord } from '../../state/state-store.ts';
import type { Store } from '../../store/store.ts';
import { taskName } from './bulk-copy.ts';
import { readFact, writeFact, type Copied, type Problem, type Verified } from './facts.ts';

export const STEPS = ['start', 'switch', 'verify', 'rollback', 'finalise'] as const;
export type Step = (typeof STEPS)[number];

/** Where each leads. */
const LEADS_TO: Readonly<Record<Step, MigrationPhase>> = {
  start: 'tracking',
  switch: 'switching',
  verify: 'verifying',
  rollback: 'rolling-back',
  finalise: 'finalised',
};

export interface DeskOptions {
  /** Of the bucket. */
  readonly name: string;
  readonly tenant: string;
  readonly bucket: MovingBucket;
  readonly state: StateStore;
  readonly old: Store;
  readonly new: Store;
  readonly writeBack: boolean;
  /** Whether it is listened to what old tells of changes. */
  readonly listens: boolean;
  readonly signal: AbortSignal;
}

/** One line of a checklist. */
export interface Check {
  readonly what: string;
  readonly ok: boolean;
  /** What was found, and what to do about it. */
  readonly detail: string;
}

export interface MigrationStatus extends SwitchRecord {
  readonly name: string;
  readonly tenant: string;
  readonly paused: boolean;
  readonly members: readonly MemberRecord[];
  readonly inFlightOnOld: InFlightOnOld;
  readonly keys: LedgerCounts;
  readonly writeBack: boolean;
  /** Of the copy: objects, bytes, whether it runs; absent before it began. */
  readonly copy: TaskRecord | undefined;
  /** Where the copy is, at most a second old where it runs; where it goes on where it does not. */
  readonly position: OpenRanges | undefined;
  readonly copied: Copied | undefined;
  readonly verified: Verified | undefined;
  readonly problem: Problem | undefined;
  /** What old told of changes to its objects, where it is listened to. */
  readonly notices: MigrationNotices | undefined;
}

export interface MigrationNotices extends NoticeCounts {
  /** Keys written past the gateways; at most `MOST_PAST`. */
  readonly keys: readonly Notice[];
}

/** The copy comes to rest within so long, milliseconds, or is broken off. */
const REST = 90_000;
const LOOK = 100;
/** Of the copy, that `status` has. */
const MOST_RANGES = 100;
/** With more keys to write back mutations would be held for too long. */
const MOST_DIRTY = 1000;

export class Desk {
  readonly #o: DeskOptions;

  constructor(options: DeskOptions) {
    this.#o = options;
  }

  async status(): Promise<MigrationStatus> {
    const { name, tenant, bucket, state, writeBack } = this.#o;
    const [record, members, inFlightOnOld, keys, copy] = await Promise.all([
      bucket.record(),
      bucket.members(),
      bucket.inFlightOnOld(),
      bucket.counts(),
      state.getTask(taskName(name)),
    ]);
    return {
      ...record,
      name,
      tenant,
      paused: (await readFact(this.#o.bucket, 'paused')) === true,
      members,
      inFlightOnOld,
      keys,
      writeBack,
      copy,
      position: copy && (await state.openRanges(copy.name, MOST_RANGES)),
      copied: await readFact(this.#o.bucket, 'copied'),
      verified: await readFact(this.#o.bucket, 'verified'),
      problem: await readFact(this.#o.bucket, 'problem'),
      notices: this.#o.listens ? await this.#notices() : undefined,
    };
  }

  async #notices(): Promise<MigrationNotices> {
    const { notices } = this.#o.bucket;
    return { ...(await notices.counts()), keys: await notices.past(MOST_PAST) };
  }

  /** Steps that follow from a phase, whether what they ask for holds or not. */
  following(phase: MigrationPhase): Step[] {
    return STEPS.filter((step) => mayFollow(phase, LEADS_TO[step]));
  }

  /** Whether all gateways have come to where the bucket is, and nothing of an earlier round is left. Asks no store. */
  async isSettled(): Promise<boolean> {
    const { epoch, phase } = await this.#o.bucket.record();
    return (await this.#acknowledged(epoch, phase)).ok && (await this.#forgotten()).ok;
  }

  /** What has to hold before a step, and whether it does. Writes nothing. */
  async readiness(step: Step): Promise<readonly Check[]> {
    const { phase, epoch } = await this.#o.bucket.record();
    const follows = mayFollow(phase, LEADS_TO[step]);
    const checks: Check[] = [
      {
        what: 'the step follows',
        ok: follows,
        detail: follows ? `the bucket is ${phase}` : `the bucket is ${phase}; ${WHEN[step]}`,
      },
    ];
    if (!follows) return checks;
    checks.push(await this.#acknowledged(epoch, phase));
    switch (step) {
      case 'start':
        return [...checks, ...this.#capable(), await this.#listable(), await this.#empty(), await this.#oneVersion()];
      case 'switch':
        return [
          ...checks,
          await this.#gateways(),
          await this.#listable(),
          await this.#empty(),
          await this.#forgotten(),
        ];
      case 'verify':
        return [...checks, await this.#complete(), await this.#notPaused()];
      case 'rollback':
        return [...checks, this.#writesBack(), await this.#gateways(), await this.#lag()];
      case 'finalise':
        return [...checks, await this.#equal()];
    }
  }

  /** Takes the step, or rejects with `configuration` and says which check failed. */
  async take(step: Step): Promise<SwitchRecord> {
    const { bucket } = this.#o;
    const { epoch } = await bucket.record();
    const failed = (await this.readiness(step)).filter(({ ok }) => !ok);
    if (failed.length > 0)
      throw new FerryError('configuration', {
        message: `${step} makes no sense now: ${failed.map(({ what, detail }) => `not ${what} (${detail})`).join('; ')}`,
        remedy: 'Nothing was changed.',
      });
    // Of gateways that were killed while they measured the new side: clients would see it.
    if (step === 'start' || step === 'switch') await removeScratch(this.#o.new, this.#o.signal);
    // What was found in an earlier round.
    if (step === 'start') await bucket.notices.clear();
    if (step !== 'rollback' && step !== 'finalise') return await bucket.change(epoch, LEADS_TO[step]);
    // Before, the copy and write-back come to rest: what they are at would have to be waited for.
    await this.pause();
    try {
      await this.#atRest();
      return await bucket.change(epoch, LEADS_TO[step]);
    } finally {
      await this.resume();
    }
  }

  /** Resolves when no claim is held, or after a while; rejects with `interrupted`. */
  async #atRest(): Promise<void> {
    const { bucket, signal } = this.#o;
    for (const end = performance.now() + REST; performance.now() < end;) {
      if (signal.aborted) throw new FerryError('interrupted');
      if ((await bucket.counts()).claims === 0) return;
      await sleep(LOOK, undefined, { signal }).catch(() => undefined);
    }
  }

  /** The copy, the comparison and write-back rest; requests go where they went. */
  async pause(): Promise<void> {
    await writeFact(this.#o.bucket, 'paused', true);
  }

  async resume(): Promise<void> {
    await writeFact(this.#o.bucket, 'paused', undefined);
  }

  async #acknowledged(epoch: number, phase: MigrationPhase): Promise<Check> {
    const behind = (await this.#o.bucket.members()).filter(({ live, acknowledged }) => live && acknowledged !== epoch);
    const names = behind.map(({ name }) => name).join(', ');
    const ok = behind.length === 0;
    return { what: 'every gateway knows', ok, detail: ok ? `all have acknowledged ${phase}` : `waiting for ${names}` };
  }

  async #gateways(): Promise<Check> {
    const live = (await this.#o.bucket.members()).filter((member) => member.live).length;
    const detail = live > 0 ? `${live} live` : 'none is running: `ferry serve -c ferry.yaml` has to serve the bucket';
    return { what: 'a gateway runs', ok: live > 0, detail };
  }

  #capable(): readonly Check[] {
    const { capabilities } = this.#o.new;
    const { list } = capabilities;
    const verifies = capabilities.verifiesMd5 || capabilities.verifiesChecksums.length > 0;
    return [
      {
        what: 'both sides list in order of key',
        ok: list?.order === 'utf8' && this.#o.old.capabilities.list?.order === 'utf8',
        detail: 'listings of both are merged',
      },
      {
        what: 'new checks what it is sent',
        ok: verifies,
        detail: verifies ? 'it does' : 'it checks neither MD5 nor checksums: a wrong object could be seen for a moment',
      },
    ];
  }

  async #listable(): Promise<Check> {
    const { old, new: next, signal } = this.#o;
    try {
      await Promise.all([old.list({ limit: 1 }, signal), next.list({ limit: 1 }, signal)]);
      return { what: 'both sides answer', ok: true, detail: 'both can be listed' };
    } catch (thrown) {
      return {
        what: 'both sides answer',
        ok: false,
        detail: thrown instanceof Error ? thrown.message : String(thrown),
      };
    }
  }

  /** New is read first: what it holds before the switch would hide what old has. */
  async #empty(): Promise<Check> {
    const { new: next, signal } = this.#o;
    try {
      const { entries } = await next.list({ limit: 100 }, signal);
      const first = entries.find((entry) => !isScratch(entry));
      if (first === undefined) return { what: 'new is empty', ok: true, detail: 'it is' };
      const detail = `it holds ${JSON.stringify(first.key)}; remove what it holds with a task of type delete`;
      return { what: 'new is empty', ok: false, detail };
    } catch {
      return { what: 'new is empty', ok: false, detail: 'it cannot be listed' };
    }
  }

  /** Of several versions only the present one would move. */
  async #oneVersion(): Promise<Check> {
    const what = 'old keeps one version of each object';
    try {
      const versioned = (await this.#o.old.versioned?.(this.#o.signal)) ?? false;
      const detail = versioned ? 'versioning is, or was, on: earlier versions would stay behind' : 'it does';
      return { what, ok: !versioned, detail };
    } catch (thrown) {
      if (isFerryError(thrown, 'unsupported')) return { what, ok: true, detail: 'it knows of no versions' };
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      return { what, ok: false, detail: `it could not be asked (s3:GetBucketVersioning): ${why}` };
    }
  }

  async #forgotten(): Promise<Check> {
    const { touched, dirty } = await this.#o.bucket.counts();
    const ok = touched + dirty === 0;
    const detail = ok ? 'there are none' : 'a gateway forgets them within seconds';
    return { what: 'records of an earlier round are forgotten', ok, detail };
  }

  async #complete(): Promise<Check> {
    const copied = await readFact(this.#o.bucket, 'copied');
    const detail = copied ? `${copied.copied} objects` : '`status` shows how far the copy is';
    return { what: 'everything is copied', ok: copied !== undefined, detail };
  }

  async #notPaused(): Promise<Check> {
    const paused = (await readFact(this.#o.bucket, 'paused')) === true;
    return { what: 'the move does not rest', ok: !paused, detail: paused ? '`resume` it first' : 'it goes on' };
  }

  #writesBack(): Check {
    const { writeBack } = this.#o;
    const detail = writeBack
      ? 'old has every write that was acknowledged, but for the lag'
      : '`write_back` is off: old lacks what clients wrote since the switch';
    return { what: 'old is kept up to date', ok: writeBack, detail };
  }

  async #lag(): Promise<Check> {
    const { dirty } = await this.#o.bucket.counts();
    return { what: 'the lag is small', ok: dirty <= MOST_DIRTY, detail: `${dirty} keys are to be written back` };
  }

  async #equal(): Promise<Check> {
    const verified = await readFact(this.#o.bucket, 'verified');
    const ok = verified?.open === 0;
    const detail =
      verified === undefined ? 'nothing was compared' : `${verified.objects} objects compared, ${verified.open} differ`;
    return { what: 'both sides were found equal', ok, detail };
  }
}

/** When each step can be taken. */
const WHEN: Readonly<Record<Step, string>> = {
  start: 'only a move that is created, or was rolled back, is started',
  switch: 'only what is tracking is switched',
  verify: 'only what is migrating, with everything copied, is compared',
  rollback: 'only what was switched and is not final is rolled back',
  finalise: 'only what is migrated is made final',
};
