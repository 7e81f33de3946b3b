import type { TaskSpec } from '../../src/model/task.ts';
import { MiB } from '../../src/model/units.ts';

/** A task that copies everything from one store to another as task files do by default, but few things at once. */
export function copySpec(type: string): TaskSpec {
  return {
    type: 'copy',
    source: { type, path: '', options: {} },
    destination: { type, path: '', options: {} },
    filters: { include: [], exclude: [] },
    compare: 'auto',
    deleteExtraneous: false,
    deleteGuard: true,
    createOnly: false,
    limits: { bandwidth: [] },
    multipart: { threshold: 16 * MiB, partSize: 8 * MiB, keepEtag: true, parallelParts: 4 },
    fidelity: {
      metadata: 'keep',
      setMetadata: {},
      tags: 'keep',
      setTags: {},
      modified: false,
      storageClass: {},
      onLoss: 'report',
    },
    checkMd5: false,
    attempts: 3,
    report: { evidence: 'none' },
  };
}
