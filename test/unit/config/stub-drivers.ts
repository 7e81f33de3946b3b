/** Drivers that only check options: what the loader needs of a registry. */
import { z, type ZodType } from 'zod';
import { StoreRegistry, type StoreDriver } from '../../../src/store/registry.ts';

function stub(type: string, options: ZodType<Record<string, unknown>>, more: Partial<StoreDriver> = {}): StoreDriver {
  return {
    type,
    aliases: [],
    summary: `The ${type} store.`,
    options,
    secrets: [],
    roles: { source: true, destination: true },
    open: () => Promise.reject(new Error('a stub opens nothing')),
    ...more,
  };
}

export const stubRegistry = new StoreRegistry([
  stub('file', z.strictObject({ enable_link_follow: z.boolean().optional() }), { aliases: ['fs'] }),
  stub(
    's3',
    // Not strict: unknown keys are to be found all the same.
    z.object({
      bucket_name: z.string().describe('Bucket.'),
      access_key_id: z.string().optional(),
      secret_access_key: z.string().optional(),
      path_style: z.boolean().default(false),
      timeout_config: z.object({ connect_timeout: z.number().optional() }).optional(),
      port: z.int().min(1).max(65_535).optional(),
    }),
    { secrets: ['secret_access_key'] },
  ),
  stub('filelist', z.strictObject({ list_path: z.string() }), { roles: { source: true, destination: false } }),
]);
