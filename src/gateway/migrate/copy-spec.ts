import type { BandwidthEntry, EndpointSpec, TaskSpec } from '../../model/task.ts';
import { MiB } from '../../model/units.ts';

/** How the bulk engine copies a bucket that clients use. */
export interface CopySettings {
  readonly concurrency: number | undefined;
  readonly bandwidth: readonly BandwidthEntry[];
}

/**
 * Everything clients can see arrives as it was: headers, user metadata, tags, and the ETag where its parts can be laid
 * out alike. Nothing is ever replaced. The time of modification is the new store's: kept as user metadata it would be
 * seen.
 */
export function copySpec(source: EndpointSpec, destination: EndpointSpec, settings: CopySettings): TaskSpec {
  return {
    type: 'copy',
    source,
    destination,
    filters: { include: [], exclude: [] },
    compare: 'always',
    deleteExtraneous: false,
    deleteGuard: true,
    createOnly: true,
    limits: { concurrency: settings.concurrency, bandwidth: settings.bandwidth },
    multipart: { threshold: 64 * MiB, partSize: 32 * MiB, keepEtag: true, parallelParts: 4 },
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
    attempts: 10,
    report: { evidence: 'none' },
  };
}
