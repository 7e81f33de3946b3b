// `npm run docs`: writes the reference and the JSON schema anew. A test fails where they are stale.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { referenceFiles } from './lib/reference.ts';

for (const [path, text] of referenceFiles()) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  console.log(`wrote ${path}`);
}
