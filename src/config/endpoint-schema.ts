import * as z from 'zod';

/** An endpoint in a file people write; its `options` are the driver's. */
export const endpoint = (what: string) =>
  z
    .strictObject({
      type: z.string().describe('Type of the store, as in task files.'),
      path: z.string().default('').describe('Prefix or directory inside the store.'),
      options: z.record(z.string(), z.unknown()).optional().describe('Options of the store type.'),
    })
    .describe(what);
