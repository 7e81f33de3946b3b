import * as z from 'zod';
import { FerryError } from '../../model/errors.ts';
import { KiB } from '../../model/units.ts';
import type { StoreDriver } from '../../store/registry.ts';
import { GeneratedStore } from './store.ts';

const options = z.strictObject({
  count: z.int().min(0).max(1_000_000_000).default(1000).describe('Number of objects.'),
  shape: z.enum(['flat', 'tree']).default('flat').describe('Keys like hashes, or directories of files.'),
  seed: z.int().min(0).default(1).describe('Another seed, other keys and contents.'),
  max_size: z
    .int()
    .min(0)
    .max(1 << 20)
    .default(64 * KiB)
    .describe('Largest object, bytes.'),
  differ_every: z.int().min(0).default(0).describe('Every so many objects one has another content; 0 for none.'),
  missing_every: z.int().min(0).default(0).describe('Every so many objects one is not there; 0 for none.'),
  page_delay: z.int().min(0).default(0).describe('Milliseconds before a page of the listing is answered.'),
  discard: z.boolean().default(false).describe('Take writes and forget them.'),
});

/** Buckets that are computed, for rehearsals and benchmarks. */
export function generatedDriver(): StoreDriver {
  return {
    type: 'generated',
    aliases: [],
    summary: 'Objects that are computed, as many as you like; for rehearsals and benchmarks.',
    options,
    secrets: [],
    roles: { source: true, destination: true },
    async open(spec) {
      const parsed = options.safeParse(spec.options);
      if (!parsed.success) throw new FerryError('configuration', { message: z.prettifyError(parsed.error) });
      const given = parsed.data;
      return new GeneratedStore({
        count: given.count,
        shape: given.shape,
        seed: given.seed,
        maxSize: given.max_size,
        differEvery: given.differ_every,
        missingEvery: given.missing_every,
        pageDelay: given.page_delay,
        discard: given.discard,
      });
    },
  };
}
