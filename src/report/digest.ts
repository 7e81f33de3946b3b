import { hash } from 'node:crypto';

/**
 * SHA-256 of a report without what it says about its evidence. The evidence's last record holds it, and the report holds
 * the hash of that record: neither can be changed without the other.
 */
export function reportDigest(report: object): string {
  return hash('sha256', JSON.stringify({ ...report, evidence: undefined }));
}
