/** What is written down of a bucket's move beside its phase. Times: milliseconds since the Unix epoch. */
import * as z from 'zod';
import type { MovingBucket } from '../../state/moving-bucket.ts';

export const FINDING_KINDS = ['missing', 'different', 'past the gateway', 'extra'] as const;

const finding = z.object({
  key: z.string(),
  kind: z.enum(FINDING_KINDS),
  repaired: z.boolean(),
});

const copied = z.object({
  at: z.number(),
  listed: z.number(),
  listedBytes: z.number(),
  copied: z.number(),
  copiedBytes: z.number(),
  /** New had them already: clients wrote them. */
  skipped: z.number(),
});

const verified = z.object({
  at: z.number(),
  objects: z.number(),
  bytes: z.number(),
  /** Objects clients changed since the switch: there is nothing to compare them with. */
  aside: z.number(),
  /** All differences; `findings` has the first. */
  found: z.number(),
  /** Not repaired. */
  open: z.number(),
  findings: z.array(finding).readonly(),
});

const problem = z.object({ at: z.number(), message: z.string() });

const measured = z.object({
  identity: z.string(),
  capabilities: z.object({
    writeIfAbsent: z.boolean(),
    verifiesMd5: z.boolean(),
    etag: z.enum(['md5', 'sampled', 'unknown', 'opaque', 'none']),
  }),
});

/**
 * - `finding`: `missing`: old has it, new did not, and no client deleted it. `different`: other bytes, though no client
 *   wrote it. `past the gateway`: old was changed after the switch by nobody who asked a gateway. `extra`: new has it,
 *   old does not, and no client wrote it.
 */
export type Finding = Readonly<z.output<typeof finding>>;
export type Copied = Readonly<z.output<typeof copied>>;
export type Verified = Readonly<z.output<typeof verified>>;
export type Problem = Readonly<z.output<typeof problem>>;

interface Facts {
  /** What the new side was found to do. */
  measured: z.output<typeof measured>;
  /** When mutations stopped going to old. */
  switched: number;
  /** An operator asked the copy to rest. */
  paused: boolean;
  /** Everything was copied. */
  copied: Copied;
  /** Of the last comparison. */
  verified: Verified;
  /** What stands in the way now. */
  problem: Problem;
}

export type FactName = keyof Facts;

const SCHEMAS: { readonly [Name in FactName]: z.ZodType<Facts[Name]> } = {
  measured,
  switched: z.number(),
  paused: z.boolean(),
  copied,
  verified,
  problem,
};

/** Undefined where it was not written down, or by another version in another form. */
export async function readFact<Name extends FactName>(
  bucket: Pick<MovingBucket, 'fact'>,
  name: Name,
): Promise<Facts[Name] | undefined> {
  return SCHEMAS[name].safeParse(await bucket.fact(name)).data;
}

export async function writeFact<Name extends FactName>(
  bucket: Pick<MovingBucket, 'setFact'>,
  name: Name,
  value: Facts[Name] | undefined,
): Promise<void> {
  await bucket.setFact(name, value);
}
