import { readFileSync } from 'node:fs';
import * as z from 'zod';

const MANIFEST = new URL('../../package.json', import.meta.url);

/** From package.json, which lies two folders up both of `src/cli` and of `dist/bin`. */
export const VERSION: string = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(MANIFEST, 'utf8'))).version;
