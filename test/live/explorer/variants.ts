/** The real code with one rule broken each. What the rule is for shows in that every one of them is caught. */
import { ROUTING } from '../../../src/model/migration-phase.ts';
import type { Rules } from '../../../src/gateway/migrate/rules.ts';
import { MemoryMovingBucket } from '../../../src/state/memory/moving-bucket.ts';
import type { Claim, Intent, KeyLedger } from '../../../src/state/key-ledger.ts';
import type { Member } from '../../../src/state/moving-bucket.ts';
import type { Variant } from './scenario.ts';

const look = (broken: Rules['look']): Variant => ({ rules: { look: broken } });
const remove = (broken: Rules['remove']): Variant => ({ rules: { remove: broken } });

export const VARIANTS = {
  'fallback without reading the record': look(
    async ({ old, new: next }, _key, { ask }) => (await ask(next)) ?? (await ask(old)),
  ),

  'the record is read before old instead of after': look(async ({ old, new: next, keys }, key, { ask }) => {
    const current = await ask(next);
    if (current !== undefined) return current;
    return (await keys.isTouched(key)) ? await ask(next) : await ask(old);
  }),

  'no second look at new once touched': look(async ({ old, new: next, keys }, key, { ask }) => {
    const current = await ask(next);
    if (current !== undefined) return current;
    const earlier = await ask(old);
    return (await keys.isTouched(key)) ? undefined : earlier;
  }),

  'delete in new before the record': remove(async ({ new: next, keys }, key, signal) => {
    if (await keys.isTouched(key)) return await next.remove(key, signal);
    await using intent = await keys.intend(key, signal);
    await next.remove(key, signal);
    await intent.touch();
  }),

  'a delete removes from new what it did not see there': remove(async ({ new: next, keys }, key, signal) => {
    if (!(await keys.isTouched(key))) {
      await using intent = await keys.intend(key, signal);
      await next.stat(key, signal);
      await intent.touch();
    }
    await next.remove(key, signal);
  }),

  'no intent: a copy may run under a delete': {
    keys: (keys, { tables }) => ({
      ...bound(keys),
      intend: async (key): Promise<Intent> => ({ ...NOTHING, touch: async () => void tables.touched.add(key) }),
    }),
  },

  'claims are not exclusive': {
    keys: (keys, { tables }) => ({
      ...bound(keys),
      claim: async (key): Promise<Claim> => ({
        ...NOTHING,
        touched: tables.touched.has(key),
        completing: undefined,
        touch: async () => void tables.touched.add(key),
        setCompleting: async () => undefined,
      }),
    }),
  },

  'the copy ignores the record': {
    backfill: async ({ carrier, sure }) => void (await carrier.carry('k', 'new', 'create', { sure })),
  },

  'the copy overwrites': {
    carrier: (_old, _new, carrier) => ({
      createOnly: true,
      carry: (key, to, _how, options) => carrier.carry(key, to, 'replace', options),
    }),
  },

  'an early upload is completed in sight of readers': {
    rules: {
      completeLate: async ({ old, carrier, sure }, upload, parts, options, signal) => {
        await old.multipart!.complete(upload, parts, options, signal);
        await carrier.carry(upload.key, 'new', 'replace', { sure, signal });
        return {};
      },
    },
  },

  'an early upload lets go of the key before it has ended': {
    rules: {
      completeLate: async (sides, upload, parts, _options, signal) => {
        {
          await using claim = await sides.keys.claim(upload.key, signal);
          if (!claim.touched) await sides.carrier.carry(upload.key, 'new', 'create', sides);
          await claim.touch();
        }
        await sides.old.multipart!.complete(upload, parts, {}, signal);
        await sides.carrier.carry(upload.key, 'new', 'replace', { sure: sides.sure, signal });
        return {};
      },
    },
  },

  'the switch without a hold': { routing: { switching: { reads: 'both', mutations: 'recorded' } } },

  'a gateway that holds reads only old': { routing: { switching: { reads: 'old', mutations: 'held' } } },

  'the copy does not wait for what is in flight on old': {
    bucket: class extends MemoryMovingBucket {
      override mutatedOnOld(): boolean {
        return false;
      }
      override unaccounted(): number {
        return 0;
      }
    },
  },

  'writes to new are not recorded': {
    keys: (keys) => ({ ...bound(keys), beginWrite: async () => NOTHING }),
  },

  'a write is recorded only when it has ended': {
    keys: (keys) => ({
      ...bound(keys),
      beginWrite: async (key) => ({
        ...NOTHING,
        [Symbol.asyncDispose]: async () => await (await keys.beginWrite(key))[Symbol.asyncDispose](),
      }),
    }),
  },

  'write-back settles what was written since': {
    keys: (keys, { tables }) => ({
      ...bound(keys),
      settle: async ({ key }) => {
        for (const dirty of tables.dirty(undefined, 10)) if (dirty.key === key) return await keys.settle(dirty);
        return false;
      },
    }),
  },

  'write-back takes no claim': {
    writeBack: async ({ old, keys, carrier, sure }, dirty) => {
      const { outcome } = await carrier.carry(dirty.key, 'old', 'replace', { sure });
      if (outcome === 'nothing' && (await keys.isTouched(dirty.key))) await old.remove(dirty.key);
      await keys.settle(dirty);
    },
  },

  'gateways go back to old while others still read new': {
    routing: { returning: ROUTING['rolled-back'] },
  },

  'what a dead process held is given to others at once': {
    bucket: class extends MemoryMovingBucket {
      override lingersUntil(member: string): number {
        return super.lingersUntil(member) - this.options.linger;
      }
    },
  },

  'promotion goes on until the move is final': {
    routing: { migrated: { reads: 'new', mutations: 'recorded', promotes: true } },
  },

  'a gateway does not notice that it was stopped': {
    bucket: class extends MemoryMovingBucket {
      override async join(name: string): Promise<Member> {
        const member = await super.join(name);
        member.isLive = () => true;
        return member;
      }
    },
  },

  'no promotion before what depends on the object': {
    rules: { promote: async () => undefined },
  },

  'a listing reads no record': {
    keys: (keys) => ({ ...bound(keys), touchedAmong: async () => new Set<string>() }),
  },
} satisfies Readonly<Record<string, Variant>>;

const NOTHING = { inDoubt: (): void => undefined, [Symbol.asyncDispose]: async (): Promise<void> => undefined };

/** All methods of a ledger as own properties. */
function bound(keys: KeyLedger): KeyLedger {
  return {
    isTouched: (key) => keys.isTouched(key),
    touchedAmong: (among) => keys.touchedAmong(among),
    touchedBelow: (prefixes) => keys.touchedBelow(prefixes),
    intend: (key, signal) => keys.intend(key, signal),
    claim: (key, signal) => keys.claim(key, signal),
    tryClaim: (key) => keys.tryClaim(key),
    recordUpload: (uploadId) => keys.recordUpload(uploadId),
    isNewUpload: (uploadId) => keys.isNewUpload(uploadId),
    beginCarrying: (upload) => keys.beginCarrying(upload),
    endCarrying: (upload) => keys.endCarrying(upload),
    beginWrite: (key) => keys.beginWrite(key),
    dirty: (after, limit) => keys.dirty(after, limit),
    dirtyAmong: (among) => keys.dirtyAmong(among),
    settle: (dirty) => keys.settle(dirty),
    counts: () => keys.counts(),
    clear: () => keys.clear(),
  };
}
