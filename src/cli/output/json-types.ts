import type { Counters } from '../../state/state-store.ts';

/** What `counters` count. */
export const COUNTERS: Readonly<Record<keyof Counters, string>> = {
  listed: 'objects the source lists',
  listedBytes: 'their bytes',
  destinationListed: 'entries the destination lists',
  compared: 'objects found on both sides',
  copied: 'objects copied',
  copiedBytes: 'their bytes',
  skipped: 'objects left as they are because the destination has them; of a verification those that are equal',
  skippedBytes: 'their bytes',
  deleted: 'objects removed from the destination',
  failed: 'objects that failed; `ferry failures` lists them',
  filtered: 'objects left out by filters',
  irregular: 'things that are no objects: links, sockets, pipes, devices',
  retried: 'objects that failed first and were dealt with when tried again',
};

/** The `type`s of JSON lines, for help and reference. A test holds the lines against it. */
export const JSON_TYPES: Readonly<Record<string, { readonly of: string; readonly fields: string }>> = {
  started: { of: 'run, failures --retry', fields: 'task, resumed, pass, source, destination' },
  progress: {
    of: 'run, verify, failures --retry',
    fields:
      'task, phase, counters, listingDone, elapsed, bytesMoved, rate, averageRate, eta, inFlight, concurrency, throttledBy, active, ranges; up to four times a second',
  },
  notice: { of: 'run, verify, plan', fields: 'message, remedy: something worth knowing' },
  difference: { of: 'verify', fields: 'key, kind, fields, source, destination, detail, repaired: one object differs' },
  irregular: { of: 'run, verify', fields: 'key, reason: something that is no object was left out' },
  failed: { of: 'run', fields: 'key, error: one object failed' },
  summary: {
    of: 'run, verify, failures --retry',
    fields: 'task, kind, outcome, counters, elapsed, bytesMoved, losses, report, proof, error',
  },
  plan: {
    of: 'plan',
    fields:
      'task, listed, copy, overwrite, skip, remove, fail, filtered, irregular, failures, losses, examples, estimate',
  },
  check: { of: 'check', fields: 'endpoint, name, ok, detail, error, milliseconds' },
  task: {
    of: 'status',
    fields:
      'name, state, kind, source, destination, passes, counters, createdAt, startedAt, endedAt, baseline, error, holder; of one task also failures, uploads',
  },
  failure: { of: 'failures', fields: 'task, key, operation, code, message, remedy, size, at, attempts' },
  'report-check': { of: 'verify --check-report', fields: 'task, evidence, sound, records, head, problems' },
  mirror: {
    of: 'mirror status',
    fields: 'bucket, rule, configured, hits, misses, absent, stored, bytes, failures, lastUse: one rule',
  },
  'warm-failure': { of: 'mirror warm', fields: 'key, reason: one object is not stored' },
  warm: { of: 'mirror warm', fields: 'bucket, keys, there, stored, missing, absent, failed, dryRun, interrupted' },
  migration: {
    of: 'migrate',
    fields:
      'name, tenant, epoch, phase, since, paused, members, inFlightOnOld, keys, writeBack, copy, copied, verified, problem, notices; `copy` has state, running, done, passes, counters, openRanges and the first 100 of these as `ranges`',
  },
  readiness: { of: 'migrate create, migrate --check', fields: 'what, ok, detail: one thing that has to hold' },
  token: { of: 'token', fields: 'id, name, role, createdAt, expiresAt; of a new one also token, this once' },
  version: { of: 'version', fields: 'ferry, node, platform, arch' },
  error: {
    of: 'every command, on standard error',
    fields: 'code, message, operation, store, key, status, retryable, causes, remedy: why the command failed',
  },
};
